// Relocation as the kernel's apply_relocate_add does it, by an architecture's folder (core/x86).
// Bounds on every offset and symbol besides.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "core/base/bytes.hh"
#include "core/modules/fault.hh"

namespace ringside::modules {

// A section in memory: the bytes to change and the address that they will have.
struct Target {
  std::span<std::byte> bytes;
  std::uint64_t address = 0;
};

// Applies `relocations` (Elf64_Rela records of section `section`; a partial last one is ignored,
// as the kernel ignores it) to `target`. values[i] is symbol i's final value. Reports every
// relocation that fails and goes on with the next. Returns how many there were.
std::uint64_t relocate(Bytes relocations, std::uint32_t section, const Target& target,
                       std::span<const std::uint64_t> values, Diagnostics& diagnostics);

}  // namespace ringside::modules
