// The message of all channels (format.hh), and the pattern by which a test
// knows that a payload is the one that belongs to its sequence.
#pragma once

#include <optional>
#include <span>

#include "core/base/bytes.hh"
#include "core/base/result.hh"
#include "core/channel/format.hh"

namespace ringside::channel {

// A message at the start of `bytes`: its header, and the payload behind it. Errors: no room for it,
// a payload that is too long, an unknown type, reserved bytes.
struct Message {
  Header header;
  Bytes payload;
};
Result<Message> read_message(Bytes bytes);

// A header field by field: as a whole it would pass through the stack, and through the check that
// kernels make of a stack on which something is copied.
inline Header load_header(Bytes bytes) {
  return {load<std::uint32_t>(bytes, 0), load<Type>(bytes, 4), load<std::uint16_t>(bytes, 6),
          load<std::uint64_t>(bytes, 8)};
}
inline void store_header(std::byte* to, const Header& header) {
  __builtin_memcpy(to, &header.length, sizeof header.length);
  __builtin_memcpy(to + 4, &header.type, sizeof header.type);
  __builtin_memcpy(to + 6, &header.reserved, sizeof header.reserved);
  __builtin_memcpy(to + 8, &header.sequence, sizeof header.sequence);
}

// Whether a header is that of a message (not SKIP), and reserves nothing.
inline bool is_message(const Header& header) {
  return header.type >= Type::kEcho && header.type <= Type::kEvent && header.reserved == 0;
}

// memcpy and memset without a call or a loop where that is shorter, for the small payloads that go
// by the million: the first and the last half of them, which may overlap.
template <std::size_t kHalf>
void copy_halves(std::byte* to, const std::byte* from, std::size_t bytes) {
  __builtin_memcpy(to, from, kHalf);
  __builtin_memcpy(to + bytes - kHalf, from + bytes - kHalf, kHalf);
}
inline void copy(std::byte* to, const std::byte* from, std::size_t bytes) {
  if (bytes - 32 <= 32) return copy_halves<32>(to, from, bytes);
  if (bytes - 8 <= 8) return copy_halves<8>(to, from, bytes);
  if (bytes - 16 <= 16) return copy_halves<16>(to, from, bytes);
  if (bytes != 0) __builtin_memcpy(to, from, bytes);
}
template <std::size_t kHalf>
void zero_halves(std::byte* to, std::size_t bytes) {
  __builtin_memset(to, 0, kHalf);
  __builtin_memset(to + bytes - kHalf, 0, kHalf);
}
inline void zero(std::byte* to, std::size_t bytes) {
  if (bytes - 32 <= 32) return zero_halves<32>(to, bytes);
  if (bytes - 8 <= 8) return zero_halves<8>(to, bytes);
  if (bytes - 16 <= 16) return zero_halves<16>(to, bytes);
  if (bytes != 0) __builtin_memset(to, 0, bytes);
}
// Of messages behind one another, each at a multiple of eight bytes, up to the end or to a SKIP
// (which may have room for its first half alone): the next one, which `run` then begins behind.
Result<std::optional<Message>> read_next(Bytes& run);

// Sets `payload` to the pattern of `sequence`; whether it has that.
void fill(std::span<std::byte> payload, std::uint64_t sequence);
// DATA as the kernel makes it: the pattern where it is checked, else zeroes.
inline void make_payload(std::span<std::byte> payload, std::uint64_t sequence, bool checked) {
  if (checked)
    fill(payload, sequence);
  else
    zero(payload.data(), payload.size());
}
bool is_filled(Bytes payload, std::uint64_t sequence);

// One client's DATA, in the order it comes.
class Sink {
 public:
  void set_checked(bool checked) { checked_ = checked; }
  void take(std::uint64_t sequence, Bytes payload) {
    ++counts_.messages;
    counts_.bytes += payload.size();
    if (checked_ && !is_filled(payload, sequence)) ++counts_.wrong;
    if (sequence == next_)
      ++next_;
    else
      take_astray(sequence);
  }
  const Counts& counts() const { return counts_; }

 private:
  void take_astray(std::uint64_t sequence);

  Counts counts_{};
  std::uint64_t next_ = 0;
  bool checked_ = false;
};

// What becomes of a whole message from a user, in memory that nobody else writes to: an ECHO turns
// into its REPLY in place, DATA is `sink`'s. The type that it has then; SKIP: refused.
inline Type serve(std::span<std::byte> message, Sink& sink) {
  if (message.size() < kHeader) return Type::kSkip;
  auto header = load_header(message);
  if (header.reserved != 0 || header.length != message.size() - kHeader) return Type::kSkip;
  if (header.type == Type::kData) {
    sink.take(header.sequence, message.subspan(kHeader));
    return Type::kData;
  }
  if (header.type != Type::kEcho) return Type::kSkip;
  header.type = Type::kReply;
  store_header(message.data(), header);
  return Type::kReply;
}

}  // namespace ringside::channel
