#include "core/channel/ring.hh"

namespace ringside::channel {

// How many bytes are between the reader and the writer.
Result<std::uint64_t> Ring::used(std::uint64_t reader, std::uint64_t writer) const {
  if (writer - reader > bytes_.size() || (writer | reader) % 8 != 0)
    return Error{"positions apart", "ring", reader, bytes_.size(), writer - reader};
  return writer - reader;
}

Result<std::optional<std::span<std::byte>>> Ring::room(std::size_t length) {
  using Room = std::optional<std::span<std::byte>>;
  if (length > most()) return Error{"payload too long", "ring", position_, most(), length};
  auto skipped = left(position_) < extent_of(length) ? left(position_) : 0;
  auto needed = skipped + extent_of(length);
  if (position_ + needed - peer_ > bytes_.size()) {
    auto taken = acquire(page_->taken);
    auto full = TRY(used(taken, position_));
    peer_ = taken;
    if (full + needed > bytes_.size()) return Room{};
  }
  if (skipped != 0) {
    Header skip{static_cast<std::uint32_t>(skipped - 8), Type::kSkip, 0, 0};
    __builtin_memcpy(at(position_), &skip, 8);  // eight bytes may be all there is
    position_ += skipped;
  }
  reach(peer_ + bytes_.size());
  return Room{std::span(at(position_) + kHeader, length)};
}

Result<std::optional<Message>> Ring::peek() {
  using Next = std::optional<Message>;
  for (int skips = 0; skips < 2; ++skips) {
    if (position_ == peer_) peer_ = acquire(page_->written);
    if (position_ == peer_) return Next{};
    auto there = TRY(used(position_, peer_));
    Header header{};
    __builtin_memcpy(&header, at(position_), 8);
    if (header.type == Type::kSkip) {
      if (left(position_) > there) return Error{"skips too far", "ring", position_, there, 0};
      position_ += left(position_);
      continue;
    }
    auto within = there < left(position_) ? there : left(position_);
    if (within < kHeader || header.type > Type::kEvent || header.reserved != 0 ||
        header.length > most() || extent_of(header.length) > within)
      return Error{"no message", "ring", position_, within, header.length};
    __builtin_memcpy(&header.sequence, at(position_) + 8, 8);
    after_ = position_ + extent_of(header.length);
    return Next{Message{header, Bytes(at(position_) + kHeader, header.length)}};
  }
  return Error{"skips twice", "ring", position_, 1, 2};
}

// What the writer has added. Positions that cannot be are for peek() to tell.
void Ring::look() {
  reach_ = position_;
  peer_ = acquire(page_->written);
  if (used(position_, peer_)) reach(peer_);
}

unsigned Ring::take_data(Sink& sink, std::byte* to, unsigned count) {
  Sink taker(sink);
  unsigned taken = take_each(Type::kData, count, [&](std::uint64_t sequence, Bytes payload) {
    copy(to, payload.data(), payload.size());
    taker.take(sequence, Bytes(to, payload.size()));
  });
  sink = taker;
  return taken;
}

// In registers, as take_each().
std::size_t Ring::put_each(Type type, std::uint64_t first, std::span<const Bytes> payloads) {
  auto* to = at(position_);
  auto room = reach_ < position_ ? 0 : static_cast<std::size_t>(reach_ - position_);
  const auto most = this->most();
  const auto* payload = payloads.data();
  const auto* const end = payload + payloads.size();
  for (; payload != end; ++payload, ++first) {
    auto length = payload->size();
    auto extent = extent_of(length);
    if (length > most || extent > room) break;
    Header header{static_cast<std::uint32_t>(length), type, 0, first};
    __builtin_memcpy(to, &header, kHeader);
    copy(to + kHeader, payload->data(), length);
    to += extent, room -= extent;
  }
  position_ += static_cast<std::size_t>(to - at(position_));
  release(page_->written, position_);
  return static_cast<std::size_t>(payload - payloads.data());
}

// As many as there is room for in one piece.
unsigned Ring::make_piece(std::uint64_t first, std::uint32_t length, bool checked, unsigned count) {
  auto extent = extent_of(length);
  auto fit = (reach_ - position_) / extent;
  if (fit < count) count = static_cast<unsigned>(fit);
  auto* to = at(position_);
  for (unsigned made = 0; made < count; ++made, to += extent) {
    Header header{length, Type::kData, 0, first + made};
    __builtin_memcpy(to, &header, kHeader);
    make_payload({to + kHeader, length}, first + made, checked);
  }
  position_ += count * extent;
  release(page_->written, position_);
  return count;
}

Result<unsigned> Ring::make_data(std::uint64_t first, std::uint32_t length, bool checked,
                                 unsigned count) {
  unsigned made = 0;
  while (made < count && TRY(room(length)))
    made += make_piece(first + made, length, checked, count - made);
  return made;
}

}  // namespace ringside::channel
