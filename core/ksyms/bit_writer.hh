// BitWriter: writes a bit string, highest bit of a byte first, into zeroed memory.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

namespace ringside::ksyms {

class BitWriter {
 public:
  // The caller sees to it that `bytes` has room for all that is put.
  explicit BitWriter(std::span<std::byte> bytes) : bytes_(bytes) {}

  std::uint64_t size() const { return size_; }  // bits

  // Puts the low `count` bits of `value` over the zeros that were put at bit `at`.
  void patch(std::uint64_t at, std::uint64_t value, std::uint32_t count) {
    BitWriter there(bytes_);
    there.size_ = at;
    there.put(value, count);
  }

  // The low `count` bits of `value`, at most 64.
  void put(std::uint64_t value, std::uint32_t count) {
    while (count-- > 0) {
      if (value >> count & 1) bytes_[size_ / 8] |= std::byte{128} >> (size_ % 8);
      ++size_;
    }
  }

 private:
  std::span<std::byte> bytes_;
  std::uint64_t size_ = 0;
};

}  // namespace ringside::ksyms
