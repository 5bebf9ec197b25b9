// A symbol table that a kernel has resolved in place (simplify_symbols), judged against the one in
// the file: every symbol that the module defines has its section's address + the file's value,
// absolute ones are as in the file, nothing but values has changed. What an undefined symbol
// resolves to is the kernel's word: nothing in the module tells.
#pragma once

#include <cstdint>
#include <span>

#include "core/base/bytes.hh"

namespace ringside::modules {

struct ResolvedTable {
  Bytes original;                    // Elf64_Sym records as in the file
  Bytes resolved;                    // the same after the kernel's work
  Bytes sections;                    // Elf64_Shdr records, with the final addresses
  std::uint32_t percpu_section = 0;  // index, 0 for none
  std::uint64_t percpu = 0;          // base of the module's per-CPU allocation
};

// Fills values[i] with symbol i's resolved value. An Error where a symbol does not agree (at: its
// index), or where the tables or `values` differ in length.
Result<Nothing> read_resolved(const ResolvedTable& table, std::span<std::uint64_t> values);

}  // namespace ringside::modules
