// Ring: messages through memory that both sides map. One side writes, the other takes. Positions
// and contents are the peer's: each side keeps its own position to itself, looks at the peer's
// once, and believes nothing of it; what is taken is copied before it is judged. A message lies in
// one piece, at a multiple of eight bytes; SKIP fills the end of the ring where the next one does
// not fit. After an Error the ring is of no use any more.
#pragma once

#include "core/channel/message.hh"

namespace ringside::channel {

// Loaded exactly once: the peer may change it at any time.
template <class Word>
Word once(const std::byte* from) {
  return __atomic_load_n(reinterpret_cast<const Word*>(from), __ATOMIC_RELAXED);
}
inline Header header_at(const std::byte* from) {
  return {once<std::uint32_t>(from), static_cast<Type>(once<std::uint16_t>(from + 4)),
          once<std::uint16_t>(from + 6), once<std::uint64_t>(from + 8)};
}

class Ring {
 public:
  // Over `page`, and `bytes` behind it: a power of two, 4096 or more. Nothing of it is read.
  Ring(Positions* page, std::span<std::byte> bytes)
      : page_(page), bytes_(bytes), most_(most_in(bytes.size())) {}

  // The largest payload: a message's, as far as it and the SKIP before it need no more than the
  // ring.
  std::size_t most() const { return most_; }

  // The quick ways, for what is there in one piece by the positions that were seen last; null and
  // false: room() and peek() find out why. What they give is what those would.
  std::byte* place(std::size_t length) {
    bool there = length <= most() && position_ + extent_of(length) <= reach_;
    return there ? at(position_) + kHeader : nullptr;
  }
  bool next(Message& message) {
    if (position_ >= reach_) look();
    if (position_ + kHeader > reach_) return false;
    message.header = header_at(at(position_));
    const auto& header = message.header;
    after_ = position_ + extent_of(header.length);
    if (!is_message(header) || header.length > most() || after_ > reach_) return false;
    message.payload = Bytes(at(position_) + kHeader, header.length);
    return true;
  }

  // Many at once. Gives take(sequence, payload) up to `count` messages of `type` that follow each
  // other in one piece, and their place back when all are taken; how many. Stops before any other,
  // which peek() tells about.
  template <class Take>
  unsigned take_each(Type type, unsigned count, Take take);
  // Puts `payloads`, numbered from `first` on, that have room in one piece; how many. Where not
  // all, room() tells why.
  std::size_t put_each(Type type, std::uint64_t first, std::span<const Bytes> payloads);
  // Takes DATA so, each copied to `to` (room for most()) before `sink` has it.
  unsigned take_data(Sink& sink, std::byte* to, unsigned count);
  // Makes up to `count` DATA of `length` bytes from number `first` on; fewer: full.
  Result<unsigned> make_data(std::uint64_t first, std::uint32_t length, bool checked,
                             unsigned count);

  // The writer's side. Room for a payload of `length`, at most most(); no value: full. It is the
  // reader's after put(), of the header that goes with it.
  Result<std::optional<std::span<std::byte>>> room(std::size_t length);
  void put(const Header& header) {
    __builtin_memcpy(at(position_), &header, kHeader);
    position_ += extent_of(header.length);
    release(page_->written, position_);
  }

  // The reader's side. The next message; no value: empty. Header and extent are checked, and kept;
  // the payload lies in the ring and may change until take() gives its place back.
  Result<std::optional<Message>> peek();
  void take() {
    position_ = after_;
    release(page_->taken, position_);
  }

 private:
  static constexpr std::size_t most_in(std::size_t bytes) {
    auto half = bytes / 2 - kHeader;
    return half < kMostPayload ? half : kMostPayload;
  }
  static constexpr std::uint64_t extent_of(std::size_t length) {
    return (kHeader + length + 7) / 8 * 8;
  }
  unsigned make_piece(std::uint64_t first, std::uint32_t length, bool checked, unsigned count);
  static std::uint64_t acquire(const std::uint64_t& position) {
    return __atomic_load_n(&position, __ATOMIC_ACQUIRE);
  }
  static void release(std::uint64_t& position, std::uint64_t value) {
    __atomic_store_n(&position, value, __ATOMIC_RELEASE);
  }
  Result<std::uint64_t> used(std::uint64_t mine, std::uint64_t peers) const;
  void look();
  void reach(std::uint64_t end) {
    auto piece = position_ + left(position_);
    reach_ = end < piece ? end : piece;
  }
  std::byte* at(std::uint64_t position) { return bytes_.data() + (position & (bytes_.size() - 1)); }
  std::size_t left(std::uint64_t position) const {
    return bytes_.size() - (position & (bytes_.size() - 1));
  }

  Positions* page_;
  std::span<std::byte> bytes_;
  std::size_t most_;
  std::uint64_t position_ = 0;  // of this side
  std::uint64_t peer_ = 0;      // as it was last seen
  std::uint64_t after_ = 0;     // where the message ends that was peeked at
  std::uint64_t reach_ = 0;     // up to where this side may go on, in one piece
};

// What a message's header says beside its length and number, as it lies in memory.
struct Mark {
  Type type;
  std::uint16_t reserved = 0;
};
inline std::uint32_t word_of(Mark mark) {
  return __builtin_bit_cast(std::uint32_t, mark);
}

// In registers, as the bytes that `take` writes might be this object's for all a compiler knows.
template <class Take>
unsigned Ring::take_each(Type type, unsigned count, Take take) {
  if (position_ >= reach_) look();
  const auto* const begin = at(position_);
  const auto* from = begin;
  auto there = static_cast<std::size_t>(reach_ - position_);
  const auto most = this->most();
  const auto mark = word_of({type});
  unsigned taken = 0;
  for (; taken < count && there >= kHeader; ++taken) {
    auto length = once<std::uint32_t>(from);
    auto extent = extent_of(length);
    if (once<std::uint32_t>(from + 4) != mark || length > most || extent > there) break;
    take(once<std::uint64_t>(from + 8), Bytes(from + kHeader, length));
    from += extent, there -= extent;
  }
  position_ += static_cast<std::size_t>(from - begin);
  release(page_->taken, position_);
  return taken;
}

}  // namespace ringside::channel
