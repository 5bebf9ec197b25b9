// The smallest whole loaders: what each takes to load one file. A program is stopped where it ends
// (PTRACE_O_TRACEEXIT), so that the kernel's own account of it (VmHWM) and its mapped files, which
// an initramfs has to carry, can be read; getrusage's maximum would be the forking parent's.
#include <fmt/format.h>
#include <sys/ptrace.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <filesystem>
#include <fstream>
#include <set>

#include "bench/loader.hh"
#include "user/loader/unload.hh"
#include "user/modtree/closure.hh"
#include "user/process/process.hh"

namespace ringside::bench {
namespace {

namespace fs = std::filesystem;

using Words = std::vector<std::string>;

struct Program {
  const char* placement;
  const char* peer;
  Words command;
};

struct Needs {
  double memory = 0, files = 0;  // bytes
};

// "VmHWM:	    1234 kB"
double peak_resident(pid_t pid) {
  std::ifstream lines(fmt::format("/proc/{}/status", pid));
  for (std::string line; std::getline(lines, line);)
    if (line.starts_with("VmHWM:")) return std::stod(line.substr(6)) * 1024;
  return 0;
}

// The program and its libraries: all that is mapped to be run.
double mapped_files(pid_t pid) {
  std::set<std::string> paths;
  std::ifstream lines(fmt::format("/proc/{}/maps", pid));
  for (std::string line; std::getline(lines, line);)
    if (auto slash = line.find('/'); slash != line.npos && line.find(" r-xp ") != line.npos)
      paths.insert(line.substr(slash));
  double bytes = 0;
  for (const auto& path : paths) bytes += static_cast<double>(fs::file_size(path));
  return bytes;
}

[[noreturn]] void run_traced(const fs::path& program, const Words& command) {
  std::vector<char*> words;
  for (const auto& word : command) words.push_back(const_cast<char*>(word.c_str()));
  words.push_back(nullptr);
  ptrace(PTRACE_TRACEME, 0, nullptr, nullptr);
  raise(SIGSTOP);
  execv(program.c_str(), words.data());
  _exit(127);
}

// Passes on what stops `pid` until it is about to end.
Outcome<int> wait_for_exit(pid_t pid) {
  constexpr int kAtExit = SIGTRAP | PTRACE_EVENT_EXIT << 8;
  for (int status = 0; waitpid(pid, &status, 0) == pid;) {
    if (!WIFSTOPPED(status)) break;
    if (status >> 8 == kAtExit) return status;
    int signal = WSTOPSIG(status);
    bool ours = signal == SIGSTOP || signal == SIGTRAP;
    ptrace(PTRACE_CONT, pid, nullptr, ours ? 0 : signal);
  }
  return Failure{fmt::format("process {} ended unseen", pid)};
}

Outcome<Needs> run_to_its_end(const Words& command) {
  auto program = TRY(find_program(command.front()));
  pid_t pid = fork();
  if (pid < 0) return system_failure("fork", program);
  if (pid == 0) run_traced(program, command);
  int status = 0;
  waitpid(pid, &status, 0);  // the SIGSTOP
  ptrace(PTRACE_SETOPTIONS, pid, nullptr, PTRACE_O_TRACEEXIT | PTRACE_O_EXITKILL);
  ptrace(PTRACE_CONT, pid, nullptr, nullptr);
  TRY(wait_for_exit(pid));
  Needs needs{peak_resident(pid), mapped_files(pid)};
  ptrace(PTRACE_CONT, pid, nullptr, nullptr);
  if (waitpid(pid, &status, 0) != pid || status != 0)
    return Failure{fmt::format("{}: status {:#x}", fmt::join(command, " "), status)};
  return needs;
}

std::vector<Program> programs(const std::string& file) {
  std::string ours = fs::read_symlink("/proc/self/exe").parent_path() / "ringside-insmod";
  std::vector<Program> list;
  for (auto placement : {"stock", "user", "kernel"})
    list.push_back({placement, "", {ours, fmt::format("--placement={}", placement), file}});
  list.push_back({"kmod", "kmod", {"insmod", file}});
  list.push_back({"busybox", "BusyBox", {"busybox", "insmod", file}});
  return list;
}

}  // namespace

Outcome<Nothing> measure_smallest(const Debate& debate, const std::string& name) {
  auto tree = TRY(modtree::Tree::open_listed(fs::path("/lib/modules") / debate.context.kernel, {}));
  const auto* file = tree.find(name);
  if (!file) return Failure{name + ": not in modules.dep"};
  TRY(output_of({{"modprobe", name}, {}, {}}));  // its needs stay
  nlohmann::json about = {{"module", name}};
  for (const auto& program : programs(tree.path_of(*file))) {
    if (program.peer[0] && !find_program(program.command.front())) continue;
    loader::remove_module(name);
    auto needs = TRY(run_to_its_end(program.command));
    auto print = [&](const char* what, double bytes) {
      debate.print({program.placement,
                    fmt::format("smallest loader, {}: {}", name, what),
                    "size",
                    "KiB",
                    about,
                    {bytes / 1024},
                    program.peer});
    };
    print("files", needs.files);
    print("peak memory", needs.memory);
  }
  loader::remove_module(name);
  return ok;
}

}  // namespace ringside::bench
