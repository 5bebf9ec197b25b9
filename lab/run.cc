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
#include "user/cache/cache.hh"

namespace ringside::lab {
namespace {

using Seconds = std::chrono::duration<double>;

constexpr std::size_t kHighWater = 256 * 1024;  // bytes under way in one direction at most
constexpr std::size_t kChunk = 32768;
constexpr std::size_t kPipeChunk = 4096;  // PIPE_BUF: a pipe that polls writable takes as much
constexpr int kTick = 100;                // ms: how late a limit may be noticed
constexpr unsigned long kTaintDie = 1ul << 7;

// Of the host's time. The guest's watchdog reports a stuck CPU after about 22 s; the limit leaves
// it the time to say so. A counting guest is several times slower.
constexpr Seconds kHangLimit{40}, kCountingHangLimit{120};
constexpr Seconds kHeartbeat{1}, kCountingHeartbeat{5};
constexpr Seconds kOopsGrace{10};   // for the whole report of an oops
constexpr Seconds kAfterOops{0.3};  // for a panic that follows it
constexpr Seconds kPanicGrace{5};   // for the report of a panic; QEMU ends by itself after it
constexpr Seconds kKillGrace{3};    // for a command to die of SIGKILL
constexpr Seconds kNmiGrace{5};     // for the report of the NMI after a hang

// Where one of the command's outputs goes.
struct Sink {
  int fd = -1;
  std::string* capture = nullptr;
  std::string waiting;  // for fd
  bool ended = false;

  void take(const std::string& bytes) { (fd >= 0 ? waiting : *capture) += bytes; }
  // Writes what fits without blocking, though fd itself blocks.
  void flush();
  // Writes all; for the end of a run.
  void flush_all();
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

void Sink::flush_all() {
  pollfd one{fd, POLLOUT, 0};
  while (!waiting.empty() && ::poll(&one, 1, -1) > 0) {
    if ((one.revents & POLLOUT) == 0) return;
    flush();
  }
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
  void heartbeat();
  bool over();
  bool over_by_kernel();
  bool over_by_exit();
  bool over_by_limit();
  bool hangs();
  bool end(Ending ending, int status, std::string message = {});
  bool waited(std::optional<Clock::time_point>& since, Seconds limit);

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
  int tick_ = kTick;
  Clock::time_point start_ = Clock::now(), heard_ = start_, asked_ = start_;
  std::optional<Clock::time_point> oops_, oops_complete_, panic_, killed_, nmi_;
};

Run::Run(Guest& guest, const Options& options, std::uint32_t number, const Request& request)
    : guest_(guest),
      options_(options),
      number_(number),
      input_(request.input),
      input_fd_(request.input_fd),
      timeout_(request.timeout > 0 ? request.timeout : options.timeout) {
  out_ = {request.out_fd, &result_.out, {}, false};
  err_ = {request.err_fd, &result_.err, {}, false};
  guest_.console().forget_oops();
  guest_.send(kControl, Type::kRun, number_, encode(command_of(request)));
}

RunResult Run::execute() {
  do {
    round();
  } while (!over());
  if (result_.ending != Ending::kCancelled) {
    out_.flush_all();
    err_.flush_all();
  }
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
  guest_.poll(extra, tick_, {out_.waiting.size() < kHighWater, err_.waiting.size() < kHighWater});
  if (extra[0].revents != 0) send_input(extra[0].revents);
  take_output(kOut, out_);
  take_output(kErr, err_);
  take_control();
  heartbeat();
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
    heard_ = Clock::now();
    if (message->run != number_) continue;
    if (message->type == Type::kEof) sink.ended = true;
    sink.take(message->payload);
  }
  if (sink.fd >= 0) sink.flush();
}

void Run::take_control() {
  while (auto message = guest_.next(kControl)) {
    heard_ = Clock::now();
    if (message->type == Type::kNmi) guest_.inject_nmi();
    if (message->type != Type::kExit || message->run != number_) continue;
    auto exit = decode_exit(message->payload);
    if (!exit) continue;
    exit_ = *exit;
    result_.tainted = exit->tainted;
  }
}

void Run::heartbeat() {
  if (Clock::now() - asked_ < (options_.count ? kCountingHeartbeat : kHeartbeat)) return;
  asked_ = Clock::now();
  if (guest_.waiting(kControl) == 0) guest_.send(kControl, Type::kHeartbeat, number_);
}

bool Run::end(Ending ending, int status, std::string message) {
  result_.ending = ending;
  result_.status = status;
  result_.message = std::move(message);
  return true;
}

// True once `limit` has passed since the first call.
bool Run::waited(std::optional<Clock::time_point>& since, Seconds limit) {
  if (!since) since = Clock::now();
  return Clock::now() - *since >= limit;
}

bool Run::over() {
  if (is_cancelled(options_.cancel_fd)) return end(Ending::kCancelled, 128 + SIGINT, "interrupted");
  if (guest_.broken())
    return end(Ending::kLab, kLabItself, describe(*guest_.broken(), "the agent's messages"));
  bool oops = guest_.console().oops() && !options_.oops_allowed;
  tick_ = oops || guest_.console().panic() ? kTick / 10 : kTick;
  if (guest_.console().panic() || oops) return over_by_kernel();
  if (exit_ && out_.ended && err_.ended) return over_by_exit();
  if (guest_.ended()) return end(Ending::kDied, kGuestDied, "the guest ended by itself");
  return over_by_limit();
}

// The kernel has said that it is broken; over once the report is complete.
// A decoder of oopses has its place here: the report is in console().
bool Run::over_by_kernel() {
  auto& console = guest_.console();
  if (console.panic()) {
    if (!guest_.ended() && !waited(panic_, kPanicGrace)) return false;
    if (nmi_) return hangs();  // the panic is the NMI's report
    return end(Ending::kPanic, kGuestPanic, console.first_line());
  }
  bool complete = console.oops_complete() && waited(oops_complete_, kAfterOops);
  if (!guest_.ended() && !complete && !waited(oops_, kOopsGrace)) return false;
  return end(Ending::kOops, kGuestOops, console.first_line());
}

bool Run::over_by_exit() {
  result_.signal = exit_->signal;
  survived_ = true;
  if (killed_) return end(Ending::kTimeout, kTimeLimit, "the time limit was reached");
  if ((exit_->tainted & kTaintDie) != 0 && !options_.oops_allowed) {
    survived_ = false;
    return end(Ending::kOops, kGuestOops, "the kernel's taint flags tell of an oops");
  }
  const auto& allowed_oops = guest_.console().first_line();  // empty where there was none
  if (exit_->signal != 0) return end(Ending::kSignal, 128 + exit_->signal, allowed_oops);
  return end(Ending::kExit, exit_->status, allowed_oops);
}

bool Run::over_by_limit() {
  if (timeout_ > Seconds(0) && Clock::now() - start_ >= timeout_) {
    if (!killed_) guest_.send(kControl, Type::kSignal, number_, encode_u32(SIGKILL));
    if (waited(killed_, kKillGrace))
      return end(Ending::kTimeout, kTimeLimit,
                 "the time limit was reached, and the command could not be killed");
  }
  if (Clock::now() - heard_ < (options_.count ? kCountingHangLimit : kHangLimit)) return false;
  if (options_.nmi && !nmi_) guest_.inject_nmi();
  if (options_.nmi && !waited(nmi_, kNmiGrace)) return false;
  return hangs();
}

bool Run::hangs() {
  return end(Ending::kHang, kGuestHang,
             fmt::format("the guest has not answered for {:.0f} s",
                         Seconds(Clock::now() - heard_).count()));
}

}  // namespace

bool is_cancelled(int fd) {
  pollfd one{fd, POLLIN, 0};
  return fd >= 0 && ::poll(&one, 1, 0) > 0;
}

RunResult run_command(Guest& guest, const Options& options, std::uint32_t number,
                      const Request& request, bool& survived) {
  Run run(guest, options, number, request);
  auto result = run.execute();
  survived = run.survived();
  return result;
}

}  // namespace ringside::lab
