// The SSE2 way: 16 bytes a step, one compare for each member of a set.
#include "core/html/index.hh"

namespace ringside::html {
namespace {

using Vector [[gnu::vector_size(16)]] = char;

#define RS_SSE2 __attribute__((target("sse2"), always_inline)) inline

RS_SSE2 std::uint64_t bits(Vector mask, unsigned quarter) {
  return static_cast<std::uint64_t>(static_cast<unsigned>(__builtin_ia32_pmovmskb128(mask)))
         << (16 * quarter);
}

// Letters, digits, '-', ':' and '_'. Bytes from 0x80 on are negative.
RS_SSE2 Vector is_plain(Vector v) {
  Vector folded = v | 0x20;
  return ((folded > '`') & (folded < '{')) | ((v > '/') & (v < ';')) | (v == '-') | (v == '_');
}

template <bool kFolds>
__attribute__((target("sse2"))) void index(const unsigned char* from, unsigned blocks,
                                           Masks& masks) {
  Carry carry;
  for (unsigned block = 0; block < blocks; ++block) {
    Sets sets{};
    for (unsigned quarter = 0; quarter < 4; ++quarter, from += sizeof(Vector)) {
      Vector v;
      __builtin_memcpy(&v, from, sizeof(v));
      Vector returns = v == '\r', blank = v == ' ', less = v == '<';
      sets.less |= bits(less, quarter);
      sets.text |= bits(less | (v == '&') | returns | (v == '\0'), quarter);
      sets.end |= bits(v == '>', quarter);
      sets.quote |= bits(v == '"', quarter);
      sets.equals |= bits(v == '=', quarter);
      sets.plain |= bits(is_plain(v), quarter);
      sets.spaces |= bits(blank | (v == '\t') | (v == '\n') | (v == '\f') | returns, quarter);
      sets.blanks |= bits(blank, quarter);
    }
    put_masks<kFolds>(sets, block, masks, carry);
  }
}

}  // namespace

void index_sse2(const unsigned char* from, unsigned blocks, bool folds, Masks& masks) {
  folds ? index<true>(from, blocks, masks) : index<false>(from, blocks, masks);
}

}  // namespace ringside::html
