// Every attribute of the entry is read; those of a routine are kept.
#include "core/dwarf/routine.hh"

namespace ringside::dwarf {

static void keep(std::uint16_t name, Value value, Routine& routine) {
  if (name == kAtLowPc) routine.ranges.low_pc = value;
  if (name == kAtHighPc) routine.ranges.high_pc = value;
  if (name == kAtRanges) routine.ranges.ranges = value;
  if (name == kAtName) routine.name = value;
  if (name == kAtLinkageName || name == kAtMipsLinkageName) routine.linkage_name = value;
  if (name == kAtAbstractOrigin) routine.origin = value;
  if (name == kAtSpecification) routine.specification = value;
  if (name == kAtCallFile) routine.call_file = value.number;
  if (name == kAtCallLine) routine.call_line = value.number;
  if (name == kAtDeclFile) routine.decl_file = value.number;
  if (name == kAtDeclLine) routine.decl_line = value.number;
}

void read_routine(Cursor& cursor, std::span<const AttributeSpec> specs, const UnitHeader& unit,
                  Routine& routine) {
  routine = {};
  for (const auto& spec : specs) keep(spec.name, read_value(cursor, spec, unit), routine);
}

}  // namespace ringside::dwarf
