// The line-number state machine, run a row at a time. Every opcode takes at least a byte, so the
// cost is linear in the program.
#include "core/dwarf/line_program.hh"

namespace ringside::dwarf {
namespace {

constexpr auto kLine = ".debug_line";

Error damaged(const char* what, std::uint64_t at, std::uint64_t expected, std::uint64_t found) {
  return Error{what, kLine, at, expected, found};
}

}  // namespace

Status LineProgram::open(const Sections& sections, const Unit& unit, Tables& tables) {
  sections_ = &sections;
  unit_ = &unit;
  tables_ = &tables;
  tables.directories.cut(0);
  tables.files.cut(0);
  comp_dir_ = TRY(text_of(sections, unit, unit.comp_dir));
  Cursor cursor(sections.line, unit.stmt_list.number);
  TRY(read_header(cursor));
  start_sequence();
  return ok;
}

Status LineProgram::read_header(Cursor& cursor) {
  auto start = cursor.at();
  std::uint64_t length = cursor.u32();
  offset_size_ = 4;
  if (length == 0xffff'ffff) {
    offset_size_ = 8;
    length = cursor.u64();
  }
  if (cursor.failed() || !fits(cursor.at(), length, sections_->line.size()))
    return damaged("program past the end", start, sections_->line.size(), length);
  auto end = cursor.at() + length;
  version_ = cursor.u16();
  if (version_ < 2 || version_ > 5) return damaged("unknown version", start, 5, version_);
  address_size_ = unit_->header.address_size;
  if (version_ == 5) {
    address_size_ = cursor.u8();
    cursor.skip(1);
  }
  auto header_size = cursor.number(offset_size_);
  if (cursor.failed() || !fits(cursor.at(), header_size, end))
    return damaged("header past the end", start, end, header_size);
  auto code = cursor.at() + header_size;
  min_length_ = cursor.u8();
  max_operations_ = version_ >= 4 ? cursor.u8() : 1;
  cursor.skip(1);  // default_is_stmt: rows are taken whether they are statements or not
  line_base_ = static_cast<std::int8_t>(cursor.u8());
  line_range_ = cursor.u8();
  opcode_base_ = cursor.u8();
  if (line_range_ == 0 || opcode_base_ == 0) return damaged("line range", start, 1, 0);
  if (max_operations_ > 1) return damaged("VLIW machine", start, 1, max_operations_);
  lengths_ = TRY(slice(sections_->line, cursor.at(), opcode_base_ - 1u, kLine));
  cursor.skip(opcode_base_ - 1u);
  TRY(version_ >= 5 ? read_tables(cursor) : read_old_tables(cursor));
  code_ = Cursor(sections_->line.first(end), code);
  return ok;
}

Status LineProgram::read_tables(Cursor& cursor) {
  TRY(read_entries(cursor, tables_->directories));
  return read_entries(cursor, tables_->files);
}

// The first directory is the unit's own, and files count from 1.
Status LineProgram::read_old_tables(Cursor& cursor) {
  TRY(tables_->directories.push({comp_dir_, 0}));
  for (auto name = cursor.string(); !name.empty(); name = cursor.string())
    TRY(tables_->directories.push({name, 0}));
  TRY(tables_->files.push({}));
  for (auto name = cursor.string(); !name.empty(); name = cursor.string()) {
    auto directory = static_cast<std::uint32_t>(cursor.uleb());
    cursor.skip_leb();
    cursor.skip_leb();
    TRY(tables_->files.push({name, directory}));
  }
  if (cursor.failed()) return damaged("file table does not end", cursor.at(), 0, 0);
  return ok;
}

Result<LineProgram::Formats> LineProgram::read_formats(Cursor& cursor) const {
  Formats formats;
  formats.count = cursor.u8();
  if (formats.count > kMaxFormats)
    return damaged("too many formats of an entry", cursor.at(), kMaxFormats, formats.count);
  for (std::uint32_t i = 0; i < formats.count; ++i) {
    formats.items[i].content = static_cast<std::uint16_t>(cursor.uleb());
    formats.items[i].form = static_cast<std::uint16_t>(cursor.uleb());
  }
  return formats;
}

Result<LineProgram::Entry> LineProgram::read_entry(Cursor& cursor, const Formats& formats) const {
  Entry entry;
  for (std::uint32_t i = 0; i < formats.count; ++i) {
    auto size = TRY(size_of_form(formats.items[i].form, unit_->header));
    auto value = read_value(cursor, {.form = formats.items[i].form, .size = size}, unit_->header);
    if (cursor.failed()) return damaged("file table does not end", cursor.at(), 0, 0);
    if (formats.items[i].content == kContentDirectory)
      entry.directory = static_cast<std::uint32_t>(value.number);
    if (formats.items[i].content != kContentPath) continue;
    if (value.form == kFormString)
      entry.name = TRY(string_at(sections_->line, value.number, kLine));
    else
      entry.name = TRY(text_of(*sections_, *unit_, value));
  }
  return entry;
}

Status LineProgram::read_entries(Cursor& cursor, List<Entry>& entries) const {
  auto formats = TRY(read_formats(cursor));
  auto count = cursor.uleb();
  for (std::uint64_t i = 0; i < count; ++i) {
    auto before = cursor.at();
    TRY(entries.push(TRY(read_entry(cursor, formats))));
    if (cursor.at() == before) return damaged("entries without contents", before, 1, 0);
  }
  if (cursor.failed()) return damaged("file table does not end", cursor.at(), 0, 0);
  return ok;
}

void LineProgram::start_sequence() {
  row_ = {.address = 0, .file = 1, .line = 1};
}

void LineProgram::advance(std::uint64_t operations) {
  row_.address += operations * min_length_;
}

void LineProgram::special(std::uint8_t opcode) {
  std::uint32_t adjusted = opcode - opcode_base_;
  advance(adjusted / line_range_);
  row_.line += static_cast<std::uint32_t>(line_base_ + static_cast<int>(adjusted % line_range_));
}

// All but DW_LNS_copy. Operands of opcodes that do not concern rows are passed over.
void LineProgram::standard(std::uint8_t opcode) {
  switch (opcode) {
    case kLineAdvancePc:
      advance(code_.uleb());
      break;
    case kLineAdvanceLine:
      row_.line += static_cast<std::uint32_t>(code_.sleb());
      break;
    case kLineSetFile:
      row_.file = static_cast<std::uint32_t>(code_.uleb());
      break;
    case kLineConstAddPc:
      advance((255u - opcode_base_) / line_range_);
      break;
    case kLineFixedAdvancePc:
      row_.address += code_.u16();
      break;
    default:
      for (auto i = std::to_integer<std::uint32_t>(lengths_[opcode - 1u]); i > 0; --i)
        code_.skip_leb();
  }
}

// True where it ended a sequence.
bool LineProgram::extended() {
  auto size = code_.uleb();
  if (size > sections_->line.size()) size = sections_->line.size();  // no more than there can be
  auto next = code_.at() + size;
  auto opcode = size == 0 ? 0 : code_.u8();
  if (opcode == kLineSetAddress) row_.address = code_.number(size - 1);
  code_.seek(next);
  return opcode == kLineEndSequence;
}

Result<std::optional<Row>> LineProgram::next() {
  while (!code_.at_end()) {
    auto opcode = code_.u8();
    if (opcode >= opcode_base_) {
      special(opcode);
      return std::optional(row_);
    }
    if (opcode == kLineCopy) return std::optional(row_);
    if (opcode != kLineExtended) {
      standard(opcode);
    } else if (extended()) {
      auto last = row_;
      last.end_sequence = true;
      start_sequence();
      return std::optional(last);
    }
  }
  if (code_.failed()) return damaged("opcode past the end", unit_->stmt_list.number, 0, 0);
  return std::optional<Row>();
}

std::optional<FileName> LineProgram::file(std::uint32_t number) const {
  if (number >= tables_->files.size()) return std::nullopt;
  auto entry = tables_->files[number];
  if (entry.name.empty()) return std::nullopt;
  FileName name{comp_dir_, {}, entry.name};
  if (entry.directory < tables_->directories.size())
    name.directory = tables_->directories[entry.directory].name;
  return name;
}

}  // namespace ringside::dwarf
