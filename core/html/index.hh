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

using BlockMasks = std::uint64_t[kMasks];

// The masks of the 64 bytes at `block`; `after_space`, in and out: the byte before is white space.
void index_block_portable(const unsigned char* block, BlockMasks masks, std::uint64_t& after_space);

// The same for `blocks` blocks. SSE2 is in every x86-64; AVX2 is for the caller to know of.
void index_portable(const unsigned char* from, unsigned blocks, BlockMasks* masks);
void index_sse2(const unsigned char* from, unsigned blocks, BlockMasks* masks);
void index_avx2(const unsigned char* from, unsigned blocks, BlockMasks* masks);

class Index {
 public:
  // Indexes the first kSlice bytes, or less, of `slice`.
  void make(Bytes slice, Simd simd);

  unsigned size() const { return size_; }

  // The first byte of that kind from `from` on, which is at most size(); size() where none is.
  unsigned next(Mask mask, unsigned from) const {
    unsigned block = from / kBlock;
    std::uint64_t word = masks_[block][mask] >> (from % kBlock);
    if (word) return from + static_cast<unsigned>(__builtin_ctzll(word));
    while (++block < blocks_) {
      word = masks_[block][mask];
      if (word) return block * kBlock + static_cast<unsigned>(__builtin_ctzll(word));
    }
    return size_;
  }

 private:
  unsigned size_ = 0, blocks_ = 0;
  BlockMasks masks_[kSlice / kBlock + 1] = {};  // one more, empty, for from == kSlice
};

}  // namespace ringside::html
