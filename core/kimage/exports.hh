// The symbols that vmlinux exports to modules, from its own export tables.
// Source: include/asm-generic/export.h, include/linux/export.h, kernel/module: entries of three
// 32-bit self-relative words (value, name, namespace) since 5.4; CRCs in a table of their own.
#pragma once

#include <cstdint>
#include <string_view>

#include "core/elf/file.hh"

namespace ringside::kimage {

struct Export {
  std::string_view name;
  std::string_view name_space;  // empty where it is in none
  std::uint64_t address = 0;    // as linked
  std::uint32_t crc = 0;        // of its prototype (modversions)
  bool has_crc = false;         // false in a kernel without modversions
  bool gpl_only = false;
};

class Exports {
 public:
  // Checks the tables' sizes against each other; borrows `vmlinux`. A kernel without modules has
  // no exports: size() 0.
  static Result<Exports> open(const elf::File& vmlinux);

  std::uint32_t size() const { return plain_.count + gpl_.count; }

  // Export `index` < size(); plain ones first, each table sorted by name as the kernel needs it.
  Result<Export> at(std::uint32_t index) const;

 private:
  struct Table {
    std::uint64_t address = 0;
    Bytes entries, crcs;
    std::uint32_t count = 0;
  };
  static Result<Table> open_table(const elf::File& vmlinux, std::string_view entries,
                                  std::string_view crcs);
  Result<std::string_view> text(std::uint64_t address) const;

  Status open_strings(const elf::File& vmlinux);

  Table plain_, gpl_;
  Bytes strings_;
  std::uint64_t strings_address_ = 0;
};

}  // namespace ringside::kimage
