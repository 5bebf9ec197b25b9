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

// Of messages behind one another, each at a multiple of eight bytes, up to the end or to a SKIP
// (which may have room for its first half alone): the next one, which `run` then begins behind.
Result<std::optional<Message>> read_next(Bytes& run);

// Sets `payload` to the pattern of `sequence`; whether it has that.
void fill(std::span<std::byte> payload, std::uint64_t sequence);
bool is_filled(Bytes payload, std::uint64_t sequence);

// One client's DATA, in the order it comes.
class Sink {
 public:
  void set_checked(bool checked) { checked_ = checked; }
  void take(const Message& message);
  const Counts& counts() const { return counts_; }

 private:
  Counts counts_{};
  std::uint64_t next_ = 0;
  bool checked_ = false;
};

}  // namespace ringside::channel
