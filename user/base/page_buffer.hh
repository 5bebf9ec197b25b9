// PageBuffer: bytes in pages of their own. Growing moves pages, not bytes; pages that nobody wrote
// to cost nothing; all go back to the system at once, where a heap would keep them for later.
#pragma once

#include <cstddef>
#include <span>
#include <utility>

#include "core/base/bytes.hh"

namespace ringside {

class PageBuffer {
 public:
  PageBuffer() = default;
  explicit PageBuffer(std::size_t size) { resize(size); }
  PageBuffer(PageBuffer&& other) noexcept
      : memory_(std::exchange(other.memory_, {})), size_(std::exchange(other.size_, 0)) {}
  PageBuffer& operator=(PageBuffer&& other) noexcept {
    std::swap(memory_, other.memory_);
    std::swap(size_, other.size_);
    return *this;
  }
  ~PageBuffer();

  // What is added holds anything. Throws std::bad_alloc, as a std::vector does.
  void resize(std::size_t size);

  std::byte* data() { return memory_.data(); }
  const std::byte* data() const { return memory_.data(); }
  std::size_t size() const { return size_; }
  bool empty() const { return size_ == 0; }
  Bytes bytes() const { return memory_.first(size_); }
  std::span<std::byte> bytes() { return memory_.first(size_); }

 private:
  std::span<std::byte> memory_;  // whole pages
  std::size_t size_ = 0;
};

}  // namespace ringside
