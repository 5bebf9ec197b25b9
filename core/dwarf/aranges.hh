// Which unit has the code at an address, by .debug_aranges. Source: DWARF 5, section 6.1.2.
#pragma once

#include <cstdint>
#include <optional>

#include "core/base/bytes.hh"
#include "core/base/result.hh"

namespace ringside::dwarf {

// The offset in .debug_info of the first unit that says so, or none. Reads the table from its
// beginning: some 12,000 ranges for a kernel. Error where a set of ranges does not end within it or
// is of no known kind.
Result<std::optional<std::uint64_t>> unit_at(Bytes aranges, std::uint64_t address);

}  // namespace ringside::dwarf
