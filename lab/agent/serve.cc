// The agent's loop. One command runs at a time; its three pipes are carried over the in, out and
// err ports, and control says when it starts and ends. When the command itself has ended, what is
// in its pipes at that moment is the last of its output: children that it left behind in the
// background live on but hold nothing up. As PID 1 the agent also reaps every orphan.
#include <fcntl.h>
#include <poll.h>
#include <sys/ioctl.h>
#include <sys/signalfd.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <cstring>

#include "include/ringside/exit_status.hh"
#include "lab/agent/agent.hh"

namespace ringside::lab::agent {
namespace {

constexpr std::size_t kChunk = 32768 - kHeaderSize;  // one message is one write to a port
constexpr std::size_t kHighWater = 256 * 1024;       // output waiting for the host at most

// A command that is running, and the agent's ends of its pipes (-1: closed).
struct Running {
  std::uint32_t run = 0;
  pid_t pid = 0;  // 0: nothing is running
  int in = -1;
  int out = -1;
  int err = -1;
  std::string input;  // bytes for the command that its pipe has not taken yet
  bool input_ended = false;
};

void close_fd(int& fd) {
  if (fd >= 0) close(fd);
  fd = -1;
}

class Server {
 public:
  Server(Port (&ports)[kPortCount], const BootConfig& config);
  [[noreturn]] void loop();

 private:
  void poll_once();
  void on_control();
  void handle(const Message& message);
  void start(const Message& message);
  [[noreturn]] void become(const Command& command, int in, int out, int err);
  void on_input();
  void feed_command();
  void carry(int& fd, Port& port);
  void drain(int& fd, Port& port);
  void reap();
  void finish(int wait_status);
  void nmi_asked();

  Port& control_;
  Port& in_;
  Port& out_;
  Port& err_;
  Running command_;
  int children_ = -1;  // signalfd of SIGCHLD
  bool sees_host_;     // the root is the host's tree: an image never changes
  int nmi_ = -1;       // FIFO by which a command asks for an NMI
};

Server::Server(Port (&ports)[kPortCount], const BootConfig& config)
    : control_(ports[kControl]),
      in_(ports[kIn]),
      out_(ports[kOut]),
      err_(ports[kErr]),
      sees_host_(!config.root_on_disk) {
  sigset_t set;
  sigemptyset(&set);
  sigaddset(&set, SIGCHLD);
  sigprocmask(SIG_BLOCK, &set, nullptr);
  children_ = signalfd(-1, &set, SFD_NONBLOCK | SFD_CLOEXEC);
  signal(SIGPIPE, SIG_IGN);
  write_file("/proc/self/oom_score_adj", "-1000");
  if (config.nmi && mkfifo(kNmiPath, 0600) == 0)
    nmi_ = open(kNmiPath, O_RDWR | O_NONBLOCK | O_CLOEXEC);  // O_RDWR: it never reads as ended
}

void Server::loop() {
  for (;;) poll_once();
}

void Server::poll_once() {
  enum {
    kPollControl,
    kPollIn,
    kPollOut,
    kPollErr,
    kChildren,
    kNmi,
    kCommandIn,
    kCommandOut,
    kCommandErr,
    kCount
  };
  auto wants = [](const Port& port) -> short { return port.pending.empty() ? 0 : POLLOUT; };
  bool take_input = command_.input.size() < kHighWater;
  pollfd fds[kCount] = {
      {control_.fd, static_cast<short>(POLLIN | wants(control_)), 0},
      {take_input ? in_.fd : -1, POLLIN, 0},
      {out_.pending.empty() ? -1 : out_.fd, POLLOUT, 0},
      {err_.pending.empty() ? -1 : err_.fd, POLLOUT, 0},
      {children_, POLLIN, 0},
      {nmi_, POLLIN, 0},
      {command_.input.empty() ? -1 : command_.in, POLLOUT, 0},
      {out_.pending.size() < kHighWater ? command_.out : -1, POLLIN, 0},
      {err_.pending.size() < kHighWater ? command_.err : -1, POLLIN, 0},
  };
  if (poll(fds, kCount, -1) < 0) return;
  control_.flush();
  out_.flush();
  err_.flush();
  if (fds[kCommandIn].revents != 0) feed_command();
  if (fds[kCommandOut].revents != 0) carry(command_.out, out_);
  if (fds[kCommandErr].revents != 0) carry(command_.err, err_);
  if ((fds[kPollIn].revents & POLLIN) != 0) on_input();
  if ((fds[kPollControl].revents & POLLIN) != 0) on_control();
  if (fds[kNmi].revents != 0) nmi_asked();
  if (fds[kChildren].revents != 0) reap();
}

void Server::on_control() {
  control_.fill();
  for (;;) {
    auto message = control_.decoder.next();
    if (!message) die(std::string("control: ") + message.error().what);
    if (!*message) return;
    handle(**message);
  }
}

void Server::handle(const Message& message) {
  switch (message.type) {
    case Type::kRun:
      return start(message);
    case Type::kHeartbeat:
      return control_.send(Type::kHeartbeat, message.run, message.payload);
    case Type::kSignal: {
      auto number = decode_u32(message.payload);
      if (number && command_.pid > 0 && message.run == command_.run) kill(-command_.pid, *number);
      return;
    }
    case Type::kShutdown:
      sync();
      return control_.send(Type::kBye, message.run);
    default:
      die("control: message of the wrong direction");
  }
}

// Lets go of clean names, attributes and pages, so that the command sees the host's files as they
// are now, not as an earlier command of this session saw them.
void forget_files() {
  write_file("/proc/sys/vm/drop_caches", "3");
}

void Server::start(const Message& message) {
  auto command = decode_command(message.payload);
  if (!command) die(std::string("run: ") + command.error().what);
  if (command_.pid != 0) die("run: a command is running");
  if (message.run > 1 && sees_host_) forget_files();
  int in[2], out[2], err[2];
  require(pipe2(in, O_CLOEXEC) == 0 && pipe2(out, O_CLOEXEC) == 0 && pipe2(err, O_CLOEXEC) == 0,
          "pipes");
  pid_t pid = fork();
  require(pid >= 0, "fork");
  if (pid == 0) become(*command, in[0], out[1], err[1]);
  for (int fd : {in[0], out[1], err[1]}) close(fd);
  fcntl(in[1], F_SETFL, O_NONBLOCK);
  command_ = {message.run, pid, in[1], out[0], err[0], {}, false};
  on_input();  // its first bytes may have come before it
}

// In the child: the command, or as in sh 127 where it is not there and 126 where it cannot run.
void Server::become(const Command& command, int in, int out, int err) {
  setsid();
  dup2(in, STDIN_FILENO);
  dup2(out, STDOUT_FILENO);
  dup2(err, STDERR_FILENO);
  write_file("/proc/self/oom_score_adj", "0");
  sigset_t none;
  sigemptyset(&none);
  sigprocmask(SIG_SETMASK, &none, nullptr);
  signal(SIGPIPE, SIG_DFL);
  if (chdir(command.directory.c_str()) != 0 && chdir("/") != 0) _exit(kNotExecutable);
  std::vector<char*> argv;
  for (const auto& text : command.argv) argv.push_back(const_cast<char*>(text.c_str()));
  argv.push_back(nullptr);
  clearenv();
  for (const auto& text : command.environment) putenv(const_cast<char*>(text.c_str()));
  execvp(argv[0], argv.data());
  int error = errno;
  dprintf(STDERR_FILENO, "ringside lab: %s: %s\n", argv[0], std::strerror(error));
  _exit(error == ENOENT || error == ENOTDIR ? kNotFound : kNotExecutable);
}

// Takes what the in port holds: bytes of the running command are kept, those of an ended one are
// dropped, those of one that control has not announced yet stay in the decoder.
void Server::on_input() {
  in_.fill();
  while (command_.pid != 0) {
    auto message = in_.decoder.next();
    if (!message) die(std::string("in: ") + message.error().what);
    if (!*message) break;
    if ((*message)->run != command_.run) continue;
    if ((*message)->type == Type::kEof) command_.input_ended = true;
    command_.input += (*message)->payload;
  }
  feed_command();
}

void Server::feed_command() {
  if (command_.in < 0) {
    command_.input.clear();  // the command closed its standard input: the rest is lost
    return;
  }
  auto n = write(command_.in, command_.input.data(), command_.input.size());
  if (n > 0) command_.input.erase(0, n);
  bool gone = n < 0 && errno == EPIPE;
  if (gone || (command_.input_ended && command_.input.empty())) close_fd(command_.in);
  if (gone) command_.input.clear();
}

// Moves one chunk of the command's output to the host; at its end, says so.
void Server::carry(int& fd, Port& port) {
  char chunk[kChunk];
  auto n = read(fd, chunk, sizeof chunk);
  if (n > 0) return port.send(Type::kData, command_.run, {chunk, static_cast<std::size_t>(n)});
  close_fd(fd);
  port.send(Type::kEof, command_.run);
}

// Moves what is in the pipe now, and no more: a background child may write for ever.
void Server::drain(int& fd, Port& port) {
  int left = 0;
  if (fd >= 0 && ioctl(fd, FIONREAD, &left) != 0) left = 0;
  while (fd >= 0 && left > 0) {
    char chunk[kChunk];
    auto n = read(fd, chunk, std::min<std::size_t>(left, sizeof chunk));
    if (n <= 0) break;
    port.send(Type::kData, command_.run, {chunk, static_cast<std::size_t>(n)});
    left -= n;
  }
  if (fd >= 0) port.send(Type::kEof, command_.run);
  close_fd(fd);
}

void Server::reap() {
  signalfd_siginfo info;
  while (read(children_, &info, sizeof info) > 0) continue;
  int status = 0;
  for (pid_t pid = 0; (pid = waitpid(-1, &status, WNOHANG)) > 0;)
    if (pid == command_.pid) finish(status);
}

void Server::finish(int wait_status) {
  drain(command_.out, out_);
  drain(command_.err, err_);
  close_fd(command_.in);
  Exit exit;
  if (WIFSIGNALED(wait_status)) exit.signal = WTERMSIG(wait_status);
  if (WIFEXITED(wait_status)) exit.status = WEXITSTATUS(wait_status);
  exit.tainted = std::strtoull(read_file("/proc/sys/kernel/tainted").c_str(), nullptr, 10);
  control_.send(Type::kExit, command_.run, encode(exit));
  command_ = {};
}

void Server::nmi_asked() {
  char bytes[256];
  if (read(nmi_, bytes, sizeof bytes) > 0) control_.send(Type::kNmi, command_.run);
}

}  // namespace

void serve(Port (&ports)[kPortCount], const BootConfig& config) {
  Server(ports, config).loop();
}

}  // namespace ringside::lab::agent
