// Any bytes as a log. The reader must take every line in its turn, stay within its room, and give
// out reports whose views lie in the input; what it says must bear being asked for a verdict.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string_view>
#include <vector>

#include "core/oops/code.hh"
#include "core/oops/reader.hh"
#include "core/oops/verdict.hh"

using namespace ringside;
using namespace ringside::oops;

static void inside(std::string_view view, std::string_view input) {
  if (view.empty()) return;
  if (view.data() < input.data() || view.data() + view.size() > input.data() + input.size())
    std::abort();
}

static void exercise(const Report& report, std::string_view input, std::uint64_t lines) {
  if (report.last_line >= lines || report.first_line > report.last_line) std::abort();
  for (const auto& frame : report.frames()) {
    inside(frame.text, input);
    inside(frame.symbol, input);
    inside(frame.module, input);
    inside(frame.source, input);
    if (report.first_line + frame.line > report.last_line) std::abort();
    if (frame.trace >= kReportTraces) std::abort();
  }
  for (const auto& module : report.modules()) inside(module.name, input);
  for (const auto& each : report.registers()) inside(each.value, input);
  for (auto text : {report.headline, report.panic, report.release, report.comm, report.hardware,
                    report.workqueue, report.bug_at, report.taint, report.build_id})
    inside(text, input);
  auto code = read_code(report);
  if (code.size > kCodeBytes || (code.marked && code.fault >= code.size)) std::abort();
  const auto* culprit = culprit_of(report);
  if (culprit != nullptr &&
      (culprit < report.frames().data() || culprit >= report.frames().data() + report.frame_count))
    std::abort();
  (void)fingerprint_of(report);
}

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static std::vector<std::byte> memory(8 << 20);
  Arena arena(memory);
  auto reader = Reader::open(arena);
  if (!reader) std::abort();
  std::string_view input(reinterpret_cast<const char*>(data), size);
  std::uint32_t last = 0;
  bool rejected = false;
  auto collect = [&] {
    while (const auto* report = reader->closed(rejected)) {
      exercise(*report, input, reader->lines());
      last = report->id > last ? report->id : last;
    }
  };
  for (std::size_t at = 0; at < size;) {
    auto end = input.find('\n', at);
    if (end == input.npos) end = size;
    (void)reader->feed(input.substr(at, end - at));
    collect();
    at = end + 1;
  }
  reader->finish();
  collect();
  if (reader->oldest() != reader->lines()) std::abort();
  return 0;
}
