// Mapping: a file's memory in this process, for as long as it lives.
#pragma once

#include <sys/mman.h>

#include <span>
#include <utility>

#include "user/base/failure.hh"

namespace ringside::channels {

class Mapping {
 public:
  static Outcome<Mapping> of(int fd, std::size_t bytes, int protection, const char* name) {
    void* memory = mmap(nullptr, bytes, protection, MAP_SHARED, fd, 0);
    if (memory == MAP_FAILED) return system_failure("map", name);
    return Mapping({static_cast<std::byte*>(memory), bytes});
  }
  Mapping(Mapping&& other) noexcept : memory_(std::exchange(other.memory_, {})) {}
  ~Mapping() {
    if (!memory_.empty()) munmap(memory_.data(), memory_.size());
  }
  std::span<std::byte> memory() const { return memory_; }

 private:
  explicit Mapping(std::span<std::byte> memory) : memory_(memory) {}
  std::span<std::byte> memory_;
};

}  // namespace ringside::channels
