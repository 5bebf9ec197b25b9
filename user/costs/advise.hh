// Advice: which channels fit a need, cheapest first, and why; by costs that were measured.
#pragma once

#include "user/costs/costs.hh"

namespace ringside::costs {

enum class Direction { kToUser, kToKernel, kBoth, kEvent };

struct Need {
  std::size_t bytes = 64;  // of a message
  double rate = 1000;      // messages a second
  Direction direction = Direction::kBoth;
  bool loss = false;  // messages may be lost, if the reader is told how many
};

struct Advice {
  std::string channel;
  bool fits = false;
  double cost = 0;  // of a message, where it fits
  std::string reason;
};

// Messages wait no longer than this for others to share a system call with.
inline constexpr double kMostDelay = 1e-3;  // seconds
// Below this share of a CPU, cost decides nothing: 1 million instructions or 1 ms a second.
inline constexpr double kNoMatter = 1e6;

// Every channel that was measured: first those that fit, cheapest first; those that cost next to
// nothing at this rate in the order of channels::kinds(), which begins with what is simplest.
std::vector<Advice> advise(const Need& need, const std::vector<Cost>& of_one_kernel);

}  // namespace ringside::costs
