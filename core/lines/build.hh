// build_index: the line index (format.hh) of what debug information says.
#pragma once

#include <span>
#include <string_view>

#include "core/base/arena.hh"
#include "core/base/bytes.hh"
#include "core/base/result.hh"
#include "core/dwarf/code.hh"

namespace ringside::lines {

struct NamedSection {
  std::string_view name;  // 1 to ksyms::kMaxName bytes
  std::uint64_t address = 0, size = 0;
};

// The index, in the arena and 8-byte aligned. `codes` hold the units in any order and number of
// parts; equal code gives equal bytes. `sections` are the executable ones. `build_id` has at most
// kMaxBuildId bytes. All code lies within 4 GiB. The arena: about 200 bytes a segment of code.
Result<Bytes> build_index(std::span<const dwarf::Code> codes,
                          std::span<const NamedSection> sections, Bytes build_id, Arena& arena);

}  // namespace ringside::lines
