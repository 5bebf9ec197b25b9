// The AVX2 way: 32 bytes a step. The members of a set differ in their low four bits, so one shuffle
// by those bits gives each byte the only member that it could be, and one compare tells whether it
// is. A byte from 0x80 on shuffles to 0 and equals nothing. Vector types and builtins of the
// compiler, because a core includes no header of its host.
#include "core/html/index.hh"

namespace ringside::html {
namespace {

using Vector [[gnu::vector_size(32)]] = char;

#define RS_AVX2 __attribute__((target("avx2"), always_inline)) inline

// A set for the shuffle, once for each half; 0xff, which no byte below 0x80 is, where none is.
struct alignas(32) Set {
  char lanes[32];
  constexpr Set(std::initializer_list<char> members) : lanes{} {
    for (char& lane : lanes) lane = '\xff';
    for (char member : members) lanes[member & 15] = lanes[16 + (member & 15)] = member;
  }
};
constexpr Set kTextSet = {'<', '&', '\r', '\0'}, kTagSet = {'>', '='}, kQuoteSet = {'"', '\''};
constexpr Set kSpaceSet = {' ', '\t', '\n', '\f', '\r'};

RS_AVX2 Vector load(const char* from) {
  Vector value;
  __builtin_memcpy(&value, from, sizeof(value));
  return value;
}

RS_AVX2 std::uint64_t bits(Vector mask) {
  return static_cast<std::uint32_t>(__builtin_ia32_pmovmskb256(mask));
}

RS_AVX2 std::uint64_t find(Vector low, Vector high, const Set& set) {
  Vector table = load(set.lanes);
  return bits(__builtin_ia32_pshufb256(table, low) == low) |
         bits(__builtin_ia32_pshufb256(table, high) == high) << 32;
}

}  // namespace

__attribute__((target("avx2"))) void index_avx2(const unsigned char* from, unsigned blocks,
                                                Masks& masks) {
  auto* bytes = reinterpret_cast<const char*>(from);
  std::uint64_t after_space = 0;
  for (unsigned block = 0; block < blocks; ++block, bytes += kBlock) {
    Vector low = load(bytes), high = load(bytes + 32);
    masks.words[kText][block] = find(low, high, kTextSet);
    masks.words[kTag][block] = find(low, high, kTagSet);
    masks.words[kQuote][block] = find(low, high, kQuoteSet);
    std::uint64_t spaces = find(low, high, kSpaceSet);
    std::uint64_t blanks = bits(low == ' ') | bits(high == ' ') << 32;
    masks.words[kFold][block] = spaces & ~(blanks & ~(spaces << 1 | after_space));
    after_space = spaces >> (kBlock - 1);
  }
}

}  // namespace ringside::html
