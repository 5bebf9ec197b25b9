// A unit of .debug_info: its header, its abbreviations, the values of attributes.
// Source: DWARF 4 and 5, chapter 7.5.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "core/base/bytes.hh"
#include "core/base/list.hh"
#include "core/base/result.hh"
#include "core/dwarf/constants.hh"
#include "core/dwarf/cursor.hh"

namespace ringside::dwarf {

// The contents of the sections .debug_*, unpacked and relocated; empty where there is none.
struct Sections {
  Bytes info, aranges, abbrev, line, ranges, rnglists, str, line_str, str_offsets, addr;
};

struct UnitHeader {
  std::uint64_t offset = 0;       // of the unit in .debug_info
  std::uint64_t first_entry = 0;  // of its first entry
  std::uint64_t end = 0;          // of the byte after it
  std::uint64_t abbreviations = 0;
  std::uint16_t version = 0;
  std::uint8_t type = 0;  // UnitType
  std::uint8_t address_size = 0;
  std::uint8_t offset_size = 0;  // 4 or 8
};

// The header at `offset` of .debug_info. Error where it is none of version 2 to 5.
Result<UnitHeader> read_unit_header(Bytes info, std::uint64_t offset);

struct AttributeSpec {
  std::uint16_t name = 0;     // Attribute
  std::uint16_t form = 0;     // Form
  std::uint8_t size = 0;      // bytes of a value, or kVaries
  std::int64_t implicit = 0;  // the value of kFormImplicitConst
};
inline constexpr std::uint8_t kVaries = 0xff;

struct Abbreviation {
  std::uint64_t code = 0;
  std::uint32_t first = 0, count = 0;  // of its specs
  std::uint32_t size = 0;              // bytes of all its values where `fixed`
  std::uint16_t tag = 0;
  bool children = false;
  bool fixed = false;  // and it has no sibling
};

class Abbreviations {
 public:
  Abbreviations() = default;
  // Both spans are the caller's; 32 bytes an abbreviation, 16 an attribute.
  Abbreviations(std::span<std::byte> entries, std::span<std::byte> specs)
      : entries_(entries), specs_(specs) {}

  // Takes in the table of `unit`, in place of what was there.
  Status read(const Sections& sections, const UnitHeader& unit);
  // nullptr where there is no such code.
  const Abbreviation* find(std::uint64_t code) const;
  std::span<const AttributeSpec> specs(const Abbreviation& entry) const {
    return specs_.items().subspan(entry.first, entry.count);
  }

 private:
  Status read_entry(Cursor& cursor, const UnitHeader& unit);

  List<Abbreviation> entries_;
  List<AttributeSpec> specs_;
};

// A value as it is stored: an offset, an index or a number, as the form says; of a reference the
// offset in .debug_info, of a string in place likewise.
struct Value {
  std::uint16_t form = 0;  // 0: there is none
  std::uint64_t number = 0;

  explicit operator bool() const { return form != 0; }
};

// What the root entry of a unit says; more than the header is needed to understand values.
struct Unit {
  UnitHeader header;
  std::uint16_t tag = 0;
  std::uint64_t language = 0;
  std::uint64_t low_pc = 0;  // the base of its range lists
  std::uint64_t str_offsets_base = 0, addr_base = 0, rnglists_base = 0;
  Value stmt_list, comp_dir;
  Value low_pc_value, high_pc, ranges;  // where its code is
};

// The value that `spec` describes at the cursor, which passes over it.
Value read_value(Cursor& cursor, const AttributeSpec& spec, const UnitHeader& unit);
void skip_value(Cursor& cursor, const AttributeSpec& spec, const UnitHeader& unit);

// Bytes of a value of `form`, or kVaries; Error for a form that is not known.
Result<std::uint8_t> size_of_form(std::uint16_t form, const UnitHeader& unit);

// Sets `unit` to what the root entry says of the unit whose abbreviations have been read.
Status read_unit(const Sections& sections, const UnitHeader& header,
                 const Abbreviations& abbreviations, Unit& unit);

// The string that `value` means; empty where it means none that this reader can find.
Result<std::string_view> text_of(const Sections& sections, const Unit& unit, Value value);
Result<std::string_view> string_at(Bytes strings, std::uint64_t at, const char* part);
// The address that `value` means, of class address.
Result<std::uint64_t> address_of(const Sections& sections, const Unit& unit, Value value);
// Entry `index` of the unit's part of .debug_addr.
Result<std::uint64_t> indexed_address(const Sections& sections, const Unit& unit,
                                      std::uint64_t index);

}  // namespace ringside::dwarf
