// How a guest fares, whether it runs a command or waits for one. What its kernel has said outranks
// the end of QEMU that follows, and a guest that says nothing is asked by heartbeats.
#pragma once

#include <chrono>
#include <optional>
#include <string>

#include "lab/guest.hh"
#include "lab/lab.hh"

namespace ringside::lab {

using Clock = std::chrono::steady_clock;
using Seconds = std::chrono::duration<double>;

// Why a run, or the whole guest, is over.
struct End {
  Ending ending;
  int status;
  std::string message;
};

class Watch {
 public:
  Watch(Guest& guest, const Options& options) : guest_(guest), options_(options) {}

  // For the loop that polls the guest: how long it may wait (ms), that the agent has spoken, and
  // that it is to be asked in the name of the `run`-th command.
  int tick() const;
  void heard() { heard_ = Clock::now(); }
  void heartbeat(std::uint32_t run);

  // The caller's wish, the agent's wrong words, or a panic or oops whose report is complete.
  std::optional<End> failure();
  // A panic or oops has begun.
  bool failing() const;
  // QEMU has ended by itself.
  std::optional<End> death() const;
  // The guest has answered nothing for too long.
  std::optional<End> silence();

 private:
  std::optional<End> by_kernel();
  End hang() const;

  Guest& guest_;
  const Options& options_;
  Clock::time_point heard_ = Clock::now(), asked_ = heard_;
  std::optional<Clock::time_point> oops_, oops_complete_, panic_, nmi_;
};

// True once `limit` has passed since the first call with this `since`.
bool waited(std::optional<Clock::time_point>& since, Seconds limit);

// True where `fd` is given and readable: the caller wants an end, and this one.
bool is_cancelled(int fd);
End cancelled();

}  // namespace ringside::lab
