// fork and execve; the child reports a failed start as errno through a close-on-exec pipe, which
// reads empty where the start succeeded. The parent polls stdout and stderr together, so that
// neither pipe can fill up while it waits for the other, and reaps the child once both are closed.
#include "user/process/process.hh"

#include <fcntl.h>
#include <fmt/format.h>
#include <poll.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <cstring>
#include <sstream>

#include "user/base/unique_fd.hh"

namespace ringside {
namespace {

struct Pipe {
  UniqueFd read, write;
};

// The pipes of one child: what it prints, and the errno of a start that failed.
struct Pipes {
  Pipe out, err, start;
};

Outcome<Pipe> make_pipe() {
  int fds[2];
  if (pipe2(fds, O_CLOEXEC) != 0) return system_failure("create", "pipe");
  return Pipe{UniqueFd(fds[0]), UniqueFd(fds[1])};
}

Outcome<Pipes> make_pipes() {
  Pipes pipes;
  pipes.out = TRY(make_pipe());
  pipes.err = TRY(make_pipe());
  pipes.start = TRY(make_pipe());
  return pipes;
}

bool same_name(std::string_view a, std::string_view b) {
  return a.substr(0, a.find('=')) == b.substr(0, b.find('='));
}

std::vector<std::string> merged_environment(const std::vector<std::string>& over) {
  std::vector<std::string> merged = over;
  for (char** entry = environ; *entry; ++entry) {
    bool replaced = false;
    for (const auto& ours : over) replaced |= same_name(ours, *entry);
    if (!replaced) merged.emplace_back(*entry);
  }
  return merged;
}

std::vector<char*> pointers(std::vector<std::string>& strings) {
  std::vector<char*> result;
  for (auto& string : strings) result.push_back(string.data());
  result.push_back(nullptr);
  return result;
}

// What execve takes, made before the fork: after it, a child of a threaded program may call only
// what is async-signal-safe.
struct Image {
  std::string file, directory;
  std::vector<std::string> argument_text, environment_text;
  std::vector<char*> arguments, environment;
};

Outcome<Image> make_image(const Process& process) {
  if (process.argv.empty()) return Failure{"run: no program is named"};
  Image image;
  image.file = TRY(find_program(process.argv[0]));
  image.directory = process.directory;
  image.argument_text = process.argv;
  image.environment_text = merged_environment(process.environment);
  image.arguments = pointers(image.argument_text);
  image.environment = pointers(image.environment_text);
  return image;
}

[[noreturn]] void fail_start(const Pipes& pipes) {
  int error = errno;
  [[maybe_unused]] auto written = ::write(pipes.start.write.get(), &error, sizeof error);
  _exit(127);
}

// The child, up to its execve: no stdin, our pipes, no signal blocked, and no life without us.
[[noreturn]] void become(const Image& image, const Pipes& pipes, pid_t parent) {
  if (prctl(PR_SET_PDEATHSIG, SIGKILL) != 0 || getppid() != parent) _exit(127);
  sigset_t none;
  sigemptyset(&none);
  sigprocmask(SIG_SETMASK, &none, nullptr);
  signal(SIGPIPE, SIG_DFL);
  int null = ::open("/dev/null", O_RDONLY);
  if (null < 0 || dup2(null, 0) < 0 || dup2(pipes.out.write.get(), 1) < 0 ||
      dup2(pipes.err.write.get(), 2) < 0)
    fail_start(pipes);
  if (!image.directory.empty() && chdir(image.directory.c_str()) != 0) fail_start(pipes);
  execve(image.file.c_str(), image.arguments.data(), image.environment.data());
  fail_start(pipes);
}

// Takes what `fd` has to give into `text`; false at its end.
bool drain(int fd, std::string& text) {
  std::array<char, 65536> buffer;
  auto size = ::read(fd, buffer.data(), buffer.size());
  if (size > 0) text.append(buffer.data(), static_cast<std::size_t>(size));
  return size > 0 || (size < 0 && errno == EINTR);
}

void collect(const Pipes& pipes, ProcessResult& result) {
  std::array<pollfd, 2> fds = {pollfd{pipes.out.read.get(), POLLIN, 0},
                               pollfd{pipes.err.read.get(), POLLIN, 0}};
  while (fds[0].fd >= 0 || fds[1].fd >= 0) {
    if (poll(fds.data(), fds.size(), -1) < 0) continue;  // EINTR
    if (fds[0].revents && !drain(fds[0].fd, result.out)) fds[0].fd = -1;
    if (fds[1].revents && !drain(fds[1].fd, result.err)) fds[1].fd = -1;
  }
}

int reap(pid_t child) {
  int status = 0;
  while (waitpid(child, &status, 0) < 0)
    if (errno != EINTR) return kNotFound;
  return WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
}

bool is_program(const std::filesystem::path& file) {
  std::error_code error;
  return std::filesystem::is_regular_file(file, error) && access(file.c_str(), X_OK) == 0;
}

}  // namespace

Outcome<std::filesystem::path> find_program(const std::string& name) {
  if (name.find('/') != std::string::npos) return std::filesystem::path(name);
  const char* path = std::getenv("PATH");
  std::istringstream folders(std::string(path ? path : "/usr/bin:/bin") +
                             ":/usr/local/sbin:/usr/sbin:/sbin");
  for (std::string folder; std::getline(folders, folder, ':');)
    if (!folder.empty() && is_program(folder + "/" + name))
      return std::filesystem::path(folder) / name;
  return Failure{fmt::format("{}: no such program in PATH or the sbin folders", name)};
}

Outcome<ProcessResult> run_process(const Process& process) {
  auto image = TRY(make_image(process));
  auto pipes = TRY(make_pipes());
  pid_t parent = getpid(), child = fork();
  if (child < 0) return system_failure("fork for", image.file);
  if (child == 0) become(image, pipes, parent);
  pipes.out.write.reset();
  pipes.err.write.reset();
  pipes.start.write.reset();
  ProcessResult result;
  collect(pipes, result);
  result.status = reap(child);
  int error = 0;
  if (::read(pipes.start.read.get(), &error, sizeof error) == sizeof error) {
    errno = error;
    return system_failure("run", image.file);
  }
  return result;
}

Outcome<std::string> output_of(const Process& process) {
  auto result = TRY(run_process(process));
  if (result.status == 0) return std::move(result.out);
  auto reason = result.err.substr(0, result.err.find('\n'));
  return Failure{fmt::format("{}: exit status {}: {}", process.argv[0], result.status,
                             reason.empty() ? "no reason given" : reason)};
}

}  // namespace ringside
