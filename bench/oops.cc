// bench-oops: what it costs to find and decode reports. The log is made here: ordinary lines, or
// invented reports of 45 lines one after the other. "read" is the core alone, on text in memory;
// "text" and "json" are the whole of `ringside oops` but its output file, with one thread.
#include <fcntl.h>
#include <fmt/format.h>

#include <ctime>
#include <fstream>

#include "core/oops/reader.hh"
#include "user/base/memory_file.hh"
#include "user/base/unique_fd.hh"
#include "user/bench/results.hh"
#include "user/oops/print.hh"
#include "user/oops/stream.hh"

namespace ringside::bench {
namespace {

constexpr int kRepeats = 5, kReports = 4000, kLines = 400'000;

double cpu_seconds() {
  timespec time{};
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time);
  return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_nsec) * 1e-9;
}

std::string ordinary_log() {
  std::string text;
  for (int line = 0; line < kLines; ++line)
    text +=
        fmt::format("[{:5}.{:06}] usb 1-{}: new high-speed USB device number {} using xhci_hcd\n",
                    line / 100, line % 100, line % 7, line);
  return text;
}

std::string report(int number) {
  std::string text;
  auto say = [&](const std::string& message) {
    text += fmt::format("[{:5}.000001] {}\n", number, message);
  };
  say("BUG: kernel NULL pointer dereference, address: 0000000000000018");
  say("#PF: supervisor read access in kernel mode");
  say("Oops: 0000 [#1] PREEMPT SMP NOPTI");
  say(fmt::format("CPU: 1 PID: {} Comm: acmed Tainted: G        W  O       6.9.1-acme #7", number));
  say("Hardware name: Acme Anvil/X1, BIOS 1.0 01/01/2024");
  say(fmt::format("RIP: 0010:acme_start_{}+0x1c/0x80 [acme]", number % 50));
  say("Code: 0f 1f 44 00 00 48 89 df e8 13 00 00 00 48 85 c0 <48> 8b 40 18 c3 90 90 90");
  for (int line = 0; line < 6; ++line)
    say("RAX: 0000000000000000 RBX: ffff888004567800 RCX: 0000000000000000");
  say("Call Trace:");
  say(" <TASK>");
  for (int line = 0; line < 24; ++line)
    say(fmt::format(" {}acme_call_{}+0x{:x}/0x200{}", line % 3 ? "" : "? ", line, line * 5 + 1,
                    line % 5 ? "" : " [acme]"));
  say("RIP: 0033:0x7f0011223344");
  say(" </TASK>");
  say("Modules linked in: acme(OE) anvil hammer tongs soundcore snd usbcore xhci_hcd ext4 jbd2");
  say("---[ end trace 0000000000000000 ]---");
  return text;
}

std::string reports_log() {
  std::string text;
  for (int each = 0; each < kReports; ++each) text += report(each);
  return text;
}

// CPU seconds of the core alone.
double read_core(const std::string& text) {
  static std::vector<std::byte> memory(8 << 20);
  Arena arena(memory);
  auto reader = oops::Reader::open(arena);
  bool rejected = false;
  auto start = cpu_seconds();
  for (std::size_t at = 0; at < text.size();) {
    auto end = std::min(text.find('\n', at), text.size());
    (void)reader->feed(std::string_view(text).substr(at, end - at));
    while (reader->closed(rejected) != nullptr) continue;
    at = end + 1;
  }
  return cpu_seconds() - start;
}

enum class Form { kText, kJson };

// CPU seconds of all: reading a file, finding, decoding, printing to memory.
double decode_all(const MemoryFile& file, Form form) {
  oops::Decoder decoder([](const std::string& release) -> Outcome<oops::KernelFiles> {
    return Failure{release + ": not on this machine"};
  });
  std::size_t size = 0;
  auto start = cpu_seconds();
  auto stream =
      oops::Stream::open({[&](std::string_view text, const auto&) { size += text.size(); },
                          [&](const oops::Found& found) {
                            auto decoded = decoder.decode(found.report());
                            size += (form == Form::kJson ? print_json(found, decoded)
                                                         : print_text(found, decoded, false))
                                        .size();
                          }});
  UniqueFd fd(::open(file.path().c_str(), O_RDONLY | O_CLOEXEC));
  (void)stream->read(fd.get(), "log", [] {});
  return size > 0 ? cpu_seconds() - start : 0;
}

void print(const Context& context, const char* operation, const char* unit, double amount,
           const std::vector<double>& seconds) {
  Measure measure{"user", operation, "cpu", unit, nlohmann::json::object(), {}};
  for (auto each : seconds) measure.samples.push_back(amount / each);
  fmt::print("{}\n", to_json(context, measure).dump());
}

template <class Once>
std::vector<double> repeat(Once once) {
  std::vector<double> seconds;
  for (int each = 0; each < kRepeats; ++each) seconds.push_back(once());
  return seconds;
}

Outcome<Nothing> run(const Context& context) {
  auto plain = ordinary_log(), reports = reports_log();
  auto megabytes = [](const std::string& text) { return static_cast<double>(text.size()) / 1e6; };
  print(context, "read ordinary lines", "MB/s", megabytes(plain),
        repeat([&] { return read_core(plain); }));
  print(context, "read reports", "MB/s", megabytes(reports),
        repeat([&] { return read_core(reports); }));
  auto file = TRY(MemoryFile::create());
  std::ofstream(file.path(), std::ios::binary) << reports;
  print(context, "decode to text", "reports/s", kReports,
        repeat([&] { return decode_all(file, Form::kText); }));
  print(context, "decode to JSON", "reports/s", kReports,
        repeat([&] { return decode_all(file, Form::kJson); }));
  return ok;
}

}  // namespace
}  // namespace ringside::bench

int main(int argc, char** argv) {
  auto context = ringside::bench::this_context("oops", argc, argv);
  name_running_kernel(context);
  auto done = ringside::bench::run(context);
  if (!done) fmt::print(stderr, "bench-oops: {}\n", done.error().message);
  return done ? 0 : done.error().status;
}
