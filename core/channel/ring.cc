#include "core/channel/ring.hh"

namespace ringside::channel {
namespace {

constexpr std::uint64_t extent(std::size_t length) {
  return align_up(kHeader + length, 8);
}

std::uint64_t acquire(const std::uint64_t& position) {
  return __atomic_load_n(&position, __ATOMIC_ACQUIRE);
}
void release(std::uint64_t& position, std::uint64_t value) {
  __atomic_store_n(&position, value, __ATOMIC_RELEASE);
}

}  // namespace

// How many bytes are between the reader and the writer.
Result<std::uint64_t> Ring::used(std::uint64_t reader, std::uint64_t writer) const {
  if (writer - reader > bytes_.size() || (writer | reader) % 8 != 0)
    return Error{"positions apart", "ring", reader, bytes_.size(), writer - reader};
  return writer - reader;
}

Result<std::optional<std::span<std::byte>>> Ring::room(std::size_t length) {
  using Room = std::optional<std::span<std::byte>>;
  if (length > most()) return Error{"payload too long", "ring", position_, most(), length};
  auto skipped = left(position_) < extent(length) ? left(position_) : 0;
  auto needed = skipped + extent(length);
  if (position_ + needed - peer_ > bytes_.size()) {
    peer_ = acquire(page_->taken);
    auto full = TRY(used(peer_, position_));
    if (full + needed > bytes_.size()) return Room{};
  }
  if (skipped != 0) {
    Header skip{static_cast<std::uint32_t>(skipped - 8), Type::kSkip, 0, 0};
    __builtin_memcpy(at(position_), &skip, 8);  // eight bytes may be all there is
    position_ += skipped;
  }
  return Room{std::span(at(position_) + kHeader, length)};
}

void Ring::put(Header header) {
  __builtin_memcpy(at(position_), &header, kHeader);
  position_ += extent(header.length);
  release(page_->written, position_);
}

Result<std::optional<Message>> Ring::peek() {
  using Next = std::optional<Message>;
  for (int skips = 0; skips < 2; ++skips) {
    if (position_ == peer_) peer_ = acquire(page_->written);
    auto there = TRY(used(position_, peer_));
    if (there == 0) return Next{};
    Header header{};
    __builtin_memcpy(&header, at(position_), 8);
    if (header.type == Type::kSkip) {
      if (left(position_) > there) return Error{"skips too far", "ring", position_, there, 0};
      position_ += left(position_);
      continue;
    }
    auto within = there < left(position_) ? there : left(position_);
    if (within < kHeader || header.type > Type::kEvent || header.reserved != 0 ||
        header.length > most() || extent(header.length) > within)
      return Error{"no message", "ring", position_, within, header.length};
    __builtin_memcpy(&header.sequence, at(position_) + 8, 8);
    after_ = position_ + extent(header.length);
    return Next{Message{header, Bytes(at(position_) + kHeader, header.length)}};
  }
  return Error{"skips twice", "ring", position_, 1, 2};
}

void Ring::take() {
  position_ = after_;
  release(page_->taken, position_);
}

}  // namespace ringside::channel
