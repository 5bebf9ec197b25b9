// Index: where the bytes that matter are in a slice of input, as bit masks of 64 bytes each. The
// tokenizer goes from set bit to set bit. Only making the index is work for SIMD; it is done in
// three ways that give the same masks: portable, SSE2 and AVX2. In a kernel that is also all that
// has to stand between kernel_fpu_begin() and kernel_fpu_end().
#pragma once

#include <cstdint>

#include "core/base/bytes.hh"

namespace ringside::html {

// Bytes of input that are indexed at once.
inline constexpr unsigned kSlice = 16384;
inline constexpr unsigned kBlock = 64;

enum class Simd : std::uint8_t { kPortable, kSse2, kAvx2 };

// The kinds of masks. kText: '<' '&' CR NUL, which end a run of text. kEnd: '>'. kParity: the
// number of '"' up to and with this byte is odd. kStray: a '"' that opens no value by the looks of
// what is before it: white space, a plain name and '='. kOdd: what follows a '=' and is no '"' that
// opens one. kFold: white space that is not one space between other bytes. kLess: '<'.
enum Mask : unsigned { kText, kEnd, kParity, kStray, kOdd, kFold, kLess, kMasks };

// The masks of one slice: for each kind a string of bits, and behind it two words of zeros.
struct Masks {
  static constexpr unsigned kBlocks = kSlice / kBlock;
  std::uint64_t words[kMasks][kBlocks + 2];
};

// Where a block's bytes of some sets are; `plain` is letters, digits, '-', ':' and '_'.
struct Sets {
  std::uint64_t text, less, end, quote, equals, plain, spaces, blanks;
};

// What a block tells the next one, each 0 or 1.
struct Carry {
  std::uint64_t space = 0;   // it ends with white space
  std::uint64_t name = 0;    // it ends within a plain name that began behind white space
  std::uint64_t equals = 0;  // it ends with '='
  std::uint64_t named = 0;   // which is behind such a name
  std::uint64_t parity = 0;  // of the '"' up to its end
};

// For each bit, whether the number of set bits up to and with it is odd.
inline std::uint64_t parities(std::uint64_t bits) {
  bits ^= bits << 1;
  bits ^= bits << 2;
  bits ^= bits << 4;
  bits ^= bits << 8;
  bits ^= bits << 16;
  return bits ^ bits << 32;
}

// The masks of a block from its sets. Names are followed by an addition: a bit at the start of each
// name that begins behind white space carries through it to the byte behind its end. kFold is only
// made where `kFolds`; the bits of the others do not depend on that.
template <bool kFolds>
inline void put_masks(const Sets& sets, unsigned block, Masks& masks, Carry& carry) {
  std::uint64_t starts = sets.plain & (sets.spaces << 1 | carry.space), ends;
  bool over = __builtin_add_overflow(sets.plain, starts, &ends);
  over |= __builtin_add_overflow(ends, carry.name, &ends);
  std::uint64_t named = sets.equals & ends & ~sets.plain;
  std::uint64_t open = sets.quote & (named << 1 | carry.named);
  masks.words[kText][block] = sets.text;
  masks.words[kLess][block] = sets.less;
  masks.words[kEnd][block] = sets.end;
  std::uint64_t parity = parities(sets.quote) ^ (0 - carry.parity);
  masks.words[kParity][block] = parity;
  masks.words[kStray][block] = sets.quote & ~open;
  masks.words[kOdd][block] = (sets.equals << 1 | carry.equals) & ~open;
  if constexpr (kFolds)
    masks.words[kFold][block] = sets.spaces & ~(sets.blanks & ~(sets.spaces << 1 | carry.space));
  carry = {sets.spaces >> 63, over, sets.equals >> 63, named >> 63, parity >> 63};
}

// Indexes `blocks` blocks. SSE2 is in every x86-64; AVX2 is for the caller to know of. Without
// `folds` kFold is left as it is.
void index_portable(const unsigned char* from, unsigned blocks, bool folds, Masks& masks);
void index_sse2(const unsigned char* from, unsigned blocks, bool folds, Masks& masks);
void index_avx2(const unsigned char* from, unsigned blocks, bool folds, Masks& masks);

class Index {
 public:
  // Indexes the first kSlice bytes, or less, of `slice`; kFold only where `folds`.
  void make(Bytes slice, Simd simd, bool folds);

  unsigned size() const { return size_; }

  // The mask of kWindow bytes from `from` on, which is at most size(); what is above them is cut
  // off somewhere.
  static constexpr unsigned kWindow = 57;
  std::uint64_t window(Mask mask, unsigned from) const {
    std::uint64_t word;
    __builtin_memcpy(&word, reinterpret_cast<const char*>(masks_.words[mask]) + from / 8, 8);
    return word >> (from % 8);
  }

  // The mask of one block; of its '"'.
  std::uint64_t word(Mask mask, unsigned block) const { return masks_.words[mask][block]; }
  std::uint64_t quotes(unsigned block) const {
    std::uint64_t odd = word(kParity, block), before = block ? word(kParity, block - 1) >> 63 : 0;
    return odd ^ (odd << 1 | before);
  }

  // The first byte of that kind from `from` on, which is at most size(); size() where none is.
  unsigned next(Mask mask, unsigned from) const {
    std::uint64_t window = this->window(mask, from);
    if (window) [[likely]]
      return from + static_cast<unsigned>(__builtin_ctzll(window));
    return next_beyond(mask, from);
  }

 private:
  unsigned next_beyond(Mask mask, unsigned from) const;

  unsigned size_ = 0;
  Masks masks_ = {};
};

}  // namespace ringside::html
