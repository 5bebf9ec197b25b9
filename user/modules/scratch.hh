// Scratch: memory for one module at a time. Address space is reserved once, pages come as they are
// touched and are used again for the next module, so that thousands of modules cost no allocation.
#pragma once

#include <cstddef>
#include <span>
#include <utility>

#include "user/base/failure.hh"

namespace ringside::modules {

class Scratch {
 public:
  static Outcome<Scratch> reserve(std::size_t bytes);
  Scratch(Scratch&& other) noexcept : memory_(std::exchange(other.memory_, {})) {}
  Scratch& operator=(Scratch&& other) noexcept {
    std::swap(memory_, other.memory_);
    return *this;
  }
  ~Scratch();

  std::span<std::byte> memory() const { return memory_; }

  // After something large: the pages behind the first few MiB go back to the system, of which
  // `used` bytes were touched at most.
  void give_back(std::size_t used) const;

 private:
  explicit Scratch(std::span<std::byte> memory) : memory_(memory) {}
  std::span<std::byte> memory_;
};

}  // namespace ringside::modules
