// bench-modules: what linking costs. Every module of a kernel's tree is laid out, bound and
// relocated in this process, by one thread and by two, from files that are mapped or unpacked
// before the clock runs; then one small module over and over; then `ringside check --all` as a
// user calls it, beside kmod's depmod -n -e -E, which reads the same files, and looks for the same
// symbols and compares the same CRCs. Of each its peak of anonymous memory, too.
#include <fcntl.h>
#include <fmt/format.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <ctime>
#include <fstream>
#include <thread>

#include "cli/finish.hh"
#include "lab/kernels/kernels.hh"
#include "user/bench/results.hh"
#include "user/modules/checker.hh"

namespace ringside::bench {
namespace {

using modules::Kernel;
using modules::Linked;
using modules::Linker;
using modules::ModuleFile;

constexpr int kPasses = 7, kSmallRepeats = 2001, kProcessRepeats = 5;

double now(clockid_t clock) {
  timespec time{};
  clock_gettime(clock, &time);
  return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_nsec) * 1e-9;
}

// Looks every millisecond, as the system keeps no peak of anonymous memory alone. What an allocator
// holds from before counts as well.
class MemoryWatch {
 public:
  explicit MemoryWatch(pid_t process) : thread_([this, process] { look(process); }) {}
  ~MemoryWatch() { (void)peak(); }
  // MiB. Ends the watch.
  double peak() {
    ended_ = true;
    if (thread_.joinable()) thread_.join();
    return static_cast<double>(pages_ * sysconf(_SC_PAGESIZE)) / (1 << 20);
  }

 private:
  void look(pid_t process) {
    auto file = fmt::format("/proc/{}/statm", process);
    do {
      long all = 0, resident = 0, shared = 0;
      std::ifstream(file) >> all >> resident >> shared;
      pages_ = std::max(pages_, resident - shared);
      std::this_thread::sleep_for(std::chrono::milliseconds(1));
    } while (!ended_);
  }

  std::atomic<bool> ended_ = false;
  long pages_ = 0;
  std::thread thread_;
};

struct Bench {
  Context context;
  const Kernel& kernel;
  std::vector<ModuleFile> files;  // of the whole tree, where they need no unpacking

  // Unpacking a tree takes many times longer than all that is measured: once will do.
  int repeats(int plain) const { return files.empty() ? 1 : plain; }

  void print(const Measure& measure) const { fmt::print("{}\n", to_json(context, measure).dump()); }
};

Result<Nothing> link_one(Linker& linker, Bytes file, std::uint64_t& relocations) {
  modules::Diagnostics faults({});
  Linked linked;
  TRY(linker.open(file, linked, faults));
  TRY(linker.place(linked));
  TRY(linker.finish(linked, faults));
  if (faults.blocking()) return Error{"a module does not link", "bench"};
  relocations += linked.relocations;
  return ok;
}

struct Work {
  std::uint64_t relocations = 0;
  double seconds = 0;  // of this thread's CPU
  bool failed = false;
};

// Takes modules from `next` on until none is left.
Work link_many(const Bench& bench, std::atomic<std::size_t>& next) {
  Work work;
  modules::Overlay overlay;
  auto linker = Linker::create(bench.kernel, overlay);
  work.failed = !linker;
  const auto& tree = bench.kernel.tree();
  for (std::size_t at = 0; !work.failed && (at = next++) < tree.files().size();) {
    std::optional<Outcome<ModuleFile>> unpacked;
    if (bench.files.empty()) unpacked = ModuleFile::open(tree.path_of(tree.files()[at]));
    work.failed = unpacked && !*unpacked;
    if (work.failed) break;
    auto bytes = unpacked ? (*unpacked)->bytes() : bench.files[at].bytes();
    auto start = now(CLOCK_THREAD_CPUTIME_ID);
    work.failed = !link_one(*linker, bytes, work.relocations);
    work.seconds += now(CLOCK_THREAD_CPUTIME_ID) - start;
  }
  return work;
}

std::vector<Work> link_tree(const Bench& bench, unsigned threads) {
  std::atomic<std::size_t> next = 0;
  std::vector<Work> works(threads);
  std::vector<std::thread> others;
  for (unsigned each = 1; each < threads; ++each)
    others.emplace_back([&, each] { works[each] = link_many(bench, next); });
  works[0] = link_many(bench, next);
  for (auto& other : others) other.join();
  return works;
}

// The median of its seconds by the clock, 0 where unpacking is in them.
Outcome<double> measure_tree(const Bench& bench, unsigned threads) {
  nlohmann::json parameters = {{"threads", threads},
                               {"modules", bench.kernel.tree().files().size()}};
  auto operation = fmt::format("link tree, {} thread{}", threads, threads > 1 ? "s" : "");
  Measure rate{"user", operation, "rate", "M/s/thread", parameters, {}};
  Measure wall{"user", operation, "wall", "s", parameters, {}};
  Measure memory{"user", operation, "anonymous memory", "MiB", parameters, {}};
  MemoryWatch watch(getpid());  // of the first pass, which brings files into the page tables
  for (int pass = 0; pass < bench.repeats(kPasses); ++pass) {
    auto start = now(CLOCK_MONOTONIC);
    auto works = link_tree(bench, threads);
    auto elapsed = now(CLOCK_MONOTONIC) - start;
    if (pass == 0) memory.samples.push_back(watch.peak());
    double relocations = 0, seconds = 0;
    for (const auto& work : works) {
      if (work.failed) return Failure{"a module of the tree does not link"};
      relocations += static_cast<double>(work.relocations), seconds += work.seconds;
    }
    if (pass == 0 && !bench.files.empty()) continue;
    rate.samples.push_back(relocations / seconds * 1e-6);
    if (!bench.files.empty()) wall.samples.push_back(elapsed);
  }
  bench.print(rate);
  bench.print(memory);
  if (!wall.samples.empty()) bench.print(wall);
  return median(wall.samples);
}

// How many times `theirs` is as much as `ours`.
void print_ratio(const Bench& bench, const char* operation, double ours, double theirs,
                 std::string peer = {}) {
  if (ours > 0 && theirs > 0)
    bench.print({"user", operation, "ratio", "x", {}, {theirs / ours}, std::move(peer)});
}

Outcome<Nothing> measure_small(const Bench& bench, const std::string& name) {
  const auto* found = bench.kernel.tree().find(name);
  if (!found) return Failure{name + ": not in the tree"};
  auto file = TRY(ModuleFile::open(bench.kernel.tree().path_of(*found)));
  modules::Overlay overlay;
  auto linker = TRY(Linker::create(bench.kernel, overlay));
  Measure time{"user", "link one, index there", "time", "us", {{"module", name}}, {}};
  for (int repeat = 0; repeat < kSmallRepeats; ++repeat) {
    std::uint64_t relocations = 0;
    auto start = now(CLOCK_MONOTONIC);
    auto linked = link_one(linker, file.bytes(), relocations);
    time.samples.push_back((now(CLOCK_MONOTONIC) - start) * 1e6);
    if (!linked) return Failure{describe(linked.error(), name)};
  }
  time.samples = {median(time.samples)};
  bench.print(time);
  return ok;
}

struct Usage {
  double seconds, memory;  // user and system; peak of anonymous memory, MiB
};

pid_t start(const std::vector<std::string>& command) {
  std::vector<char*> argv;
  for (const auto& word : command) argv.push_back(const_cast<char*>(word.c_str()));
  argv.push_back(nullptr);
  pid_t child = fork();
  if (child != 0) return child;
  int nowhere = open("/dev/null", O_WRONLY);
  dup2(nowhere, STDOUT_FILENO), dup2(nowhere, STDERR_FILENO);
  execvp(argv[0], argv.data());
  _exit(127);
}

// What a command takes; its output goes nowhere.
Outcome<Usage> usage_of(const std::vector<std::string>& command) {
  pid_t child = start(command);
  MemoryWatch watch(child);
  int status = 0;
  rusage usage{};
  if (child < 0 || wait4(child, &status, 0, &usage) != child)
    return system_failure("run", command[0]);
  if (!WIFEXITED(status) || WEXITSTATUS(status) != 0)
    return Failure{fmt::format("{}: exit status {}", fmt::join(command, " "), WEXITSTATUS(status))};
  auto seconds = [](timeval time) {
    return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_usec) * 1e-6;
  };
  return Usage{seconds(usage.ru_utime) + seconds(usage.ru_stime), watch.peak()};
}

// What reading every module of the tree costs a whole process: ours (check --all) or a peer's.
// Returns the median of its CPU seconds.
Outcome<double> measure_process(const Bench& bench, const char* placement, std::string peer,
                                const std::vector<std::string>& command) {
  nlohmann::json parameters = {{"modules", bench.kernel.tree().files().size()}};
  Measure time{placement, "whole tree, CPU", "cpu", "s", parameters, {}, peer};
  Measure memory{placement, "whole tree", "anonymous memory", "MiB", parameters, {}, peer};
  for (int repeat = 0; repeat < bench.repeats(kProcessRepeats); ++repeat) {
    auto usage = TRY(usage_of(command));
    time.samples.push_back(usage.seconds);
    memory.samples.push_back(usage.memory);
  }
  bench.print(time);
  bench.print(memory);
  return median(time.samples);
}

Outcome<Nothing> run(const std::string& name, const std::string& ringside, Context context) {
  auto found = TRY(lab::find_kernel(name));
  auto kernel = TRY(Kernel::open(TRY(kimage::Image::open(found.image)), found.modules));
  if (kernel.tree().files().empty()) return Failure{name + ": has no module tree"};
  context.kernel = kernel.release();
  context.build_id = kernel.image().build_id();
  Bench bench{std::move(context), kernel, {}};
  bool plain = kernel.tree().files().front().path.ends_with(".ko");
  for (const auto& file : kernel.tree().files())
    if (plain) bench.files.push_back(TRY(ModuleFile::open(kernel.tree().path_of(file))));
  auto one = TRY(measure_tree(bench, 1));
  auto two = TRY(measure_tree(bench, 2));
  print_ratio(bench, "two threads to one", two, one);
  TRY(measure_small(bench, "loop"));
  std::vector<std::string> check = {ringside, "check", "--all", "--kernel", name};
  TRY(usage_of(check));  // index and signatures are in the cache from here on
  auto ours = TRY(measure_process(bench, "user", "", check));
  auto root = kernel.tree().folder().parent_path().parent_path().parent_path();
  auto exports = (found.headers / "Module.symvers").native();
  auto theirs = TRY(measure_process(
      bench, "depmod", "depmod",
      {"depmod", "-n", "-e", "-E", exports, "-b", root.native(), kernel.release()}));
  print_ratio(bench, "check --all: depmod to it", ours, theirs, "depmod");
  return ok;
}

}  // namespace
}  // namespace ringside::bench

int main(int argc, char** argv) {
  ringside::cli::App app{"What linking a kernel's modules costs.", "bench-modules"};
  std::string kernel = "6.1", ringside = "ringside";
  app.add_option("--kernel", kernel, "whose modules");
  app.add_option("--ringside", ringside, "the command to time");
  return ringside::cli::finish(app, argc, argv, [&] {
    return ringside::bench::run(kernel, ringside,
                                ringside::bench::this_context("modules", argc, argv));
  });
}
