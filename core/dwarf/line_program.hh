// LineProgram: one unit's part of .debug_line, as a source of rows and of file names.
// Source: DWARF 5, 6.2; DWARF 4, 6.2.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "core/dwarf/unit.hh"

namespace ringside::dwarf {

struct Row {
  std::uint64_t address = 0;
  std::uint32_t file = 0;  // as the program numbers them
  std::uint32_t line = 0;
  bool end_sequence = false;  // the first address after the sequence
};

// A file's name: the parts have to be put together, the last one first, up to an absolute one.
struct FileName {
  std::string_view comp_dir, directory, name;
};

class LineProgram {
 public:
  // Tables are read into these lists' memory.
  struct Entry {
    std::string_view name;
    std::uint32_t directory = 0;
  };
  struct Tables {
    List<Entry> directories, files;
  };

  // Reads the header of the program that the unit names; tables.* are replaced. Borrows all three,
  // and holds what it needs of them until it is opened anew. After an Error there is no program.
  Status open(const Sections& sections, const Unit& unit, Tables& tables);

  // The next row, or none after the last.
  Result<std::optional<Row>> next();

  // The name of file `number`, as rows and call sites give it; none where there is no such file.
  std::optional<FileName> file(std::uint32_t number) const;

 private:
  struct Format {
    std::uint16_t content = 0, form = 0;
  };
  static constexpr std::uint32_t kMaxFormats = 8;
  struct Formats {
    Format items[kMaxFormats];
    std::uint32_t count = 0;
  };

  Status read_header(Cursor& cursor);
  Status read_tables(Cursor& cursor);
  Status read_old_tables(Cursor& cursor);
  Result<Formats> read_formats(Cursor& cursor) const;
  Status read_entries(Cursor& cursor, List<Entry>& entries) const;
  Result<Entry> read_entry(Cursor& cursor, const Formats& formats) const;
  void advance(std::uint64_t operations);
  void special(std::uint8_t opcode);
  void standard(std::uint8_t opcode);
  bool extended();
  void start_sequence();

  const Sections* sections_ = nullptr;
  const Unit* unit_ = nullptr;
  Tables* tables_ = nullptr;
  Cursor code_;
  Bytes lengths_;  // of the standard opcodes' operands
  std::string_view comp_dir_;
  Row row_;
  std::uint16_t version_ = 0;
  std::uint8_t offset_size_ = 4, address_size_ = 8;
  std::uint8_t min_length_ = 1, max_operations_ = 1, line_range_ = 1, opcode_base_ = 1;
  std::int8_t line_base_ = 0;
};

}  // namespace ringside::dwarf
