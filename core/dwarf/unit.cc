// A unit is a header, a table of abbreviations elsewhere, and entries coded by these. Sizes of
// forms are worked out once for each abbreviation, so that entries of no interest (most of them)
// are passed over by one addition.
#include "core/dwarf/unit.hh"

#include "core/elf/name.hh"

namespace ringside::dwarf {
namespace {

constexpr auto kInfo = ".debug_info";
constexpr std::uint32_t kEscape64 = 0xffff'ffff, kReservedLength = 0xffff'fff0;

std::uint8_t fixed_size(std::uint16_t form, const UnitHeader& unit) {
  switch (form) {
    case kFormFlagPresent:
    case kFormImplicitConst:
      return 0;
    case kFormData1:
    case kFormFlag:
    case kFormRef1:
    case kFormStrx1:
    case kFormAddrx1:
      return 1;
    case kFormData2:
    case kFormRef2:
    case kFormStrx2:
    case kFormAddrx2:
      return 2;
    case kFormStrx3:
    case kFormAddrx3:
      return 3;
    case kFormData4:
    case kFormRef4:
    case kFormRefSup4:
    case kFormStrx4:
    case kFormAddrx4:
      return 4;
    case kFormData8:
    case kFormRef8:
    case kFormRefSig8:
    case kFormRefSup8:
      return 8;
    case kFormData16:
      return 16;
    case kFormAddr:
      return unit.address_size;
    case kFormRefAddr:
      return unit.version == 2 ? unit.address_size : unit.offset_size;
    case kFormStrp:
    case kFormSecOffset:
    case kFormLineStrp:
    case kFormStrpSup:
    case kFormGnuRefAlt:
    case kFormGnuStrpAlt:
      return unit.offset_size;
    default:
      return kVaries;
  }
}

bool is_known_variable(std::uint16_t form) {
  switch (form) {
    case kFormBlock:
    case kFormBlock1:
    case kFormBlock2:
    case kFormBlock4:
    case kFormExprloc:
    case kFormString:
    case kFormSdata:
    case kFormUdata:
    case kFormRefUdata:
    case kFormStrx:
    case kFormAddrx:
    case kFormLoclistx:
    case kFormRnglistx:
    case kFormIndirect:
      return true;
    default:
      return false;
  }
}

// Values whose size the form does not tell. An indirect form was resolved by the caller.
std::uint64_t read_varying(Cursor& cursor, std::uint16_t form) {
  std::uint64_t at = cursor.at();
  switch (form) {
    case kFormBlock1:
      cursor.skip(cursor.u8());
      return at;
    case kFormBlock2:
      cursor.skip(cursor.u16());
      return at;
    case kFormBlock4:
      cursor.skip(cursor.u32());
      return at;
    case kFormBlock:
    case kFormExprloc:
      cursor.skip(cursor.uleb());
      return at;
    case kFormString:
      cursor.string();
      return at;
    case kFormSdata:
      return static_cast<std::uint64_t>(cursor.sleb());
    default:
      return cursor.uleb();
  }
}

bool is_unit_reference(std::uint16_t form) {
  return (form >= kFormRef1 && form <= kFormRefUdata);
}

// A part of one table an index: strx and addrx.
Result<std::uint64_t> table_entry(Bytes table, std::uint64_t base, std::uint64_t index,
                                  std::uint64_t size, const char* part) {
  auto offset = checked_mul(index, size);
  if (!offset || base > table.size() || !fits(*offset, size, table.size() - base))
    return Error{"no such entry", part, base, table.size(), index};
  return Cursor(table, base + *offset).number(size);
}

}  // namespace

Result<std::uint8_t> size_of_form(std::uint16_t form, const UnitHeader& unit) {
  auto size = fixed_size(form, unit);
  if (size == kVaries && !is_known_variable(form))
    return Error{"unknown form", kInfo, unit.offset, 0, form};
  return size;
}

Result<std::string_view> string_at(Bytes strings, std::uint64_t at, const char* part) {
  return elf::read_name(strings, at, part);
}

Result<UnitHeader> read_unit_header(Bytes info, std::uint64_t offset) {
  Cursor cursor(info, offset);
  UnitHeader unit{.offset = offset, .offset_size = 4};
  std::uint64_t length = cursor.u32();
  if (length == kEscape64) {
    unit.offset_size = 8;
    length = cursor.u64();
  } else if (length >= kReservedLength) {
    return Error{"reserved length", kInfo, offset, kReservedLength, length};
  }
  if (cursor.failed() || !fits(cursor.at(), length, info.size()))
    return Error{"unit past the end", kInfo, offset, info.size(), length};
  unit.end = cursor.at() + length;
  unit.version = cursor.u16();
  if (unit.version < 2 || unit.version > 5)
    return Error{"unknown version of a unit", kInfo, offset, 5, unit.version};
  unit.type = kUnitCompile;
  if (unit.version == 5) {
    unit.type = cursor.u8();
    unit.address_size = cursor.u8();
  }
  unit.abbreviations = cursor.number(unit.offset_size);
  if (unit.version < 5) unit.address_size = cursor.u8();
  if (unit.type == kUnitType) cursor.skip(8u + unit.offset_size);
  if (unit.type >= kUnitSkeleton && unit.type != kUnitType) cursor.skip(8);
  unit.first_entry = cursor.at();
  if (cursor.failed() || unit.first_entry > unit.end)
    return Error{"unit header past the end", kInfo, offset, unit.end, unit.first_entry};
  if (unit.address_size != 4 && unit.address_size != 8)
    return Error{"size of an address", kInfo, offset, 8, unit.address_size};
  return unit;
}

Status Abbreviations::read_entry(Cursor& cursor, const UnitHeader& unit) {
  constexpr auto kPart = ".debug_abbrev";
  Abbreviation& entry = entries_.back();
  entry.tag = static_cast<std::uint16_t>(cursor.uleb());
  entry.children = cursor.u8() != 0;
  entry.fixed = true;
  for (;;) {
    AttributeSpec spec;
    spec.name = static_cast<std::uint16_t>(cursor.uleb());
    spec.form = static_cast<std::uint16_t>(cursor.uleb());
    if (spec.form == kFormImplicitConst) spec.implicit = cursor.sleb();
    if (cursor.failed()) return Error{"abbreviation does not end", kPart, cursor.at(), 0, 0};
    if (spec.name == 0 && spec.form == 0) break;
    spec.size = TRY(size_of_form(spec.form, unit));
    if (spec.size == kVaries || spec.name == kAtSibling) entry.fixed = false;
    entry.size += spec.size;
    TRY(specs_.push(spec));
  }
  entry.count = static_cast<std::uint32_t>(specs_.size()) - entry.first;
  return ok;
}

Status Abbreviations::read(const Sections& sections, const UnitHeader& unit) {
  entries_.cut(0);
  specs_.cut(0);
  Cursor cursor(sections.abbrev, unit.abbreviations);
  std::uint64_t last = 0;
  while (auto code = cursor.uleb()) {
    if (code <= last)
      return Error{"codes do not ascend", ".debug_abbrev", unit.abbreviations, last, code};
    last = code;
    TRY(entries_.push({.code = code, .first = static_cast<std::uint32_t>(specs_.size())}));
    TRY(read_entry(cursor, unit));
  }
  if (cursor.failed())
    return Error{"table past the end", ".debug_abbrev", unit.abbreviations, sections.abbrev.size(),
                 0};
  return ok;
}

const Abbreviation* Abbreviations::find(std::uint64_t code) const {
  auto entries = entries_.items();
  if (code - 1 < entries.size() && entries[code - 1].code == code) return &entries[code - 1];
  std::size_t low = 0, high = entries.size();
  while (low < high) {
    auto middle = (low + high) / 2;
    if (entries[middle].code == code) return &entries[middle];
    entries[middle].code < code ? low = middle + 1 : high = middle;
  }
  return nullptr;
}

Value read_value(Cursor& cursor, const AttributeSpec& spec, const UnitHeader& unit) {
  auto form = spec.form;
  auto size = spec.size;
  if (form == kFormIndirect) {
    form = static_cast<std::uint16_t>(cursor.uleb());
    size = fixed_size(form, unit);
    // An unknown form, or one whose value is not here: the entry cannot be read on.
    if (form == kFormImplicitConst || (size == kVaries && !is_known_variable(form)) ||
        form == kFormIndirect)
      cursor.skip(~std::uint64_t{0});
  }
  Value value{form, 0};
  if (form == kFormImplicitConst)
    value.number = static_cast<std::uint64_t>(spec.implicit);
  else if (size == kVaries)
    value.number = read_varying(cursor, form);
  else if (size == 16)
    cursor.skip(size);
  else if (size == 4)
    value.number = cursor.u32();
  else
    value.number = cursor.number(size);
  if (is_unit_reference(form)) value.number += unit.offset;
  return value;
}

void skip_value(Cursor& cursor, const AttributeSpec& spec, const UnitHeader& unit) {
  if (spec.size != kVaries)
    cursor.skip(spec.size);
  else
    (void)read_value(cursor, spec, unit);
}

static void keep(std::uint16_t name, Value value, Unit& unit) {
  if (name == kAtLanguage) unit.language = value.number;
  if (name == kAtLowPc) unit.low_pc_value = value;
  if (name == kAtHighPc) unit.high_pc = value;
  if (name == kAtRanges) unit.ranges = value;
  if (name == kAtStmtList) unit.stmt_list = value;
  if (name == kAtCompDir) unit.comp_dir = value;
  if (name == kAtStrOffsetsBase) unit.str_offsets_base = value.number;
  if (name == kAtAddrBase) unit.addr_base = value.number;
  if (name == kAtRnglistsBase) unit.rnglists_base = value.number;
}

Status read_unit(const Sections& sections, const UnitHeader& header,
                 const Abbreviations& abbreviations, Unit& unit) {
  unit = {};
  unit.header = header;
  Cursor cursor(sections.info.first(header.end), header.first_entry);
  const auto* entry = abbreviations.find(cursor.uleb());
  if (!entry) return Error{"no root entry", kInfo, header.first_entry, 1, 0};
  unit.tag = entry->tag;
  for (const auto& spec : abbreviations.specs(*entry))
    keep(spec.name, read_value(cursor, spec, header), unit);
  if (cursor.failed())
    return Error{"root entry past the end", kInfo, header.first_entry, header.end, 0};
  if (unit.low_pc_value) unit.low_pc = TRY(address_of(sections, unit, unit.low_pc_value));
  return ok;
}

Result<std::string_view> text_of(const Sections& sections, const Unit& unit, Value value) {
  switch (value.form) {
    case kFormString:
      return string_at(sections.info.first(unit.header.end), value.number, kInfo);
    case kFormStrp:
      return string_at(sections.str, value.number, ".debug_str");
    case kFormLineStrp:
      return string_at(sections.line_str, value.number, ".debug_line_str");
    case kFormStrx:
    case kFormStrx1:
    case kFormStrx2:
    case kFormStrx3:
    case kFormStrx4:
      return string_at(sections.str,
                       TRY(table_entry(sections.str_offsets, unit.str_offsets_base, value.number,
                                       unit.header.offset_size, ".debug_str_offsets")),
                       ".debug_str");
    default:
      return std::string_view();
  }
}

Result<std::uint64_t> indexed_address(const Sections& sections, const Unit& unit,
                                      std::uint64_t index) {
  return table_entry(sections.addr, unit.addr_base, index, unit.header.address_size, ".debug_addr");
}

Result<std::uint64_t> address_of(const Sections& sections, const Unit& unit, Value value) {
  switch (value.form) {
    case kFormAddr:
      return value.number;
    case kFormAddrx:
    case kFormAddrx1:
    case kFormAddrx2:
    case kFormAddrx3:
    case kFormAddrx4:
      return indexed_address(sections, unit, value.number);
    default:
      return Error{"no address", kInfo, unit.header.offset, kFormAddr, value.form};
  }
}

}  // namespace ringside::dwarf
