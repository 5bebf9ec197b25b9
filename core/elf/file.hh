// An ELF64 little-endian file, read in place: header, section headers, section contents.
// Source: System V ABI, ELF-64 object file format; /usr/include/elf.h for the numbers.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "core/base/bytes.hh"
#include "core/elf/records.hh"

namespace ringside::elf {

struct Section {
  std::string_view name;
  std::uint32_t type = 0;     // SHT_*
  std::uint64_t flags = 0;    // SHF_*
  std::uint64_t address = 0;  // sh_addr: link-time virtual address, 0 in relocatable files
  std::uint64_t size = 0;
  Bytes data;  // empty for SHT_NOBITS; borrowed from the file
};

// The ELF header, where `file` begins with a little-endian ELF64 one.
Result<ElfHeader> read_header(Bytes file);

class File {
 public:
  // Checks the ELF header and the bounds of the section table and its name table; borrows `file`.
  static Result<File> open(Bytes file);

  std::uint16_t machine() const { return machine_; }
  std::uint16_t type() const { return type_; }
  std::uint32_t section_count() const { return count_; }

  // Section `index`, with its name and contents checked against the file's bounds.
  Result<Section> section(std::uint32_t index) const;

  // The first section of that name. No value where there is none; an Error where the table is bad.
  Result<std::optional<Section>> find(std::string_view name) const;

  // The section whose [address, address + size) covers `address`, contents in the file.
  Result<std::optional<Section>> covering(std::uint64_t address) const;

 private:
  Bytes file_, names_;
  std::uint64_t table_ = 0;
  std::uint32_t count_ = 0;
  std::uint16_t machine_ = 0, type_ = 0;
};

}  // namespace ringside::elf
