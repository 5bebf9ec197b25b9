// Collector: reads units of .debug_info, one after the other, into Code. Only what address look-ups
// need is read: functions, their inlined instances with call sites, and line rows.
#pragma once

#include <cstdint>
#include <span>

#include "core/base/arena.hh"
#include "core/dwarf/code.hh"
#include "core/dwarf/line_program.hh"
#include "core/dwarf/ranges.hh"
#include "core/dwarf/routine.hh"
#include "core/dwarf/unit.hh"

namespace ringside::dwarf {

class Collector {
 public:
  // `executable`: where code is; what units say of other addresses (discarded code, mostly at 0) is
  // left out. `scratch` is used anew for each unit: sixteen times the size of the largest unit and
  // of its line program is plenty. All spans are borrowed.
  Collector(const Sections& sections, std::span<const Range> executable,
            std::span<std::byte> scratch, Code& code);

  // Appends what `unit` says. After an Error the code holds a part of the unit, and may be read on.
  Status read(const UnitHeader& unit);

 private:
  struct ScopeRange {
    std::uint64_t begin = 0, end = 0;
    std::uint32_t scope = kNone;
  };
  struct Point {  // from here on the innermost scope is this one
    std::uint64_t address = 0;
    std::uint32_t scope = kNone;
  };
  struct Open {  // a scope whose entry's children are being read
    std::uint32_t depth = 0, scope = kNone;
  };
  struct Known {  // the function that the entry at `offset` means
    std::uint64_t offset = 0;
    std::uint32_t function = kNone;
  };
  struct Walk {
    Cursor cursor;
    std::uint32_t depth = 0;
    std::uint32_t ignored = 0;  // entries at this depth and below are not looked at; 0: none
  };

  bool is_code(std::uint64_t address) const;

  // collect.cc: entries to scopes
  Status add_unit_scope();
  Status read_entries();
  Status read_entry(Walk& walk, const Abbreviation& entry, std::uint64_t offset);
  Status read_scope(Walk& walk, const Abbreviation& entry, std::uint64_t offset);
  Status add_scope(bool inlined, std::uint64_t offset);
  Status add_ranges(const RangeValues& values, std::uint32_t scope);
  void leave(Walk& walk);
  bool is_descended(const Abbreviation& entry) const;

  // function.cc: entries to functions
  Result<std::uint32_t> function_at(std::uint64_t offset);
  Status resolve_functions();
  Status resolve(std::uint64_t offset, Function& function);
  Status read_routine_at(const Unit& unit, const Abbreviations& abbreviations,
                         std::uint64_t offset);
  Status take_over(const Unit& unit, Function& function, bool& linkage);
  Status enter_unit_at(std::uint64_t offset);

  // segments.cc: ranges and rows to segments
  Status read_rows();
  Status end_sequence(std::size_t first, const Row& end);
  Status make_points();
  Status merge();
  Status add_segment(std::uint64_t address, std::uint32_t scope, const Row& row);
  Result<std::uint32_t> path_of(std::uint64_t file);
  Result<std::uint32_t> add_path(std::uint32_t file);

  const Sections* sections_;
  std::span<const Range> executable_;
  Code* code_;
  Abbreviations own_, foreign_;  // of the unit at hand, and of one that it refers to
  LineProgram::Tables tables_;
  LineProgram program_;
  bool has_program_ = false;  // of the unit at hand
  List<ScopeRange> ranges_, active_;
  List<Point> points_;
  List<Row> rows_;
  List<Open> open_;
  List<Known> known_;
  List<std::uint64_t> pending_;     // entries of the unit's functions, which are the code's last
  List<std::uint32_t> unit_paths_;  // file numbers to paths; kNone where not asked for yet
  std::span<std::byte> sorting_;    // for sorts
  Routine routine_, named_;         // the entry at hand, and one that it refers to
  Unit unit_, foreign_unit_;
  std::uint64_t ranges_read_ = 0, rows_read_ = 0, foreign_read_ = 0;
  std::size_t first_segment_ = 0;
  std::uint32_t unit_scope_ = kNone;  // the scope that stands for the unit, where its code is known
  bool bare_ = false;                 // functions are not defined within types: a unit in C
};

}  // namespace ringside::dwarf
