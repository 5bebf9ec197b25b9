// A session: boot until the agent says hello, then one run after the other.
#include "lab/session.hh"

#include <fmt/format.h>
#include <unistd.h>

#include <csignal>

#include "lab/guest.hh"
#include "lab/run.hh"
#include "lab/watch.hh"
#include "user/process/process.hh"

namespace ringside::lab {

struct Session::State {
  std::unique_ptr<Guest> guest;
  Options options;
  std::string release;
  unsigned boots = 0;
  std::uint32_t runs = 0;
  bool alive = true;
  bool bye = false;  // the agent has written everything back

  StatusOf<Failure> boot(const Kernel& kernel, Accel accel);
  bool wait(int fd, Watch& watch);
  RunResult over(const End& end);
  RunResult bring_out();
};

namespace {

constexpr Seconds kWriteBack{60};  // for the guest to give away what it still holds

RunResult lab_result(std::string message) {
  RunResult result;
  result.message = std::move(message);
  return result;
}

// What went wrong, with the end of the console where there is one.
Failure boot_failure(Guest& guest, int status, const std::string& what) {
  auto console = guest.console().tail();
  while (console.ends_with('\n')) console.pop_back();
  if (console.empty()) return {what, status};
  return {fmt::format("{}; the end of its console:\n{}", what, console), status};
}

// Why QEMU ended before the guest began, in its own words.
Failure start_failure(Guest& guest, const Options& options) {
  auto hint = options.devices.empty() ? "" : "; qemu-system-x86_64 -device help lists its devices";
  return {fmt::format("QEMU did not start: {}{}", guest.qemu().complaint(), hint), kLabItself};
}

// Why the guest is not going to say hello, once that is clear.
std::optional<Failure> given_up(Guest& guest, const Options& options, Clock::time_point start) {
  if (is_cancelled(options.cancel_fd)) return Failure{"interrupted", 128 + SIGINT};
  if (guest.broken())
    return boot_failure(guest, kLabItself, describe(*guest.broken(), "the agent's messages"));
  if (guest.ended() && guest.console().panic())
    return boot_failure(guest, kGuestPanic, "the kernel panicked while booting");
  if (guest.ended() && guest.console().tail().empty()) return start_failure(guest, options);
  if (guest.ended())
    return boot_failure(guest, kGuestDied,
                        "the guest ended while booting " + guest.qemu().complaint());
  auto waited = std::chrono::duration<double>(Clock::now() - start).count();
  if (waited < options.boot_limit) return std::nullopt;
  return boot_failure(guest, kGuestHang,
                      fmt::format("the guest was not up after {:.0f} s", waited));
}

}  // namespace

Outcome<std::string> wait_for_hello(Guest& guest, const Options& options) {
  for (auto start = Clock::now();;) {
    pollfd cancel{options.cancel_fd, POLLIN, 0};
    guest.poll({&cancel, 1}, 100, {});
    if (auto message = guest.next(kControl)) return message->payload;
    if (auto failure = given_up(guest, options, start)) return *failure;
  }
}

// Until the agent says hello. With two CPUs under the TCG of QEMU 7.2 one boot in some thousand has
// died of a breakpoint where the kernel was patching itself. The likely cause is a race that 8.1
// mended ("accel/tcg: Always lock pages before translation"): what one CPU translates while another
// patches it keeps the passing breakpoint for good.
StatusOf<Failure> Session::State::boot(const Kernel& kernel, Accel accel) {
  constexpr unsigned kBoots = 3;
  for (;;) {
    guest = TRY(Guest::start(kernel, options, accel));
    auto hello = wait_for_hello(*guest, options);
    ++boots;
    if (hello) release = *hello;
    if (hello) return ok;
    bool emulators_fault =
        accel == Accel::kTcg && options.cpus > 1 && guest->console().breakpoint();
    if (!emulators_fault || boots == kBoots) return hello.error();
  }
}

// Lets the guest go on for a moment, without a command; true where `fd` became readable.
bool Session::State::wait(int fd, Watch& watch) {
  pollfd extra[] = {{fd, POLLIN, 0}, {options.cancel_fd, POLLIN, 0}};
  guest->poll(extra, watch.tick(), {});
  while (auto message = guest->next(kControl)) {
    watch.heard();
    if (message->type == Type::kNmi) guest->inject_nmi();
    if (message->type == Type::kBye) bye = true;
  }
  watch.heartbeat(runs);
  return extra[0].revents != 0;
}

// Ends QEMU, whose own good order only disks need.
RunResult Session::State::over(const End& end) {
  alive = false;
  RunResult result;
  result.ending = end.ending;
  result.status = end.status;
  result.message = end.message;
  result.console = guest->console().tail();
  bool has_disks = !options.disks.empty() || !options.drives.empty();
  has_disks ? guest->qemu().quit() : guest->qemu().stop();
  return result;
}

// Without 9p, what the commands wrote below --out comes over as an archive.
RunResult Session::State::bring_out() {
  std::error_code error;
  auto folder = std::filesystem::canonical(options.out, error).string();
  auto archive = memory_file("out", "");
  if (!archive) return lab_result(archive.error().message);
  Request request;
  request.argv = {"tar", "--create", "--directory", folder, "."};
  request.out_fd = archive->get();
  request.timeout = kWriteBack.count();
  auto packed = run_command(*guest, options, ++runs, request, alive);
  if (packed.ending != Ending::kExit) return packed;
  if (packed.status != 0) return lab_result(packed.err.substr(0, packed.err.find('\n')));
  auto file = fmt::format("/proc/{}/fd/{}", getpid(), archive->get());
  auto unpacked = output_of({{"tar", "--extract", "--no-same-owner", "--no-overwrite-dir",
                              "--directory", folder, "--file", file},
                             {},
                             {}});
  return unpacked ? packed : lab_result(unpacked.error().message);
}

Session::Session(std::unique_ptr<State> state) : state_(std::move(state)) {}
Session::Session(Session&&) noexcept = default;
Session& Session::operator=(Session&&) noexcept = default;
Session::~Session() = default;
bool Session::alive() const {
  return state_->alive;
}
unsigned Session::boots() const {
  return state_->boots;
}
const std::string& Session::release() const {
  return state_->release;
}

Outcome<Session> Session::boot(const Kernel& kernel, const Options& options) {
  auto accel = TRY(choose_accel(kernel, options));
  auto state = std::make_unique<State>();
  state->options = options;
  TRY(state->boot(kernel, accel));
  return Session(std::move(state));
}

RunResult Session::run(const Request& request) {
  if (!state_->alive) return lab_result("the session has ended");
  auto result =
      run_command(*state_->guest, state_->options, ++state_->runs, request, state_->alive);
  if (!state_->alive) state_->guest->qemu().stop();
  return result;
}

std::optional<RunResult> Session::idle(int fd) {
  if (!state_->alive) return lab_result("the session has ended");
  auto& state = *state_;
  Watch watch(*state.guest, state.options);
  for (;;) {
    bool readable = state.wait(fd, watch);
    auto end = watch.failure();
    if (!end && watch.failing()) continue;
    if (!end) end = watch.death();
    if (!end) end = watch.silence();
    if (end) return state.over(*end);
    if (readable) return std::nullopt;
  }
}

RunResult Session::end() {
  if (!state_->alive) return lab_result("the session has ended");
  auto& state = *state_;
  if (state.guest->root_on_disk() && !state.options.out.empty())
    if (auto out = state.bring_out(); out.ending != Ending::kExit)
      return state.over({out.ending, out.status, "bringing --out over: " + out.message});
  state.guest->send(kControl, Type::kShutdown, 0);
  Watch watch(*state.guest, state.options);
  for (auto start = Clock::now();;) {
    state.wait(-1, watch);
    auto end = watch.failure();
    if (!end && watch.failing()) continue;
    if (!end && state.bye) end = End{Ending::kExit, kYes, ""};
    if (!end) end = watch.death();
    if (!end && Clock::now() - start >= kWriteBack)
      end =
          End{Ending::kHang, kGuestHang,
              fmt::format("the guest has not written everything back in {} s", kWriteBack.count())};
    if (end) return state.over(*end);
  }
}

const char* name_of(Ending ending) {
  constexpr const char* kNames[] = {"exit", "signal",  "oops", "panic",    "hang",
                                    "died", "timeout", "lab",  "cancelled"};
  return kNames[static_cast<unsigned>(ending)];
}

}  // namespace ringside::lab
