// The address ranges of an entry: low and high pc, or a list in .debug_ranges (DWARF 4) or
// .debug_rnglists (5). Source: DWARF 5, sections 2.17 and 7.25; DWARF 4, 7.24.
#pragma once

#include <cstdint>
#include <optional>

#include "core/dwarf/unit.hh"

namespace ringside::dwarf {

struct Range {
  std::uint64_t begin = 0, end = 0;  // [begin, end)
};

// The attributes that tell ranges.
struct RangeValues {
  Value low_pc, high_pc, ranges;

  bool any() const { return ranges || (low_pc && high_pc); }
};

// A list, read step by step.
class RangeCursor {
 public:
  // Makes this the cursor of these ranges; borrows the sections and the unit.
  Status open(const Sections& sections, const Unit& unit, const RangeValues& values);
  // The next range that is not empty, or none after the last.
  Result<std::optional<Range>> next();

 private:
  enum class Kind { pair, old_list, list };

  Status open_list(Value value);
  Result<std::optional<Range>> next_old();
  Result<std::optional<Range>> next_entry(bool& skipped);

  const Sections* sections_ = nullptr;
  const Unit* unit_ = nullptr;
  Cursor list_;
  Range pair_;
  std::uint64_t base_ = 0;
  Kind kind_ = Kind::pair;
};

}  // namespace ringside::dwarf
