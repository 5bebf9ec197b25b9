// The portable way: a byte's kinds are looked up in a table. The last, broken block of a slice is
// always indexed so, in a copy that is filled with NULs, whose bits are taken out again.
#include "core/html/index.hh"

#include <array>

#include "core/html/name.hh"

namespace ringside::html {
namespace {

constexpr unsigned kSets = sizeof(Sets) / sizeof(std::uint64_t);

// For each byte the sets that it is in, as bits in the order of Sets.
constexpr auto kSetsOf = [] {
  std::array<unsigned char, 256> sets{};
  constexpr std::string_view kMembers[kSets] = {
      std::string_view("<&\r\0", 4), "<", ">", "\"", "=", "-:_", " \t\n\f\r", " "};
  for (unsigned set = 0; set < kSets; ++set)
    for (char c : kMembers[set]) sets[static_cast<unsigned char>(c)] |= 1u << set;
  for (unsigned c = 0; c < 256; ++c)
    if (is_letter(static_cast<unsigned char>(c)) || (c >= '0' && c <= '9')) sets[c] |= 1 << 5;
  return sets;
}();

void index_block(const unsigned char* from, unsigned block, Masks& masks, Carry& carry) {
  std::uint64_t words[kSets] = {};
  for (unsigned at = 0; at < kBlock; ++at)
    for (unsigned set = 0; set < kSets; ++set)
      words[set] |= static_cast<std::uint64_t>(kSetsOf[from[at]] >> set & 1) << at;
  put_masks<true>({words[0], words[1], words[2], words[3], words[4], words[5], words[6], words[7]},
                  block, masks, carry);
}

// Indexes the `bytes` bytes, less than a block, with which the slice ends; zeros behind them. What
// the block before has to tell of names is not known here: a '"' that opens a value may be taken
// for a stray one, which leaves that tag to the states.
void index_rest(const unsigned char* from, unsigned bytes, unsigned block, Masks& masks) {
  for (auto& words : masks.words) words[block] = words[block + 1] = 0;
  if (!bytes) return;
  unsigned char rest[kBlock] = {};
  __builtin_memcpy(rest, from, bytes);
  Carry carry;
  carry.space = block && is_space(from[-1]);
  carry.equals = block && from[-1] == '=';
  carry.parity = block ? masks.words[kParity][block - 1] >> (kBlock - 1) : 0;
  index_block(rest, block, masks, carry);
  for (auto& words : masks.words) words[block] &= ~std::uint64_t{0} >> (kBlock - bytes);
}

}  // namespace

void index_portable(const unsigned char* from, unsigned blocks, bool, Masks& masks) {
  Carry carry;
  for (unsigned block = 0; block < blocks; ++block)
    index_block(from + block * kBlock, block, masks, carry);
}

void Index::make(Bytes slice, Simd simd, bool folds) {
  size_ = slice.size() < kSlice ? static_cast<unsigned>(slice.size()) : kSlice;
  auto* from = reinterpret_cast<const unsigned char*>(slice.data());
  unsigned whole = size_ / kBlock;
  if (simd == Simd::kAvx2)
    index_avx2(from, whole, folds, masks_);
  else if (simd == Simd::kSse2)
    index_sse2(from, whole, folds, masks_);
  else
    index_portable(from, whole, folds, masks_);
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
