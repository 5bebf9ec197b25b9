// ReservedMemory: address space for a builder that cannot say how much it needs; costs only what is
// touched.
#pragma once

#include <sys/mman.h>

#include <cstddef>
#include <span>
#include <utility>

#include "user/base/failure.hh"

namespace ringside {

class ReservedMemory {
 public:
  // `what` it is for stands in the message: "memory for a symbol table".
  static Outcome<ReservedMemory> take(std::size_t size, const char* what) {
    void* data = mmap(nullptr, size, PROT_READ | PROT_WRITE,
                      MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (data == MAP_FAILED) return system_failure("mmap", what);
    return ReservedMemory(static_cast<std::byte*>(data), size);
  }
  ReservedMemory(ReservedMemory&& other) noexcept
      : data_(std::exchange(other.data_, nullptr)), size_(other.size_) {}
  ReservedMemory& operator=(ReservedMemory&&) = delete;
  ~ReservedMemory() {
    if (data_) munmap(data_, size_);
  }
  std::span<std::byte> span() { return {data_, size_}; }

 private:
  ReservedMemory(std::byte* data, std::size_t size) : data_(data), size_(size) {}
  std::byte* data_;
  std::size_t size_;
};

}  // namespace ringside
