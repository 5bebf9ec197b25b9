// The portable way: a byte's kinds are looked up in a table. The last, broken block of a slice is
// always indexed so, in a copy that is filled with NULs, whose bits are taken out again.
#include "core/html/index.hh"

#include <array>

namespace ringside::html {
namespace {

constexpr unsigned char kSpaceKind = 1 << kMasks, kBlankKind = 2 << kMasks;

constexpr auto kKinds = [] {
  std::array<unsigned char, 256> kinds{};
  for (char c : {'<', '&', '\r', '\0'}) kinds[static_cast<unsigned char>(c)] |= 1 << kText;
  for (char c : {'>', '='}) kinds[static_cast<unsigned char>(c)] |= 1 << kTag;
  for (char c : {'"', '\''}) kinds[static_cast<unsigned char>(c)] |= 1 << kQuote;
  for (char c : {' ', '\t', '\n', '\f', '\r'}) kinds[static_cast<unsigned char>(c)] |= kSpaceKind;
  kinds[' '] |= kBlankKind;
  return kinds;
}();

// Whether the byte before the next block is white space, 0 or 1, is passed on in `after_space`.
void index_block(const unsigned char* from, unsigned block, Masks& masks,
                 std::uint64_t& after_space) {
  std::uint64_t words[kMasks + 2] = {};
  for (unsigned at = 0; at < kBlock; ++at)
    for (unsigned kind = 0; kind < kMasks + 2; ++kind)
      words[kind] |= static_cast<std::uint64_t>(kKinds[from[at]] >> kind & 1) << at;
  auto spaces = words[kMasks], blanks = words[kMasks + 1];
  words[kFold] = spaces & ~(blanks & ~(spaces << 1 | after_space));
  after_space = spaces >> (kBlock - 1);
  for (unsigned kind = 0; kind < kMasks; ++kind) masks.words[kind][block] = words[kind];
}

// Indexes the `bytes` bytes, less than a block, with which the slice ends; zeros behind them.
void index_rest(const unsigned char* from, unsigned bytes, unsigned block, Masks& masks) {
  unsigned char rest[kBlock] = {};
  if (bytes) __builtin_memcpy(rest, from, bytes);
  std::uint64_t after_space = block && kKinds[from[-1]] & kSpaceKind;
  index_block(rest, block, masks, after_space);
  for (auto& words : masks.words) {
    words[block] &= bytes ? ~std::uint64_t{0} >> (kBlock - bytes) : 0;
    words[block + 1] = 0;
  }
}

}  // namespace

void index_portable(const unsigned char* from, unsigned blocks, Masks& masks) {
  std::uint64_t after_space = 0;
  for (unsigned block = 0; block < blocks; ++block)
    index_block(from + block * kBlock, block, masks, after_space);
}

void Index::make(Bytes slice, Simd simd) {
  size_ = slice.size() < kSlice ? static_cast<unsigned>(slice.size()) : kSlice;
  auto* from = reinterpret_cast<const unsigned char*>(slice.data());
  unsigned whole = size_ / kBlock;
  if (simd == Simd::kAvx2)
    index_avx2(from, whole, masks_);
  else if (simd == Simd::kSse2)
    index_sse2(from, whole, masks_);
  else
    index_portable(from, whole, masks_);
  index_rest(from + whole * kBlock, size_ % kBlock, whole, masks_);
}

unsigned Index::next_beyond(Mask mask, unsigned from) const {
  for (unsigned block = from / kBlock; block * kBlock < size_; ++block) {
    auto word = masks_.words[mask][block];
    if (block * kBlock < from) word &= ~std::uint64_t{0} << (from % kBlock);
    if (word) return block * kBlock + static_cast<unsigned>(__builtin_ctzll(word));
  }
  return size_;
}

}  // namespace ringside::html
