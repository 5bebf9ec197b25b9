// A set is loaded whole by one process, which is then looked at in two ways: its CPU time from fork
// to exit (the guest waits for its disk, and that is not to count), and what loader_clock.cc says
// of the part in it that is loading. What modules ask the kernel for by alias while they are
// initialised is loaded beforehand, so that nobody's process is charged with another one's.
#include <fcntl.h>
#include <fmt/format.h>
#include <fmt/ranges.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <fstream>
#include <set>
#include <sstream>

#include "bench/loader.hh"
#include "user/loader/loaded.hh"
#include "user/loader/small_file.hh"
#include "user/loader/unload.hh"
#include "user/modtree/closure.hh"
#include "user/process/process.hh"

namespace ringside::bench {
namespace {

namespace fs = std::filesystem;

using Names = std::vector<std::string>;

constexpr const char* kClockFile = "/run/bench-loader-clock";
constexpr const char* kModprobe = "modprobe";

// In the order of loading.
Names loaded_names() {
  Names names;
  std::ifstream lines("/proc/modules");
  for (std::string line; std::getline(lines, line);)
    names.insert(names.begin(), line.substr(0, line.find(' ')));
  return names;
}

Names without(const Names& names, const Names& others) {
  Names rest;
  for (const auto& name : names)
    if (std::find(others.begin(), others.end(), name) == others.end()) rest.push_back(name);
  return rest;
}

// Unloads all but `before`; what cannot be unloaded stays.
void unload_all_but(const Names& before) {
  for (int round = 0; round < 8; ++round) {
    auto rest = without(loaded_names(), before);
    if (rest.empty()) return;
    for (auto name = rest.rbegin(); name != rest.rend(); ++name) loader::remove_module(*name);
    if (round > 2) usleep(50'000);  // something asynchronous still holds one
  }
}

double cpu_of_children() {
  rusage usage{};
  getrusage(RUSAGE_CHILDREN, &usage);
  auto ns = [](const timeval& time) {
    return static_cast<double>(time.tv_sec) * 1e9 + static_cast<double>(time.tv_usec) * 1e3;
  };
  return ns(usage.ru_utime) + ns(usage.ru_stime);
}

fs::path build_folder() {
  return fs::read_symlink("/proc/self/exe").parent_path();
}

// "VmallocUsed:  12345 kB"
double vmalloc_used() {
  std::ifstream lines("/proc/meminfo");
  for (std::string line; std::getline(lines, line);)
    if (line.starts_with("VmallocUsed:")) return std::stod(line.substr(12)) * 1024;
  return 0;
}

struct Sample {
  double whole = 0, loading = 0, verifying = 0, memory = 0;
};

struct Samples {
  std::vector<double> whole, loading, verifying, rest, memory;

  void add(const Sample& sample) {
    whole.push_back(sample.whole), loading.push_back(sample.loading);
    verifying.push_back(sample.verifying), memory.push_back(sample.memory);
    rest.push_back(sample.whole - sample.loading - sample.verifying);
  }
};

Outcome<Sample> read_clock(std::size_t expected) {
  std::istringstream words(loader::read_word(kClockFile));
  std::size_t loads = 0;
  Sample sample;
  if (!(words >> loads >> sample.loading >> sample.verifying) || loads != expected)
    return Failure{
        fmt::format("{}: {} loads, expected {}: was it preloaded?", kClockFile, loads, expected)};
  return sample;
}

class SetBench {
 public:
  SetBench(const Debate& debate, const ModuleSet& set, const LoadsAsked& asked)
      : debate_(debate), set_(set), asked_(asked) {}

  Outcome<Nothing> run();

 private:
  Outcome<Nothing> choose();
  Outcome<Sample> load(const std::string& who);
  Outcome<Samples> measure(const std::string& who, bool checked);
  Outcome<Nothing> hide_signatures(bool hide) const;
  void print(const std::string& who, bool checked, const Samples& samples) const;
  void print(const std::string& who, const std::string& what, std::vector<double> samples,
             const std::string& metric, const std::string& unit) const;
  void print_ratio(const std::string& what, double ours, double theirs) const;

  const Debate& debate_;
  const ModuleSet& set_;
  const LoadsAsked& asked_;
  Names before_, names_;
};

// The names that modprobe loads here, with what they need, and that can be unloaded again.
Outcome<Nothing> SetBench::choose() {
  auto tree = fs::path("/lib/modules") / debate_.context.kernel;
  auto needs = TRY(modtree::DepFile::open(tree));
  std::set<std::string> wanted;
  for (const auto& root : set_.roots)
    if (const auto* list = needs.find(root)) {
      wanted.insert(modtree::with_underscores(root));
      wanted.insert(list->begin(), list->end());
    }
  before_ = loaded_names();
  Names command = {kModprobe, "-a"};
  for (const auto& name : wanted) command.push_back(name);
  (void)TRY(run_process({command, {}, {}}));  // some are for hardware that is not here
  auto fresh = without(loaded_names(), before_);
  unload_all_but(before_);
  Names beside = {kModprobe, "-a"};
  for (const auto& name : fresh) (wanted.contains(name) ? names_ : beside).push_back(name);
  if (beside.size() > 2) (void)TRY(run_process({beside, {}, {}}));
  before_ = loaded_names();
  names_ = without(names_, before_);
  if (names_.empty()) return Failure{set_.name + ": modprobe loads none of these modules here"};
  return ok;
}

// `who` is a placement, or modprobe.
Outcome<Sample> SetBench::load(const std::string& who) {
  Names command = {kModprobe, "-a"};
  if (who != kModprobe) command = {build_folder() / "ringside", "load", "--placement=" + who};
  command.insert(command.end(), names_.begin(), names_.end());
  auto clock = build_folder() / "bench/libloader-clock.so";
  auto memory = vmalloc_used();
  auto start = cpu_of_children();
  auto result = TRY(run_process(
      {command,
       {},
       {"LD_PRELOAD=" + clock.native(), fmt::format("RINGSIDE_CLOCK={}", kClockFile)}}));
  auto whole = cpu_of_children() - start;
  auto used = vmalloc_used() - memory;
  unload_all_but(before_);
  if (result.status != 0)
    return Failure{fmt::format("{} {}: {}", who, set_.name, result.out + result.err)};
  auto sample = TRY(read_clock(names_.size()));
  sample.whole = whole, sample.memory = used / static_cast<double>(names_.size());
  return sample;
}

// Lays copies without signatures over the files of the set, or takes them away.
Outcome<Nothing> SetBench::hide_signatures(bool hide) const {
  auto tree =
      TRY(modtree::Tree::open_listed(fs::path("/lib/modules") / debate_.context.kernel, {}));
  auto copies = fs::path(asked_.unsigned_files) / debate_.context.kernel;
  for (const auto& name : names_) {
    const auto* file = tree.find(name);
    if (!file) return Failure{name + ": not in modules.dep"};
    auto target = tree.path_of(*file), copy = copies / file->path;
    int status = hide ? mount(copy.c_str(), target.c_str(), nullptr, MS_BIND, nullptr)
                      : umount2(target.c_str(), MNT_DETACH);
    if (status != 0) return system_failure(hide ? "mount" : "unmount", copy);
  }
  return ok;
}

// The first load is not counted: it reads files and makes records.
Outcome<Samples> SetBench::measure(const std::string& who, bool checked) {
  Samples samples;
  if (!checked) TRY(hide_signatures(true));
  TRY(load(who));
  for (int repeat = 0; repeat < asked_.repeats; ++repeat) samples.add(TRY(load(who)));
  if (!checked) TRY(hide_signatures(false));
  print(who, checked, samples);
  return samples;
}

void SetBench::print(const std::string& who, const std::string& what, std::vector<double> samples,
                     const std::string& metric, const std::string& unit) const {
  nlohmann::json about = {{"set", set_.name},
                          {"modules", names_.size()},
                          {"names", fmt::format("{}", fmt::join(names_, " "))}};
  debate_.print({who, fmt::format("{}: {}", set_.name, what), metric, unit, about,
                 std::move(samples), who == kModprobe ? "kmod" : ""});
}

void SetBench::print(const std::string& who, bool checked, const Samples& samples) const {
  auto with = [&](const char* what) {
    return fmt::format("{}{}", what, checked ? "" : ", files unsigned");
  };
  print(who, with("whole process"), samples.whole, debate_.metric, debate_.unit);
  print(who, with("loading"), samples.loading, debate_.metric, debate_.unit);
  print(who, with("the rest"), samples.rest, debate_.metric, debate_.unit);
  if (!checked) return;
  print(who, "verifying, user space", samples.verifying, debate_.metric, debate_.unit);
  print(who, "kernel memory a module", samples.memory, "size", "bytes");
}

void SetBench::print_ratio(const std::string& what, double ours, double theirs) const {
  print("user", what, {ours / theirs}, "ratio", "x");
}

Outcome<Nothing> SetBench::run() {
  TRY(choose());
  auto stock = TRY(measure("stock", true));
  auto user = TRY(measure("user", true));
  auto modprobe = TRY(measure(kModprobe, true));
  for (auto who : {"bind", "kernel"}) TRY(measure(who, true));
  print_ratio("loading, of stock's, checked", median(user.loading) + median(user.verifying),
              median(stock.loading));
  print_ratio("whole, of modprobe's, checked", median(user.whole), median(modprobe.whole));
  if (asked_.unsigned_files.empty()) return ok;
  auto bare_stock = TRY(measure("stock", false));
  auto bare_user = TRY(measure("user", false));
  auto bare_modprobe = TRY(measure(kModprobe, false));
  print_ratio("loading, of stock's, no check", median(bare_user.loading),
              median(bare_stock.loading));
  print_ratio("whole, of modprobe's, no check", median(bare_user.whole),
              median(bare_modprobe.whole));
  return ok;
}

}  // namespace

Outcome<Nothing> measure_loads(const Debate& debate, const LoadsAsked& asked) {
  for (const auto& set : asked.sets) TRY(SetBench(debate, set, asked).run());
  return ok;
}

// "NAME NANOSECONDS" a line, for one call each.
Outcome<Nothing> measure_calls(const Debate& debate) {
  const char* file = "/sys/module/ringside_caller/parameters/calls";
  auto text = loader::read_small(file);
  if (!text) return system_failure("read", file);
  std::istringstream lines(*text);
  for (std::string line; std::getline(lines, line);) {
    auto end = line.rfind(' ');
    debate.print({"stock",
                  "call " + line.substr(0, end),
                  debate.metric,
                  debate.unit,
                  {{"calls", 1'000'000}},
                  {std::stod(line.substr(end)) / 1000}});
  }
  return ok;
}

}  // namespace ringside::bench
