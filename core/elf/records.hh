// The ELF64 records that every ELF file begins with, as they lie in it.
// Source: System V ABI, ELF-64 object file format.
#pragma once

#include <cstdint>

namespace ringside::elf {

struct ElfHeader {  // Elf64_Ehdr
  std::uint8_t ident[16];
  std::uint16_t type, machine;
  std::uint32_t version;
  std::uint64_t entry, phoff, shoff;
  std::uint32_t flags;
  std::uint16_t ehsize, phentsize, phnum, shentsize, shnum, shstrndx;
};
static_assert(sizeof(ElfHeader) == 64);

struct SectionHeader {  // Elf64_Shdr
  std::uint32_t name, type;
  std::uint64_t flags, address, offset, size;
  std::uint32_t link, info;
  std::uint64_t align, entsize;
};
static_assert(sizeof(SectionHeader) == 64);

struct ProgramHeader {  // Elf64_Phdr
  std::uint32_t type, flags;
  std::uint64_t offset, vaddr, paddr, filesz, memsz, align;
};
static_assert(sizeof(ProgramHeader) == 56);

}  // namespace ringside::elf
