// Ring: messages through memory that both sides map. One side writes, the other takes. Positions
// and contents are the peer's: each side keeps its own position to itself, looks at the peer's
// once, and believes nothing of it; what is taken is copied before it is judged. A message lies in
// one piece, at a multiple of eight bytes; SKIP fills the end of the ring where the next one does
// not fit. After an Error the ring is of no use any more.
#pragma once

#include "core/channel/message.hh"

namespace ringside::channel {

class Ring {
 public:
  // Over `page`, and `bytes` behind it: a power of two, 4096 or more. Nothing of it is read.
  Ring(Positions* page, std::span<std::byte> bytes) : page_(page), bytes_(bytes) {}

  // The largest payload: a message and the SKIP before it never need more than the ring.
  std::size_t most() const { return bytes_.size() / 2 - kHeader; }

  // The writer's side. Room for a payload of `length`, at most most(); no value: full. It is the
  // reader's after put(), of the header that goes with it.
  Result<std::optional<std::span<std::byte>>> room(std::size_t length);
  void put(Header header);

  // The reader's side. The next message; no value: empty. Header and extent are checked, and kept;
  // the payload lies in the ring and may change until take() gives its place back.
  Result<std::optional<Message>> peek();
  void take();

 private:
  Result<std::uint64_t> used(std::uint64_t mine, std::uint64_t peers) const;
  std::byte* at(std::uint64_t position) { return bytes_.data() + (position & (bytes_.size() - 1)); }
  std::size_t left(std::uint64_t position) const {
    return bytes_.size() - (position & (bytes_.size() - 1));
  }

  Positions* page_;
  std::span<std::byte> bytes_;
  std::uint64_t position_ = 0;  // of this side
  std::uint64_t peer_ = 0;      // as it was last seen
  std::uint64_t after_ = 0;     // where the message ends that was peeked at
};

}  // namespace ringside::channel
