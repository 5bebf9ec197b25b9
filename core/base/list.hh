// List: items appended one by one to memory that the caller lends; for a core that cannot know in
// advance how many there will be. Its memory may be address space that costs only what is touched.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <type_traits>

#include "core/base/bytes.hh"
#include "core/base/result.hh"

namespace ringside {

template <class T>
class List {
  static_assert(std::is_trivially_copyable_v<T> && std::is_trivially_destructible_v<T>);

 public:
  List() = default;
  // Items lie in `memory`, which stays the caller's.
  explicit List(std::span<std::byte> memory) {
    auto address = reinterpret_cast<std::uintptr_t>(memory.data());
    auto skip = align_up(address, alignof(T)) - address;
    if (skip >= memory.size()) return;
    items_ = reinterpret_cast<T*>(memory.data() + skip);
    capacity_ = (memory.size() - skip) / sizeof(T);
  }

  Status push(const T& item) {
    if (size_ == capacity_) return Error{"out of memory", "list", size_, size_ + 1, capacity_};
    items_[size_++] = item;
    return ok;
  }
  // `count` items more, each `item`.
  Status grow(std::size_t count, const T& item) {
    if (count > capacity_ - size_)
      return Error{"out of memory", "list", size_, size_ + count, capacity_};
    for (std::size_t i = 0; i < count; ++i) items_[size_++] = item;
    return ok;
  }
  // Drops all items from number `size` on; size <= this->size().
  void cut(std::size_t size) { size_ = size; }

  std::size_t size() const { return size_; }
  bool empty() const { return size_ == 0; }
  T& operator[](std::size_t i) { return items_[i]; }
  const T& operator[](std::size_t i) const { return items_[i]; }
  T& back() { return items_[size_ - 1]; }
  std::span<T> items() { return {items_, size_}; }
  std::span<const T> items() const { return {items_, size_}; }

 private:
  T* items_ = nullptr;
  std::size_t size_ = 0, capacity_ = 0;
};

}  // namespace ringside
