// Routine: the attributes of an entry for a function or for an inlined instance of one.
#pragma once

#include <cstdint>
#include <span>

#include "core/dwarf/ranges.hh"
#include "core/dwarf/unit.hh"

namespace ringside::dwarf {

struct Routine {
  RangeValues ranges;
  Value name, linkage_name, origin, specification;
  std::uint64_t call_file = 0, call_line = 0, decl_file = 0, decl_line = 0;
};

// Sets `routine` to the entry's attributes at the cursor, which passes over them; whether that
// failed, the cursor tells.
void read_routine(Cursor& cursor, std::span<const AttributeSpec> specs, const UnitHeader& unit,
                  Routine& routine);

}  // namespace ringside::dwarf
