// Bits: reading a bit string, highest bit of a byte first, and the codes in it. A code begins with
// its class, which says how many more bits it has: two loads and two shifts where a Huffman code
// needs a loop or tables, for 0.4 % more bits (docs/ksyms-format.md).
#pragma once

#include <cstdint>

#include "core/base/bytes.hh"
#include "core/ksyms/format.hh"

namespace ringside::ksyms {

class BitReader {
 public:
  // `bytes` ends with kStreamPadding bytes that hold no data. Reads past the end give zeros.
  BitReader(Bytes bytes, std::uint64_t at)
      : bytes_(bytes.data()), last_load_(bytes.size() - kStreamPadding), at_(at) {}

  std::uint64_t at() const { return at_; }

  // The next bits, leftmost first; 57 of them are good.
  std::uint64_t peek() const {
    if (at_ / 8 > last_load_) return 0;
    std::uint64_t word = 0;
    __builtin_memcpy(&word, bytes_ + at_ / 8, sizeof(word));  // no call, -ffreestanding or not
    return __builtin_bswap64(word) << (at_ % 8);
  }

  void skip(std::uint32_t bits) { at_ += bits; }

  // The next `bits` (at most 64) as a number.
  std::uint64_t take(std::uint32_t bits) {
    if (bits > 32) {
      auto high = take_few(32);
      return high << (bits - 32) | take_few(bits - 32);
    }
    return take_few(bits);
  }

 private:
  std::uint64_t take_few(std::uint32_t bits) {
    auto value = bits == 0 ? 0 : peek() >> (64 - bits);
    skip(bits);
    return value;
  }

  const std::byte* bytes_;
  std::uint64_t last_load_;  // the last byte where 8 bytes can be loaded
  std::uint64_t at_;         // in bits
};

// The number that the next code stands for: any number of up to 17 bits where the bits are damaged.
inline std::uint32_t decode(BitReader& bits, const ClassCode& code) {
  auto window = bits.peek();
  auto of_class = window >> (64 - kClassBits);
  std::uint32_t width = code.width[of_class];
  bits.skip(kClassBits + width);
  return code.first[of_class] +
         static_cast<std::uint32_t>(window << kClassBits >> 1 >> (63 - width));
}

}  // namespace ringside::ksyms
