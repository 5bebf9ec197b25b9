// Arena: the only memory a core may take, cut from a span that its caller owns. Nothing is ever
// given back one by one; the caller drops the whole span.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <type_traits>

#include "core/base/bytes.hh"
#include "core/base/result.hh"

namespace ringside {

class Arena {
 public:
  explicit Arena(std::span<std::byte> memory) : memory_(memory) {}

  // `count` zeroed T, aligned for T; Error where the caller's memory is too small.
  template <class T>
  Result<std::span<T>> take(std::uint64_t count) {
    auto room = take_unset<T>(count);
    if (room) std::memset(static_cast<void*>(room->data()), 0, room->size_bytes());
    return room;
  }

  // The same, holding what the memory held: for what is written before it is read.
  template <class T>
  Result<std::span<T>> take_unset(std::uint64_t count) {
    static_assert(std::is_trivially_copyable_v<T> && std::is_trivially_destructible_v<T>);
    auto address = reinterpret_cast<std::uintptr_t>(memory_.data());
    std::uint64_t start = align_up(address + used_, alignof(T)) - address;
    auto size = checked_mul(count, sizeof(T));
    if (!size || !fits(start, *size, memory_.size()))
      return Error{"out of memory", "arena", used_, count, memory_.size() - used_};
    used_ = start + *size;
    return std::span<T>(reinterpret_cast<T*>(memory_.data() + start), count);
  }

  std::uint64_t used() const { return used_; }

 private:
  std::span<std::byte> memory_;
  std::uint64_t used_ = 0;
};

}  // namespace ringside
