// A run is a loop of rounds: move bytes, then ask in a fixed order whether it is over. The order is
// what makes the answers exact: a panic outranks the oops that led to it, both outrank the end of
// QEMU that follows, and a command's exit counts only once both its outputs have ended.
#include "lab/run.hh"

#include <fmt/format.h>
#include <signal.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <map>

#include "lab/initramfs.hh"
#include "lab/watch.hh"
#include "user/cache/cache.hh"

namespace ringside::lab {
namespace {

constexpr std::size_t kHighWater = 256 * 1024;  // bytes under way in one direction at most
constexpr std::size_t kChunk = 32768;
constexpr std::size_t kPipeChunk = 4096;  // PIPE_BUF: a pipe that polls writable takes as much
constexpr unsigned long kTaintDie = 1ul << 7;
constexpr Seconds kKillGrace{3};  // for a command to die of SIGKILL

// Where one of the command's outputs goes.
struct Sink {
  int fd = -1;
  std::string* capture = nullptr;
  std::string waiting;  // for fd
  bool ended = false;

  void take(const std::string& bytes) { (fd >= 0 ? waiting : *capture) += bytes; }
  // Writes what fits without blocking, though fd itself blocks.
  void flush();
  // Writes all, for the end of a run, and waits for the reader; false where the caller cancelled
  // before all was taken.
  bool flush_all(int cancel_fd);
};

bool writable(int fd) {
  pollfd one{fd, POLLOUT, 0};
  return ::poll(&one, 1, 0) > 0 && (one.revents & POLLOUT) != 0;
}

void Sink::flush() {
  std::size_t done = 0;
  while (done < waiting.size() && writable(fd)) {
    auto n = write(fd, waiting.data() + done, std::min(kPipeChunk, waiting.size() - done));
    if (n < 0 && errno != EAGAIN && errno != EINTR) n = waiting.size() - done;  // no reader is left
    if (n > 0) done += n;
  }
  waiting.erase(0, done);
}

bool Sink::flush_all(int cancel_fd) {
  pollfd both[] = {{fd, POLLOUT, 0}, {cancel_fd, POLLIN, 0}};
  while (!waiting.empty() && ::poll(both, 2, -1) > 0) {
    if (both[1].revents != 0) return false;
    if ((both[0].revents & POLLOUT) == 0) return true;
    flush();
  }
  return true;
}

Command command_of(const Request& request) {
  std::map<std::string, std::string> variables = {
      {"PATH", program_directory().string() +
                   ":/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"},
      {"HOME", "/root"},
      {"USER", "root"},
      {"LOGNAME", "root"},
      {"SHELL", "/bin/sh"},
      {"LANG", "C.UTF-8"},
      {"XDG_CACHE_HOME", cache::root().parent_path().string()},  // kernels and indexes of the host
  };
  if (const char* term = std::getenv("TERM")) variables["TERM"] = term;
  for (const auto& text : request.environment) {
    auto equals = text.find('=');
    if (equals != text.npos) variables[text.substr(0, equals)] = text.substr(equals + 1);
  }
  Command command{request.argv, {}, request.directory};
  for (const auto& [name, value] : variables) command.environment.push_back(name + "=" + value);
  std::error_code error;
  if (command.directory.empty()) command.directory = std::filesystem::current_path(error).string();
  return command;
}

class Run {
 public:
  Run(Guest& guest, const Options& options, std::uint32_t number, const Request& request);
  RunResult execute();
  bool survived() const { return survived_; }

 private:
  void round();
  void send_input(short revents);
  void take_output(PortIndex port, Sink& sink);
  void take_control();
  bool over();
  bool over_by_exit();
  bool over_by_time();
  bool end(std::optional<End> end);

  Guest& guest_;
  const Options& options_;
  std::uint32_t number_;
  RunResult result_;
  Sink out_, err_;
  std::string_view input_;  // what of the request's bytes is still to be sent
  int input_fd_;
  Seconds timeout_;
  bool input_ended_ = false;
  std::optional<Exit> exit_;
  bool survived_ = false;
  Watch watch_;
  Clock::time_point start_ = Clock::now();
  std::optional<Clock::time_point> killed_;
};

Run::Run(Guest& guest, const Options& options, std::uint32_t number, const Request& request)
    : guest_(guest),
      options_(options),
      number_(number),
      input_(request.input),
      input_fd_(request.input_fd),
      timeout_(request.timeout > 0 ? request.timeout : options.timeout),
      watch_(guest, options) {
  out_ = {request.out_fd, &result_.out, {}, false};
  err_ = {request.err_fd, &result_.err, {}, false};
  if (options.oops_allowed) guest_.console().forget_oops();
  guest_.send(kControl, Type::kRun, number_, encode(command_of(request)));
}

RunResult Run::execute() {
  do {
    round();
  } while (!over());
  if (result_.ending != Ending::kCancelled &&
      !(out_.flush_all(options_.cancel_fd) && err_.flush_all(options_.cancel_fd)))
    end(cancelled());
  result_.seconds = Seconds(Clock::now() - start_).count();
  result_.console = guest_.console().tail();
  return std::move(result_);
}

void Run::round() {
  bool feed = !input_ended_ && guest_.waiting(kIn) < kHighWater;
  if (feed && input_fd_ < 0) send_input(POLLIN);
  pollfd extra[] = {{feed ? input_fd_ : -1, POLLIN, 0},
                    {out_.waiting.empty() ? -1 : out_.fd, POLLOUT, 0},
                    {err_.waiting.empty() ? -1 : err_.fd, POLLOUT, 0},
                    {options_.cancel_fd, POLLIN, 0}};
  guest_.poll(extra, watch_.tick(),
              {out_.waiting.size() < kHighWater, err_.waiting.size() < kHighWater});
  if (extra[0].revents != 0) send_input(extra[0].revents);
  take_output(kOut, out_);
  take_output(kErr, err_);
  take_control();
  watch_.heartbeat(number_);
}

// One chunk of standard input to the guest, or its end.
void Run::send_input(short revents) {
  char chunk[kChunk];
  std::string_view bytes = input_.substr(0, kChunk);
  if (input_fd_ >= 0) {
    auto n = (revents & (POLLIN | POLLHUP)) != 0 ? ::read(input_fd_, chunk, sizeof chunk) : 0;
    if (n < 0 && (errno == EAGAIN || errno == EINTR)) return;
    bytes = {chunk, static_cast<std::size_t>(std::max<ssize_t>(n, 0))};
  } else {
    input_.remove_prefix(bytes.size());
  }
  input_ended_ = bytes.empty();
  guest_.send(kIn, input_ended_ ? Type::kEof : Type::kData, number_, bytes);
}

void Run::take_output(PortIndex port, Sink& sink) {
  while (auto message = guest_.next(port)) {
    watch_.heard();
    if (message->run != number_) continue;
    if (message->type == Type::kEof) sink.ended = true;
    sink.take(message->payload);
  }
  if (sink.fd >= 0) sink.flush();
}

void Run::take_control() {
  while (auto message = guest_.next(kControl)) {
    watch_.heard();
    if (message->type == Type::kNmi) guest_.inject_nmi();
    if (message->type != Type::kExit || message->run != number_) continue;
    auto exit = decode_exit(message->payload);
    if (!exit) return guest_.refuse(exit.error());
    exit_ = *exit;
    result_.tainted = exit->tainted;
  }
}

bool Run::end(std::optional<End> end) {
  if (!end) return false;
  result_.ending = end->ending;
  result_.status = end->status;
  result_.message = std::move(end->message);
  return true;
}

bool Run::over() {
  if (end(watch_.failure())) return true;
  if (watch_.failing()) return false;
  if (exit_ && out_.ended && err_.ended) return over_by_exit();
  return end(watch_.death()) || over_by_time() || end(watch_.silence());
}

bool Run::over_by_exit() {
  result_.signal = exit_->signal;
  survived_ = true;
  if (killed_) return end(End{Ending::kTimeout, kTimeLimit, "the time limit was reached"});
  if ((exit_->tainted & kTaintDie) != 0 && !options_.oops_allowed) {
    survived_ = false;
    return end(End{Ending::kOops, kGuestOops, "the kernel's taint flags tell of an oops"});
  }
  const auto& allowed_oops = guest_.console().first_line();  // empty where there was none
  if (exit_->signal != 0) return end(End{Ending::kSignal, 128 + result_.signal, allowed_oops});
  return end(End{Ending::kExit, static_cast<int>(exit_->status), allowed_oops});
}

bool Run::over_by_time() {
  if (timeout_ <= Seconds(0) || Clock::now() - start_ < timeout_) return false;
  if (!killed_) guest_.send(kControl, Type::kSignal, number_, encode_u32(SIGKILL));
  if (!waited(killed_, kKillGrace)) return false;
  return end(End{Ending::kTimeout, kTimeLimit,
                 "the time limit was reached, and the command could not be killed"});
}

}  // namespace

RunResult run_command(Guest& guest, const Options& options, std::uint32_t number,
                      const Request& request, bool& survived) {
  Run run(guest, options, number, request);
  auto result = run.execute();
  survived = run.survived();
  return result;
}

}  // namespace ringside::lab
