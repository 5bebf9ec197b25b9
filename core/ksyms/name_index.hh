// NameIndex: which block of a table holds a name, in little more than the bits of the block's
// number and without the name (a static function, solved as a ribbon: Dillinger and Walzer, Ribbon
// filter: practically smaller than Bloom and Xor, 2021).
#pragma once

#include <cstdint>
#include <span>

#include "core/base/arena.hh"
#include "core/base/result.hh"
#include "core/ksyms/symbol.hh"

namespace ringside::ksyms {

struct NameIndex {
  std::uint64_t seed;
  std::uint32_t slots;
  std::uint32_t slot_bits;
  std::span<const std::uint32_t> values;  // one a slot
};

// The index of `symbols`, which are in the table's order in blocks of `block_size`. The n-th block
// that holds a name is asked for by (name, n). Error where the arena is too small.
Result<NameIndex> make_name_index(std::span<const Symbol> symbols, std::uint32_t block_size,
                                  Arena& arena);

}  // namespace ringside::ksyms
