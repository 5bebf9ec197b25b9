// The limits, and the order in which a guest's signs count.
#include "lab/watch.hh"

#include <fmt/format.h>

#include <csignal>

namespace ringside::lab {
namespace {

constexpr int kTick = 100;  // ms: how late a limit may be noticed

// Of the host's time. The guest's watchdog reports a stuck CPU after about 22 s; the limit leaves
// it the time to say so. A counting guest is several times slower.
constexpr Seconds kHangLimit{40}, kCountingHangLimit{120};
constexpr Seconds kHeartbeat{1}, kCountingHeartbeat{5};
constexpr Seconds kOopsGrace{10};   // for the whole report of an oops
constexpr Seconds kAfterOops{0.3};  // for a panic that follows it
constexpr Seconds kPanicGrace{20};  // for the report of a panic; QEMU ends by itself after it
constexpr Seconds kNmiGrace{5};     // for the report of the NMI after a hang

Seconds hang_limit(const Options& options) {
  if (options.hang_limit > 0) return Seconds(options.hang_limit);
  return options.count ? kCountingHangLimit : kHangLimit;
}

}  // namespace

bool waited(std::optional<Clock::time_point>& since, Seconds limit) {
  if (!since) since = Clock::now();
  return Clock::now() - *since >= limit;
}

bool is_cancelled(int fd) {
  pollfd one{fd, POLLIN, 0};
  return fd >= 0 && ::poll(&one, 1, 0) > 0;
}

End cancelled() {
  return {Ending::kCancelled, 128 + SIGINT, "interrupted"};
}

int Watch::tick() const {
  return failing() ? kTick / 10 : kTick;
}

void Watch::heartbeat(std::uint32_t run) {
  if (Clock::now() - asked_ < (options_.count ? kCountingHeartbeat : kHeartbeat)) return;
  asked_ = Clock::now();
  if (guest_.waiting(kControl) == 0) guest_.send(kControl, Type::kHeartbeat, run);
}

std::optional<End> Watch::failure() {
  if (is_cancelled(options_.cancel_fd)) return cancelled();
  if (guest_.broken())
    return End{Ending::kLab, kLabItself, describe(*guest_.broken(), "the agent's messages")};
  return failing() ? by_kernel() : std::nullopt;
}

bool Watch::failing() const {
  const auto& console = guest_.console();
  return console.panic() || (console.oops() && !options_.oops_allowed);
}

// The kernel has said that it is broken; over once the report is complete.
// A decoder of oopses has its place here: the report is in console().
std::optional<End> Watch::by_kernel() {
  auto& console = guest_.console();
  if (console.panic()) {
    if (!guest_.ended() && !waited(panic_, kPanicGrace)) return std::nullopt;
    if (nmi_) return hang();  // the panic is the NMI's report
    return End{Ending::kPanic, kGuestPanic, console.first_line()};
  }
  bool complete = console.oops_complete() && waited(oops_complete_, kAfterOops);
  if (!guest_.ended() && !complete && !waited(oops_, kOopsGrace)) return std::nullopt;
  return End{Ending::kOops, kGuestOops, console.first_line()};
}

std::optional<End> Watch::death() const {
  if (!guest_.ended()) return std::nullopt;
  return End{Ending::kDied, kGuestDied, "the guest ended by itself"};
}

std::optional<End> Watch::silence() {
  if (Clock::now() - heard_ < hang_limit(options_)) return std::nullopt;
  if (options_.nmi && !nmi_) guest_.inject_nmi();
  if (options_.nmi && !waited(nmi_, kNmiGrace)) return std::nullopt;
  return hang();
}

End Watch::hang() const {
  return {Ending::kHang, kGuestHang,
          fmt::format("the guest has not answered for {:.0f} s",
                      Seconds(Clock::now() - heard_).count())};
}

}  // namespace ringside::lab
