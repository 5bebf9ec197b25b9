// bench-lines: what source lines cost, and whether they are right. The index of a debug file is
// built, its size and look-ups measured; llvm-symbolizer and GNU addr2line answer a part of the
// same addresses in the same run. At all of them the chain of inlined functions is compared with
// what LLVM and elfutils agree on (GNU addr2line is wrong on tracepoints): function, file and line;
// where it differs, both are listed on stderr. Oracles cannot tell a module's sections apart, so
// they get a copy that ld has linked, each section at an address of its own.
#include <fmt/format.h>

#include <unistd.h>

#include <ctime>
#include <filesystem>
#include <fstream>
#include <random>
#include <sstream>

#include "cli/finish.hh"
#include "user/base/memory_file.hh"
#include "user/bench/results.hh"
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

// "function file:line" of each frame, innermost first.
using Chain = std::vector<std::string>;

std::string frame_text(std::string_view function, std::string_view file, long line) {
  // Both oracles prefer the symbol's name, which may have a suffix: "foo.isra.0"; and they leave
  // "fs/./x.c" and "fs/a/../x.c" as the compiler wrote them.
  auto path = std::filesystem::path(file).lexically_normal().native();
  return fmt::format("{} {}:{}", function.substr(0, function.find('.')), lines::in_tree(path),
                     line);
}

std::string frame_text(const std::string& function, const std::string& place) {
  auto colon = place.find(':', place.rfind('/') == place.npos ? 0 : place.rfind('/'));
  auto line = colon == place.npos ? 0 : std::atol(place.c_str() + colon + 1);
  if (line == 0 && place.starts_with("??")) return "";
  return frame_text(function, std::string_view(place).substr(0, colon), line);
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

// A place in the code: what the oracles are asked, and where that is in a module.
struct Spot {
  std::uint64_t address;
  std::string section;  // empty: of vmlinux
  std::uint64_t offset;
};

struct Bench {
  Context context;
  std::string object, debug;  // "vmlinux", "ext4"; the file that the oracles are asked about
  const SourceIndex& index;
  std::vector<Spot> spots;

  void print(const Measure& measure) const { fmt::print("{}\n", to_json(context, measure).dump()); }

  // The output of a tool that takes addresses as arguments.
  Outcome<std::string> ask(std::vector<std::string> argv, std::size_t count) const {
    for (std::size_t i = 0; i < count; ++i) argv.push_back(fmt::format("{:#x}", spots[i].address));
    auto ran = TRY(run_process({.argv = argv, .directory = {}, .environment = {}}));
    return ran.out;
  }

  Chain ours(const Spot& spot) const {
    Chain chain;
    auto frames =
        spot.section.empty() ? index.find(spot.address) : index.find(spot.section, spot.offset);
    for (const auto& frame : frames)
      chain.push_back(frame_text(frame.function, frame.file, static_cast<long>(frame.line)));
    return chain;
  }
};

constexpr std::uint64_t kSpread = 16 << 20;  // between a module's sections, as they are linked

// `count` places, as likely in any byte of the code.
std::vector<Spot> sample(const DebugFile& file, std::size_t count, bool module) {
  std::uint64_t total = 0;
  for (const auto& section : file.code()) total += section.size;
  std::mt19937_64 random(1);
  std::vector<Spot> spots;
  while (spots.size() < count) {
    auto at = random() % total;
    auto base = kSpread;
    for (const auto& section : file.code()) {
      if (at < section.size) {
        if (module) spots.push_back({base + at, std::string(section.name), at});
        if (!module) spots.push_back({section.address + at, {}, at});
        break;
      }
      at -= section.size, base += kSpread;
    }
  }
  return spots;
}

// The module, linked as sample() has it.
Outcome<Nothing> link_module(const DebugFile& file, const std::filesystem::path& output) {
  auto script = TRY(MemoryFile::create());
  std::ofstream text(script.path());
  text << "SECTIONS {\n";
  auto base = kSpread;
  for (const auto& section : file.code()) {
    text << fmt::format("  . = {0:#x}; {1} : {{ *({1}) }}\n", base, section.name);
    base += kSpread;
  }
  text << "}\n";
  text.close();
  auto seen = fmt::format("/proc/{}/fd/{}", getpid(), script.path().filename().native());
  TRY(output_of({.argv = {"ld", "--unresolved-symbols=ignore-all", "--no-warn-rwx-segments", "-T",
                          seen, "-o", output, file.source()},
                 .directory = {},
                 .environment = {}}));
  return ok;
}

void measure_find(const Bench& bench) {
  Measure bare{"user", "find", "time", "us", {{"batch", kBatch}}, {}};
  Measure text{"user", "find, as text", "time", "us", {{"batch", kBatch}}, {}};
  lines::Frames frames;
  std::size_t sum = 0;
  auto batch = std::min(kBatch, bench.spots.size());
  for (std::size_t repeat = 0; repeat < kRepeats; ++repeat) {
    auto start = now();
    for (std::size_t i = 0; i < batch; ++i)
      if (bench.index.index().find(bench.spots[i].address, frames)) sum += frames.count;
    auto middle = now();
    for (std::size_t i = 0; i < batch; ++i) sum += bench.index.find(bench.spots[i].address).size();
    bare.samples.push_back((middle - start) / static_cast<double>(batch) * 1e6);
    text.samples.push_back((now() - middle) / static_cast<double>(batch) * 1e6);
  }
  if (sum == 0) fmt::print(stderr, "bench-lines: no look-up found anything\n");
  bench.print(bare);
  bench.print(text);
}

Outcome<Nothing> measure_peer(const Bench& bench, const std::string& name,
                              std::vector<std::string> argv) {
  auto count = std::min(kPeerAddresses, bench.spots.size());
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
  for (std::size_t at = 0; at < bench.spots.size(); at += kPart) {
    auto part = bench;
    auto end = std::min(at + kPart, bench.spots.size());
    part.spots.assign(bench.spots.begin() + static_cast<std::ptrdiff_t>(at),
                      bench.spots.begin() + static_cast<std::ptrdiff_t>(end));
    auto llvm = chains_in(TRY(part.ask({"llvm-symbolizer", "-e", bench.debug}, end - at)));
    auto elfutils =
        chains_in(TRY(part.ask({"eu-addr2line", "-a", "-i", "-f", "-e", bench.debug}, end - at)));
    if (llvm.size() != end - at || elfutils.size() != end - at)
      return Failure{fmt::format("an oracle answered {} and {} of {} addresses", llvm.size(),
                                 elfutils.size(), end - at)};
    for (std::size_t i = 0; i < end - at; ++i) {
      if (llvm[i] != elfutils[i]) continue;
      auto ours = bench.ours(part.spots[i]);
      // Where DWARF names no function (assembler), the oracles show the symbol.
      if (!ours.empty() && !llvm[i].empty() && ours.back().starts_with(" "))
        ours.back() = llvm[i].back();
      ++agreed;
      same += ours == llvm[i];
      if (ours != llvm[i])
        fmt::print(stderr, "{} {:#x}: ours {} theirs {}\n", part.spots[i].section,
                   part.spots[i].offset, fmt::join(ours, " < "), fmt::join(llvm[i], " < "));
    }
  }
  auto per_cent = agreed == 0 ? 0 : 100.0 * static_cast<double>(same) / static_cast<double>(agreed);
  bench.print({"user",
               "same as LLVM and elfutils",
               "exactness",
               "%",
               {{"object", bench.object},
                {"addresses", bench.spots.size()},
                {"agreed", agreed},
                {"same", same}},
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
  Bench bench{context, "vmlinux", debug, index, sample(file, addresses, false)};
  measure_find(bench);
  if (!peers) return ok;
  TRY(measure_peer(bench, "llvm-symbolizer", {"llvm-symbolizer", "-e", debug}));
  TRY(measure_peer(bench, "addr2line", {"addr2line", "-i", "-f", "-e", debug}));
  return compare(bench);
}

// A module's lines are only compared.
Outcome<Nothing> run_module(const std::string& debug, std::size_t addresses, Context context) {
  auto file = TRY(DebugFile::open(debug));
  context.build_id = file.build_id();
  auto target = TRY(MemoryFile::create());
  TRY(lines::build_index_file(file, target.path()));
  auto index = TRY(SourceIndex::open(target.path()));
  auto name = std::filesystem::path(debug).stem().native();
  auto linked =
      std::filesystem::temp_directory_path() / fmt::format("bench-lines-{}-{}", getpid(), name);
  auto made = link_module(file, linked);
  auto compared =
      made ? compare({context, name, linked, index, sample(file, addresses, true)}) : made;
  std::error_code error;
  std::filesystem::remove(linked, error);
  return compared;
}

}  // namespace
}  // namespace ringside::bench

int main(int argc, char** argv) {
  ringside::cli::App app{"What source lines of a debug file cost, and whether they are right.",
                         "bench-lines"};
  std::string debug, kernel;
  std::vector<std::string> modules;
  std::size_t addresses = 20'000;
  bool alone = false;
  app.add_option("debug", debug, "a linked file with debug information: vmlinux")->required();
  app.add_option("--kernel", kernel, "its release, for the results");
  app.add_option("--addresses", addresses, "how many of vmlinux are compared");
  app.add_option("--module", modules, "a module, a fifth as many places of which are compared, too")
      ->allow_extra_args(false);
  app.add_flag("--alone", alone, "without the peers and oracles");
  return ringside::cli::finish(app, argc, argv, [&]() -> ringside::Outcome<ringside::Nothing> {
    auto context = ringside::bench::this_context("oops", argc, argv);
    context.kernel = kernel;
    TRY(ringside::bench::run(debug, addresses, !alone, context));
    for (const auto& module : modules)
      if (!alone) TRY(ringside::bench::run_module(module, addresses / 5, context));
    return ringside::ok;
  });
}
