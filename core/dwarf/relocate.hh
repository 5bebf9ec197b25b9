// Relocation of debug sections in relocatable files (modules), for x86-64.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "core/base/bytes.hh"
#include "core/base/result.hh"

namespace ringside::dwarf {

// Applies `relocations` (Elf64_Rela records) to `section`. `symbols` is the file's symbol table
// (Elf64_Sym records), section_addresses[n] where section n is taken to lie: 0 for debug sections.
// Error for a type that debug information has no use for, or a place or symbol that is not there.
Status relocate(Bytes relocations, Bytes symbols, std::span<const std::uint64_t> section_addresses,
                std::span<std::byte> section);

}  // namespace ringside::dwarf
