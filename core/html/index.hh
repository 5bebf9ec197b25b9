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

// The kinds of masks. kText: '<' '&' CR NUL, which end a run of text. kTag: '>' '='. kQuote: both
// quotes. kFold: white space that is not a single space between other bytes.
enum Mask : unsigned { kText, kTag, kQuote, kFold, kMasks };

// The masks of one slice: for each kind a string of bits, and behind it two words of zeros.
struct Masks {
  static constexpr unsigned kBlocks = kSlice / kBlock;
  std::uint64_t words[kMasks][kBlocks + 2];
};

// Indexes `blocks` blocks. SSE2 is in every x86-64; AVX2 is for the caller to know of.
void index_portable(const unsigned char* from, unsigned blocks, Masks& masks);
void index_sse2(const unsigned char* from, unsigned blocks, Masks& masks);
void index_avx2(const unsigned char* from, unsigned blocks, Masks& masks);

class Index {
 public:
  // Indexes the first kSlice bytes, or less, of `slice`.
  void make(Bytes slice, Simd simd);

  unsigned size() const { return size_; }

  // The first byte of that kind from `from` on, which is at most size(); size() where none is. The
  // 64 bits from the byte on that holds the first one nearly always have the answer.
  unsigned next(Mask mask, unsigned from) const {
    std::uint64_t window;
    __builtin_memcpy(&window, reinterpret_cast<const char*>(masks_.words[mask]) + from / 8, 8);
    window >>= from % 8;
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
