// ringside doctor: what works on this machine, why the rest does not, and what to do about it.
// Every check is a row: it looks at one thing and gives ok, no or unknown,
// what it found, and, where that is not ok, what it means and what to do. Nothing is booted and
// nothing stays behind; the only programs run are QEMU's --version and its list of accelerators.
#include <fmt/format.h>
#include <fts.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/utsname.h>
#include <unistd.h>

#include <chrono>
#include <cstdlib>
#include <fstream>
#include <nlohmann/json.hpp>
#include <sstream>

#include "cli/commands.hh"
#include "cli/finish.hh"
#include "lab/initramfs.hh"
#include "lab/kernels/kernels.hh"
#include "user/cache/cache.hh"
#include "user/kimage/image.hh"
#include "user/process/process.hh"

namespace ringside::cli {
namespace {

using nlohmann::json;
using std::filesystem::path;

enum class State { kOk, kNo, kUnknown };
constexpr const char* kStates[] = {"ok", "no", "unknown"};

// What a check found. `advice`: what it means and what to do, empty where there is nothing to say.
struct Finding {
  State state = State::kUnknown;
  std::string found, advice;
};

std::string release() {
  utsname names{};
  uname(&names);
  return names.release;
}

// The first line of a file; none where it cannot be read.
std::optional<std::string> line_of(const path& file) {
  std::ifstream stream(file);
  std::string line;
  if (!std::getline(stream, line)) return std::nullopt;
  return line;
}

bool is_there(const path& file) {
  std::error_code error;
  return std::filesystem::exists(file, error);
}

// The laboratory.

Finding qemu() {
  constexpr const char* kProgram = "qemu-system-x86_64";
  if (!find_program(kProgram))
    return {State::kNo, "not installed", "the lab runs its guests in it: install qemu-system-x86"};
  auto version = output_of({{kProgram, "--version"}, {}, {}});
  auto list = output_of({{kProgram, "-accel", "help"}, {}, {}});
  if (!version || !list)
    return {State::kNo, (version ? list : version).error().message, "reinstall qemu-system-x86"};
  std::istringstream lines(*list);
  std::string accelerators, line;
  std::getline(lines, line);  // a heading
  while (std::getline(lines, line)) accelerators += (accelerators.empty() ? "" : ", ") + line;
  auto state = accelerators.find("tcg") == accelerators.npos ? State::kNo : State::kOk;
  return {state, fmt::format("{} ({})", version->substr(0, version->find('\n')), accelerators),
          state == State::kOk ? "" : "without tcg there is no --count: install qemu-system-x86"};
}

// What a boot with --accel auto found out here earlier (lab/accel.cc), if it was on this kernel.
Finding remembered_kvm() {
  auto file = cache::root() / "accel.json";
  std::ifstream stream(file);
  auto memory = json::parse(stream, nullptr, false);
  if (!memory.is_object() || !memory.value("machine", "").starts_with(release() + " "))
    return {State::kUnknown, "/dev/kvm can be used; whether a guest boots on it is not known yet",
            "the first `ringside lab run` finds out"};
  if (memory.value("kvm", false)) return {State::kOk, "a guest has booted on it here", ""};
  return {State::kNo,
          fmt::format("/dev/kvm is here, but a guest did not boot on it: {}",
                      memory.value("reason", "")),
          fmt::format("the lab emulates (TCG), which is slower; delete {} to try again",
                      file.native())};
}

Finding kvm() {
  if (!is_there("/dev/kvm"))
    return {State::kNo, "no /dev/kvm",
            "the lab emulates (TCG), which is slower; in a virtual machine, nested "
            "virtualisation has to be allowed"};
  if (access("/dev/kvm", R_OK | W_OK) != 0)
    return {State::kNo, "/dev/kvm may not be opened by this user",
            "the lab emulates (TCG), which is slower; join its group: adduser $USER kvm"};
  return remembered_kvm();
}

Finding agent() {
  auto agent = lab::find_agent();
  if (agent) return {State::kOk, agent->lexically_normal().native(), ""};
  return {State::kNo, agent.error().message, "build or install again: make, make install"};
}

Finding kernels() {
  std::string names;
  for (const auto& kernel : lab::list_kernels())
    if (!kernel.modules.empty())
      names += (names.empty() ? "" : ", ") + kernel.name +
               (kernel.name == kernel.release ? "" : " (" + kernel.release + ")");
  if (!names.empty()) return {State::kOk, names, ""};
  return {State::kNo, "none with its modules, neither in the cache nor in /boot",
          "ringside lab fetch 6.1"};
}

// `folder`, or the nearest one around it that exists.
path existing(path folder) {
  while (!is_there(folder) && folder.has_relative_path()) folder = folder.parent_path();
  return folder;
}

// Tried by making a folder and removing it again: permission bits say nothing to root.
Finding cache_folder() {
  auto root = cache::root();
  auto trial = (existing(root) / ".ringside-XXXXXX").native();
  if (mkdtemp(trial.data())) {
    rmdir(trial.c_str());
    return {State::kOk, root.native(), ""};
  }
  return {State::kNo, system_failure("write to", existing(root)).message,
          "kernels and their indexes are kept there: set XDG_CACHE_HOME to a folder of yours"};
}

// Debian's packages.

struct Tool {
  const char *program, *package;
};

// The lists of the packages that bring `tools` and are not here.
std::string missing(std::initializer_list<Tool> tools) {
  std::string packages;
  for (const auto& tool : tools)
    if (!find_program(tool.program)) packages += std::string(" ") + tool.package;
  return packages;
}

Finding tools(std::initializer_list<Tool> tools, const char* purpose) {
  auto packages = missing(tools);
  if (packages.empty()) return {State::kOk, "all installed", ""};
  return {State::kNo, "missing:" + packages, fmt::format("{}: apt install{}", purpose, packages)};
}

Finding guest_tools() {
  return tools({{"modprobe", "kmod"}, {"mkfs.erofs", "erofs-utils"}},
               "loading modules in guests, and kernels without 9p (cloud), need them");
}

Finding module_tools() {
  return tools({{"make", "make"},
                {"g++", "g++"},
                {"gcc-12", "gcc-12"},
                {"ld", "binutils"},
                {"bc", "bc"},
                {"xz", "xz-utils"}},
               "building kernel modules needs them");
}

// Kernels to look at.

Finding headers() {
  std::string names;
  for (const auto& kernel : lab::list_kernels())
    if (!kernel.headers.empty()) names += (names.empty() ? "" : ", ") + kernel.release;
  if (!names.empty()) return {State::kOk, names, ""};
  return {State::kNo, "none", "modules cannot be built: ringside lab fetch 6.1 brings them"};
}

Finding running_image() {
  auto kernel = lab::find_kernel("running");
  if (!kernel)
    return {State::kNo, kernel.error().message,
            "its symbols come from /proc/kallsyms (root), its exports from nowhere; where Debian "
            "has it: apt install linux-image-" +
                release()};
  if (access(kernel->image.c_str(), R_OK) == 0) return {State::kOk, kernel->image.native(), ""};
  return {State::kNo, kernel->image.native() + " cannot be read by this user", "run as root"};
}

std::vector<path> debug_info_places() {
  auto name = release();
  std::vector<path> places = {"/usr/lib/debug/boot/vmlinux-" + name,
                              "/usr/lib/debug/lib/modules/" + name + "/vmlinux",
                              "/lib/modules/" + name + "/build/vmlinux"};
  if (auto id = kimage::running_build_id(); id && id->size() > 2)
    places.push_back("/usr/lib/debug/.build-id/" + id->substr(0, 2) + "/" + id->substr(2) +
                     ".debug");
  return places;
}

Finding debug_info() {
  for (const auto& place : debug_info_places())
    if (is_there(place)) return {State::kOk, place.native(), ""};
  if (auto urls = std::getenv("DEBUGINFOD_URLS"); urls && *urls)
    return {State::kUnknown, fmt::format("not here; {} may have it", urls), ""};
  return {State::kNo, "none for the running kernel " + release(),
          fmt::format("only files and lines of source need it; where Debian has it: apt install "
                      "linux-image-{}-dbg",
                      release())};
}

// What this user may do to the running kernel.

Finding kallsyms() {
  auto first = line_of("/proc/kallsyms");
  auto restriction = line_of("/proc/sys/kernel/kptr_restrict").value_or("?");
  if (!first)
    return {State::kNo, "/proc/kallsyms cannot be read", "give ksyms --offset for this kernel"};
  auto symbols = std::ifstream("/proc/kallsyms");
  std::string line;
  // The first symbols are per-CPU offsets, of which one is 0 by right.
  for (int lines = 0; lines < 64 && std::getline(symbols, line); ++lines)
    if (line.find_first_not_of('0') < 16) return {State::kOk, "shows addresses", ""};
  return {State::kNo, fmt::format("hides addresses (kptr_restrict is {})", restriction),
          restriction == "2" ? "ksyms needs --offset: sysctl kernel.kptr_restrict=1, as root"
                             : "ksyms needs --offset for the running kernel, or root"};
}

Finding cap_sys_module() {
  constexpr int kCapSysModule = 16;
  std::ifstream status("/proc/self/status");
  for (std::string line; std::getline(status, line);) {
    if (!line.starts_with("CapEff:")) continue;
    auto effective = std::strtoull(line.c_str() + 7, nullptr, 16);
    if (effective >> kCapSysModule & 1) return {State::kOk, "this user may load modules", ""};
    return {State::kNo, "this user may not load modules", "run as root, or in the lab"};
  }
  return {State::kUnknown, "/proc/self/status does not tell", ""};
}

Finding modules_disabled() {
  auto value = line_of("/proc/sys/kernel/modules_disabled");
  if (!value) return {State::kNo, "this kernel has no modules", "use the lab"};
  if (*value == "0") return {State::kOk, "not disabled", ""};
  return {State::kNo, "disabled (kernel.modules_disabled) until the next boot", "use the lab"};
}

Finding sig_enforce() {
  auto value = line_of("/sys/module/module/parameters/sig_enforce");
  if (!value) return {State::kOk, "not checked by this kernel", ""};
  if (*value == "N") return {State::kOk, "not enforced", ""};
  return {State::kNo, "enforced: modules built here are refused",
          "sign them with an enrolled key, or use the lab"};
}

Finding lockdown() {
  auto modes = line_of("/sys/kernel/security/lockdown");
  if (!modes && !is_there("/sys/kernel/security/lsm"))
    return {State::kUnknown, "securityfs is not mounted", "look at dmesg | grep -i lockdown"};
  if (!modes || modes->find("[none]") != modes->npos) return {State::kOk, "none", ""};
  return {State::kNo, *modes, "unsigned modules and raw memory are refused; use the lab"};
}

// The disk.

// fts, because it is the quickest walk there is, and a cache has some 40,000 files.
Finding cache_size() {
  using Clock = std::chrono::steady_clock;
  constexpr auto kLimit = std::chrono::milliseconds(400);
  auto end = Clock::now() + kLimit;
  auto root = cache::root().native();
  char* roots[] = {root.data(), nullptr};
  std::uintmax_t bytes = 0, files = 0;
  auto* walk = fts_open(roots, FTS_PHYSICAL | FTS_NOCHDIR, nullptr);
  if (!walk) return {State::kUnknown, system_failure("walk", root).message, ""};
  auto* entry = fts_read(walk);
  for (; entry && Clock::now() < end; entry = fts_read(walk))
    if (entry->fts_info == FTS_F) bytes += entry->fts_statp->st_size, ++files;
  auto at_least = entry ? "at least " : "";
  fts_close(walk);
  return {State::kOk, fmt::format("{}{} MiB in {} files", at_least, bytes >> 20, files), ""};
}

Finding free_disk() {
  constexpr std::uintmax_t kKernel = 600;  // MiB: the larger of Debian's, unpacked, and its index
  auto place = existing(cache::root());
  struct statvfs room {};
  if (statvfs(place.c_str(), &room) != 0)
    return {State::kUnknown, system_failure("statvfs", place).message, ""};
  auto mib = std::uintmax_t{room.f_bavail} * room.f_frsize >> 20;
  auto found = fmt::format("{} MiB free for the cache", mib);
  if (mib >= kKernel) return {State::kOk, found, ""};
  return {State::kNo, found, fmt::format("fetching a kernel takes up to {} MiB", kKernel)};
}

// The table of contents. `needed`: without it the lab does not run.
struct Check {
  const char *group, *name;
  bool needed;
  Finding (*look)();
};

constexpr Check kChecks[] = {
    {"The lab", "QEMU", true, qemu},
    {"The lab", "KVM", false, kvm},
    {"The lab", "agent", true, agent},
    {"The lab", "kernels", true, kernels},
    {"The lab", "cache folder", true, cache_folder},
    {"The lab", "guest tools", false, guest_tools},
    {"Kernel modules", "headers", false, headers},
    {"Kernel modules", "build tools", false, module_tools},
    {"The running kernel", "image", false, running_image},
    {"The running kernel", "debug info", false, debug_info},
    {"The running kernel", "/proc/kallsyms", false, kallsyms},
    {"The running kernel", "CAP_SYS_MODULE", false, cap_sys_module},
    {"The running kernel", "module loading", false, modules_disabled},
    {"The running kernel", "signatures", false, sig_enforce},
    {"The running kernel", "lockdown", false, lockdown},
    {"The disk", "cache size", false, cache_size},
    {"The disk", "free space", false, free_disk},
};

struct Diagnosis {
  const Check* check;
  Finding finding;
};

State lab_state(const std::vector<Diagnosis>& all) {
  auto state = State::kOk;
  for (const auto& [check, finding] : all) {
    if (!check->needed || finding.state == State::kOk) continue;
    if (state != State::kNo) state = finding.state;
  }
  return state;
}

void print(const std::vector<Diagnosis>& all) {
  std::string_view group;
  for (const auto& [check, finding] : all) {
    if (check->group != group)
      fmt::print("{}{}\n", group.empty() ? "" : "\n", group = check->group);
    fmt::print("  {:<9}{:<16}{}\n", kStates[static_cast<int>(finding.state)], check->name,
               finding.found);
    if (!finding.advice.empty()) fmt::print("  {:<25}-> {}\n", "", finding.advice);
  }
  constexpr const char* kVerdicts[] = {"The lab works here.",
                                       "The lab does not work here: see above.",
                                       "Whether the lab works here could not be told: see above."};
  fmt::print("\n{}\n", kVerdicts[static_cast<int>(lab_state(all))]);
}

void print_json(const std::vector<Diagnosis>& all) {
  json checks = json::array();
  for (const auto& [check, finding] : all)
    checks.push_back({{"group", check->group},
                      {"name", check->name},
                      {"state", kStates[static_cast<int>(finding.state)]},
                      {"needed", check->needed},
                      {"found", finding.found},
                      {"advice", finding.advice}});
  json report = {
      {"version", 1}, {"lab", kStates[static_cast<int>(lab_state(all))]}, {"checks", checks}};
  fmt::print("{}\n", report.dump(-1, ' ', false, json::error_handler_t::replace));
}

Outcome<int> run(bool as_json) {
  std::vector<Diagnosis> all;
  for (const auto& check : kChecks) all.push_back({&check, check.look()});
  if (as_json)
    print_json(all);
  else
    print(all);
  constexpr int kStatuses[] = {kYes, kNo, kUnknown};
  return int{kStatuses[static_cast<int>(lab_state(all))]};
}

}  // namespace

int doctor(int argc, char** argv) {
  App app{"What works on this machine, why the rest does not, and what to do about it.",
          "ringside doctor"};
  bool as_json = false;
  app.add_flag("--json", as_json, "one JSON object");
  app.footer(
      "Example: ringside doctor --json | jq '.checks[] | select(.state != \"ok\")'\n"
      "Exit status: 0 all that the lab needs works, 1 something of it does not, 2 could not tell.");
  return finish(app, argc, argv, [&] { return run(as_json); });
}

}  // namespace ringside::cli
