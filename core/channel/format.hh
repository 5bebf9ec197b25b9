// The message and the ring as they lie in memory: include/ringside/uapi/channel.h for those who
// include nothing of a host (user/channels asserts that both are the same).
#pragma once

#include <cstddef>
#include <cstdint>

namespace ringside::channel {

enum class Type : std::uint16_t { kSkip = 0, kEcho = 1, kReply = 2, kData = 3, kEvent = 4 };

struct Header {
  std::uint32_t length;  // bytes of payload
  Type type;
  std::uint16_t reserved;
  std::uint64_t sequence;
};
inline constexpr std::size_t kHeader = sizeof(Header);
inline constexpr std::uint32_t kMostPayload = 1u << 20;

// What became of the DATA that one client has sent.
struct Counts {
  std::uint64_t messages, bytes, wrong, missing, repeated;
};

struct Positions {
  alignas(64) std::uint64_t written;
  alignas(64) std::uint64_t taken;
};
inline constexpr std::size_t kRingPage = 4096;  // Positions, before the bytes

}  // namespace ringside::channel
