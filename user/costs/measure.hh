// What a message costs on a channel: the four services by size, on this machine, in the time of the
// monotonic clock, which under the lab's --count is instructions of both sides.
#pragma once

#include <array>
#include <string_view>
#include <vector>

#include "user/channels/channel.hh"

namespace ringside::costs {

enum class Service { kEcho, kStream, kSink, kNotify };
inline constexpr std::array<std::string_view, 4> kServices{"echo", "stream", "sink", "notify"};
inline constexpr std::array<std::size_t, 6> kSizes{8, 64, 1024, 4096, 65536, 1u << 20};

bool can(const channels::Ability& ability, Service service);

// One thing to measure: payloads of `bytes` (a notification has none), `batch` messages with one
// system call where the channel does so.
struct Point {
  Service service = Service::kEcho;
  std::size_t bytes = 0;
  unsigned batch = 1;
};

// All that a channel of this ability is measured at: what it can do, each size that it carries,
// singly and in batches as it makes them.
std::vector<Point> points_of(const channels::Ability& ability);

// Nanoseconds a message, a few samples of many messages each. A notification is all of it: asking
// for an event at once, and having slept until it was there.
Outcome<std::vector<double>> measure(channels::Channel& channel, const Point& point);

}  // namespace ringside::costs
