// The AVX2 way: 32 bytes a step. The members of a set differ in their low four bits, so one shuffle
// by those bits gives each byte the only member that it could be, and one compare tells whether it
// is. A byte from 0x80 on shuffles to 0 and equals nothing. Vector types and builtins of the
// compiler, because a core includes no header of its host.
#include "core/html/index.hh"

namespace ringside::html {
namespace {

using Vector [[gnu::vector_size(32)]] = char;
using Shorts [[gnu::vector_size(32)]] = unsigned short;

#define RS_AVX2 __attribute__((target("avx2"), always_inline)) inline

// A set for the shuffle, once for each half; 0xff, which no byte below 0x80 is, where none is.
struct alignas(32) Set {
  char lanes[32];
  constexpr Set(std::initializer_list<char> members) : lanes{} {
    for (char& lane : lanes) lane = '\xff';
    for (char member : members) lanes[member & 15] = lanes[16 + (member & 15)] = member;
  }
};
constexpr Set kTextSet = {'<', '&', '\r', '\0'}, kSpaceSet = {' ', '\t', '\n', '\f', '\r'};

// Plain bytes: each has a bit in common in the rows of its low and of its high four bits.
//   1: 0x2d   2: 0x30-0x3a   4: 0x41-0x4f, 0x61-0x6f   8: 0x50-0x5a, 0x5f   16: 0x70-0x7a
struct alignas(32) Rows {
  char lanes[32];
  constexpr Rows(std::initializer_list<char> rows) : lanes{} {
    unsigned at = 0;
    for (char row : rows) lanes[at] = lanes[16 + at] = row, ++at;
  }
};
constexpr Rows kLowRows = {26, 30, 30, 30, 30, 30, 30, 30, 30, 30, 30, 4, 4, 5, 4, 12};
constexpr Rows kHighRows = {0, 0, 1, 2, 4, 8, 4, 16, 0, 0, 0, 0, 0, 0, 0, 0};

RS_AVX2 Vector load(const char* from) {
  Vector value;
  __builtin_memcpy(&value, from, sizeof(value));
  return value;
}

RS_AVX2 std::uint64_t bits(Vector low, Vector high) {
  return static_cast<std::uint32_t>(__builtin_ia32_pmovmskb256(low)) |
         static_cast<std::uint64_t>(__builtin_ia32_pmovmskb256(high)) << 32;
}

RS_AVX2 std::uint64_t find(Vector low, Vector high, const Set& set) {
  Vector table = load(set.lanes);
  return bits(__builtin_ia32_pshufb256(table, low) == low,
              __builtin_ia32_pshufb256(table, high) == high);
}

RS_AVX2 Vector is_plain(Vector v) {
  Vector upper = reinterpret_cast<Vector>(reinterpret_cast<Shorts>(v) >> 4) & 0x0f;
  Vector rows = __builtin_ia32_pshufb256(load(kLowRows.lanes), v) &
                __builtin_ia32_pshufb256(load(kHighRows.lanes), upper);
  return rows != 0;
}

template <bool kFolds>
__attribute__((target("avx2"))) void index(const unsigned char* from, unsigned blocks,
                                           Masks& masks) {
  auto* bytes = reinterpret_cast<const char*>(from);
  Carry carry;
  for (unsigned block = 0; block < blocks; ++block, bytes += kBlock) {
    __builtin_prefetch(bytes + 2048);  // hardware stops at the end of a page; beyond is no fault
    Vector low = load(bytes), high = load(bytes + 32);
    Sets sets{find(low, high, kTextSet),     bits(low == '<', high == '<'),
              bits(low == '>', high == '>'), bits(low == '"', high == '"'),
              bits(low == '=', high == '='), bits(is_plain(low), is_plain(high)),
              find(low, high, kSpaceSet),    bits(low == ' ', high == ' ')};
    put_masks<kFolds>(sets, block, masks, carry);
  }
}

}  // namespace

void index_avx2(const unsigned char* from, unsigned blocks, bool folds, Masks& masks) {
  folds ? index<true>(from, blocks, masks) : index<false>(from, blocks, masks);
}

}  // namespace ringside::html
