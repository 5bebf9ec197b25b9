// Object: a relocatable x86-64 ELF file, opened with every check that a kernel makes and every
// bound that it does not. Section headers and names are copied into the caller's arena once, since
// every later step walks them. Nothing of it changes after opening.
#pragma once

#include <cstdint>
#include <cstring>
#include <span>
#include <string_view>

#include "core/base/arena.hh"
#include "core/base/bytes.hh"
#include "core/modules/elf64.hh"
#include "core/modules/fault.hh"
#include "core/modules/rules.hh"

namespace ringside::modules {

class Object {
 public:
  // Opens `file` (without a signature's trailer: see signature.hh). Adds every fault to
  // `diagnostics`. An Error where nothing can be read beyond what was reported, or the arena is
  // full (80 bytes a section). Borrows `file` and the arena's memory.
  static Result<Object> open(Bytes file, const Rules& rules, Arena& arena,
                             Diagnostics& diagnostics);

  Bytes file() const { return file_; }
  std::uint64_t section_table() const { return table_; }  // e_shoff

  // Headers as in the file; whoever lays the object out may change flags. Offsets and sizes of
  // sections with contents have been checked against the file.
  std::span<SectionHeader> sections() { return sections_; }
  std::span<const SectionHeader> sections() const { return sections_; }

  // Empty where the name table has no such name (reported on opening).
  std::string_view section_name(std::uint32_t index) const { return section_names_[index]; }
  // The bytes in the file; empty for SHT_NOBITS, SHT_NULL and what lies outside the file.
  Bytes contents(std::uint32_t index) const;
  // The first section of that name, as the kernel's find_sec (allocated ones only) or
  // find_any_sec; 0 where there is none.
  std::uint32_t find_allocated(std::string_view name) const;
  std::uint32_t find_any(std::string_view name) const;
  std::uint32_t count_named(std::string_view name) const;

  std::uint32_t symbol_section() const { return symtab_; }  // 0 where there is none
  std::uint32_t string_section() const { return strtab_; }
  std::uint32_t symbol_count() const { return symbol_count_; }
  Symbol symbol(std::uint32_t index) const {  // index < symbol_count()
    return load<Symbol>(symbols_, std::uint64_t{index} * sizeof(Symbol));
  }
  // Empty where st_name lies outside the string table (reported on opening).
  std::string_view symbol_name(const Symbol& symbol) const {
    if (symbol.name >= strings_.size()) return {};
    return reinterpret_cast<const char*>(strings_.data()) + symbol.name;
  }
  // The string in the file that symbol `index` + `addend` points at; empty where it points at none.
  std::string_view string_at(std::uint32_t index, std::int64_t addend) const;
  Bytes symbols() const { return symbols_; }  // symbol_count() records
  Bytes strings() const { return strings_; }  // ends in a NUL, or is empty

 private:
  friend class ObjectReader;
  friend class ModuleReader;
  // open() into `object`, a fresh one: spares a kernel's stack the copies.
  static Status read(Bytes file, const Rules& rules, Arena& arena, Diagnostics& diagnostics,
                     Object& object);

  Bytes file_, names_, symbols_, strings_;
  std::span<SectionHeader> sections_;
  std::span<std::string_view> section_names_;
  std::uint64_t table_ = 0;
  std::uint32_t symtab_ = 0, strtab_ = 0, symbol_count_ = 0;
};

}  // namespace ringside::modules
