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

void keep_first(BlockMasks masks, unsigned bytes) {
  for (unsigned kind = 0; kind < kMasks; ++kind)
    masks[kind] &= bytes ? ~std::uint64_t{0} >> (kBlock - bytes) : 0;
}

}  // namespace

void index_block_portable(const unsigned char* block, BlockMasks masks,
                          std::uint64_t& after_space) {
  std::uint64_t words[kMasks + 2] = {};
  for (unsigned at = 0; at < kBlock; ++at)
    for (unsigned kind = 0; kind < kMasks + 2; ++kind)
      words[kind] |= static_cast<std::uint64_t>(kKinds[block[at]] >> kind & 1) << at;
  auto spaces = words[kMasks], blanks = words[kMasks + 1];
  words[kFold] = spaces & ~(blanks & ~(spaces << 1 | after_space));
  after_space = spaces >> (kBlock - 1);
  for (unsigned kind = 0; kind < kMasks; ++kind) masks[kind] = words[kind];
}

void index_portable(const unsigned char* from, unsigned blocks, BlockMasks* masks) {
  std::uint64_t after_space = 0;
  for (unsigned block = 0; block < blocks; ++block)
    index_block_portable(from + block * kBlock, masks[block], after_space);
}

void Index::make(Bytes slice, Simd simd) {
  size_ = slice.size() < kSlice ? static_cast<unsigned>(slice.size()) : kSlice;
  auto* from = reinterpret_cast<const unsigned char*>(slice.data());
  unsigned whole = size_ / kBlock, rest = size_ % kBlock;
  if (simd == Simd::kAvx2)
    index_avx2(from, whole, masks_);
  else if (simd == Simd::kSse2)
    index_sse2(from, whole, masks_);
  else
    index_portable(from, whole, masks_);
  unsigned char last[kBlock] = {};
  if (rest) __builtin_memcpy(last, from + whole * kBlock, rest);
  std::uint64_t after_space = whole && kKinds[from[whole * kBlock - 1]] & kSpaceKind;
  index_block_portable(last, masks_[whole], after_space);
  keep_first(masks_[whole], rest);
  blocks_ = whole + 1;
}

}  // namespace ringside::html
