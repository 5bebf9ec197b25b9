// bench-lines: what source lines cost, and whether they are right. The index of a debug file is
// built, its size and look-ups measured; llvm-symbolizer and GNU addr2line answer a part of the
// same addresses in the same run. At all of them the chain of inlined functions is compared with
// what LLVM and elfutils agree on (GNU addr2line is wrong on tracepoints); where it differs, both
// are listed on stderr.
#include <fmt/format.h>

#include <ctime>
#include <fstream>
#include <random>
#include <sstream>

#include "bench/results.hh"
#include "cli/finish.hh"
#include "user/base/memory_file.hh"
#include "user/lines/source_index.hh"
#include "user/process/process.hh"

namespace ringside::bench {
namespace {

using lines::DebugFile;
using lines::SourceIndex;

constexpr std::size_t kBatch = 10'000, kRepeats = 9, kPeerAddresses = 200;
constexpr int kBuilds = 3;
const auto kNoParameters = nlohmann::json::object();

double now(clockid_t clock = CLOCK_MONOTONIC) {
  timespec time{};
  clock_gettime(clock, &time);
  return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_nsec) * 1e-9;
}

// "function line" of each frame, innermost first.
using Chain = std::vector<std::string>;

std::string frame_text(std::string_view function, long line) {
  // Both oracles prefer the symbol's name, which may have a suffix: "foo.isra.0".
  return fmt::format("{} {}", function.substr(0, function.find('.')), line);
}

std::string frame_text(const std::string& function, const std::string& place) {
  auto colon = place.find(':', place.rfind('/') == place.npos ? 0 : place.rfind('/'));
  auto line = colon == place.npos ? 0 : std::atol(place.c_str() + colon + 1);
  return line == 0 && place.starts_with("??") ? "" : frame_text(function, line);
}

// Both tools print two lines a frame; an address ends with an empty line (LLVM), or begins with one
// that holds it (elfutils).
std::vector<Chain> chains_in(const std::string& text) {
  std::vector<Chain> chains;
  std::istringstream lines(text);
  bool fresh = true;
  for (std::string line, place; std::getline(lines, line);) {
    bool separator = line.empty() || line.starts_with("0x");
    if (separator || fresh) chains.emplace_back();
    fresh = line.empty();
    if (line.empty()) chains.pop_back();
    if (separator) continue;
    std::getline(lines, place);
    line.resize(std::min(line.size(), line.find(" inlined at ")));
    auto frame = frame_text(line, place);
    if (!frame.empty()) chains.back().push_back(frame);
  }
  return chains;
}

struct Bench {
  Context context;
  std::string debug;
  const SourceIndex& index;
  std::vector<std::uint64_t> addresses;

  void print(const Measure& measure) const { fmt::print("{}\n", to_json(context, measure).dump()); }

  // The output of a tool that takes addresses as arguments.
  Outcome<std::string> ask(std::vector<std::string> argv, std::size_t count) const {
    for (std::size_t i = 0; i < count; ++i) argv.push_back(fmt::format("{:#x}", addresses[i]));
    auto ran = TRY(run_process({.argv = argv, .directory = {}, .environment = {}}));
    return ran.out;
  }

  Chain ours(std::uint64_t address) const {
    Chain chain;
    for (const auto& frame : index.find(address))
      chain.push_back(frame_text(frame.function, static_cast<long>(frame.line)));
    return chain;
  }
};

std::vector<std::uint64_t> sample(const DebugFile& file, std::size_t count) {
  std::uint64_t total = 0;
  for (const auto& section : file.code()) total += section.size;
  std::mt19937_64 random(1);
  std::vector<std::uint64_t> addresses;
  while (addresses.size() < count) {
    auto at = random() % total;
    for (const auto& section : file.code()) {
      if (at < section.size) {
        addresses.push_back(section.address + at);
        break;
      }
      at -= section.size;
    }
  }
  return addresses;
}

void measure_find(const Bench& bench) {
  Measure bare{"user", "find", "time", "us", {{"batch", kBatch}}, {}};
  Measure text{"user", "find, as text", "time", "us", {{"batch", kBatch}}, {}};
  lines::Frames frames;
  std::size_t sum = 0;
  auto batch = std::min(kBatch, bench.addresses.size());
  for (std::size_t repeat = 0; repeat < kRepeats; ++repeat) {
    auto start = now();
    for (std::size_t i = 0; i < batch; ++i)
      if (bench.index.index().find(bench.addresses[i], frames)) sum += frames.count;
    auto middle = now();
    for (std::size_t i = 0; i < batch; ++i) sum += bench.index.find(bench.addresses[i]).size();
    bare.samples.push_back((middle - start) / static_cast<double>(batch) * 1e6);
    text.samples.push_back((now() - middle) / static_cast<double>(batch) * 1e6);
  }
  if (sum == 0) fmt::print(stderr, "bench-lines: no look-up found anything\n");
  bench.print(bare);
  bench.print(text);
}

Outcome<Nothing> measure_peer(const Bench& bench, const std::string& name,
                              std::vector<std::string> argv) {
  auto count = std::min(kPeerAddresses, bench.addresses.size());
  auto start = now();
  TRY(bench.ask(argv, 1));
  auto first = now();
  TRY(bench.ask(argv, count));
  auto each = (now() - first - (first - start)) / static_cast<double>(count - 1) * 1e6;
  bench.print(
      {"user", "first address", "time", "ms", kNoParameters, {(first - start) * 1e3}, name});
  bench.print({"user", "find, as text", "time", "us", {{"batch", count}}, {each}, name});
  return ok;
}

// In parts, so that no tool's argument list or output becomes too long.
Outcome<Nothing> compare(const Bench& bench) {
  constexpr std::size_t kPart = 2000;
  std::size_t agreed = 0, same = 0;
  for (std::size_t at = 0; at < bench.addresses.size(); at += kPart) {
    auto part = bench;
    auto end = std::min(at + kPart, bench.addresses.size());
    part.addresses.assign(bench.addresses.begin() + static_cast<std::ptrdiff_t>(at),
                          bench.addresses.begin() + static_cast<std::ptrdiff_t>(end));
    auto llvm = chains_in(TRY(part.ask({"llvm-symbolizer", "-e", bench.debug}, end - at)));
    auto elfutils =
        chains_in(TRY(part.ask({"eu-addr2line", "-a", "-i", "-f", "-e", bench.debug}, end - at)));
    if (llvm.size() != end - at || elfutils.size() != end - at)
      return Failure{fmt::format("an oracle answered {} and {} of {} addresses", llvm.size(),
                                 elfutils.size(), end - at)};
    for (std::size_t i = 0; i < end - at; ++i) {
      if (llvm[i] != elfutils[i]) continue;
      auto ours = bench.ours(part.addresses[i]);
      // Where DWARF names no function (assembler), the oracles show the symbol.
      if (!ours.empty() && !llvm[i].empty() && ours.back().starts_with(" "))
        ours.back() = llvm[i].back();
      ++agreed;
      same += ours == llvm[i];
      if (ours != llvm[i])
        fmt::print(stderr, "{:#x}: ours {} theirs {}\n", part.addresses[i], fmt::join(ours, " < "),
                   fmt::join(llvm[i], " < "));
    }
  }
  auto per_cent = agreed == 0 ? 0 : 100.0 * static_cast<double>(same) / static_cast<double>(agreed);
  bench.print({"user",
               "same as LLVM and elfutils",
               "exactness",
               "%",
               {{"addresses", bench.addresses.size()}, {"agreed", agreed}, {"same", same}},
               {per_cent}});
  return ok;
}

Outcome<SourceIndex> build(const DebugFile& file, const Context& context) {
  auto target = TRY(MemoryFile::create());
  Measure wall{"user", "build", "time", "s", kNoParameters, {}};
  Measure cpu{"user", "build, all threads", "processor time", "s", kNoParameters, {}};
  Measure size{"either", "index with inlines", "size", "bytes", kNoParameters, {}};
  for (int repeat = 0; repeat < kBuilds; ++repeat) {
    auto start = now(), start_cpu = now(CLOCK_PROCESS_CPUTIME_ID);
    auto built = TRY(lines::build_index_file(file, target.path()));
    wall.samples.push_back(now() - start);
    cpu.samples.push_back(now(CLOCK_PROCESS_CPUTIME_ID) - start_cpu);
    size.samples = {static_cast<double>(built.bytes)};
    size.parameters = {{"units", built.units}, {"skipped", built.skipped}};
  }
  for (const auto& measure : {wall, cpu, size})
    fmt::print("{}\n", to_json(context, measure).dump());
  return SourceIndex::open(target.path());
}

Outcome<Nothing> run(const std::string& debug, std::size_t addresses, bool peers, Context context) {
  auto file = TRY(DebugFile::open(debug));
  context.build_id = file.build_id();
  auto index = TRY(build(file, context));
  Bench bench{context, debug, index, sample(file, addresses)};
  measure_find(bench);
  if (!peers) return ok;
  TRY(measure_peer(bench, "llvm-symbolizer", {"llvm-symbolizer", "-e", debug}));
  TRY(measure_peer(bench, "addr2line", {"addr2line", "-i", "-f", "-e", debug}));
  return compare(bench);
}

}  // namespace
}  // namespace ringside::bench

int main(int argc, char** argv) {
  ringside::cli::App app{"What source lines of a debug file cost, and whether they are right.",
                         "bench-lines"};
  std::string debug, kernel;
  std::size_t addresses = 20'000;
  bool alone = false;
  app.add_option("debug", debug, "a linked file with debug information: vmlinux")->required();
  app.add_option("--kernel", kernel, "its release, for the results");
  app.add_option("--addresses", addresses, "how many are compared");
  app.add_flag("--alone", alone, "without the peers and oracles");
  return ringside::cli::finish(app, argc, argv, [&] {
    auto context = ringside::bench::this_context("oops", argc, argv);
    context.kernel = kernel;
    return ringside::bench::run(debug, addresses, !alone, context);
  });
}
