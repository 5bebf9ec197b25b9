// The ELF64 records and numbers that a relocatable object is made of, as they lie in the file.
// Source: System V ABI, ELF-64 object file format; include/uapi/linux/elf.h for what Linux adds
// (SHN_LIVEPATCH, SHF_RELA_LIVEPATCH, SHF_RO_AFTER_INIT).
#pragma once

#include <cstdint>

#include "core/elf/records.hh"
#include "core/x86/elf.hh"  // the architecture

namespace ringside::modules {

using elf::ElfHeader;
using elf::SectionHeader;

struct Symbol {  // Elf64_Sym
  std::uint32_t name;
  std::uint8_t info, other;
  std::uint16_t section;
  std::uint64_t value, size;

  std::uint8_t binding() const { return info >> 4; }
  std::uint8_t type() const { return info & 15; }
};
static_assert(sizeof(Symbol) == 24);

struct Relocation {  // Elf64_Rela
  std::uint64_t offset, info;
  std::int64_t addend;

  std::uint32_t type() const { return static_cast<std::uint32_t>(info); }
  std::uint32_t symbol() const { return static_cast<std::uint32_t>(info >> 32); }
};
static_assert(sizeof(Relocation) == 24);

constexpr std::uint16_t kRelocatableFile = 1;  // ET_REL

enum SectionType : std::uint32_t {
  kSectionNull = 0,
  kSectionProgbits = 1,
  kSectionSymtab = 2,
  kSectionStrtab = 3,
  kSectionRela = 4,
  kSectionNote = 7,
  kSectionNobits = 8,
  kSectionRel = 9,
};

constexpr std::uint64_t kFlagWrite = 1;
constexpr std::uint64_t kFlagAlloc = 2;
constexpr std::uint64_t kFlagExec = 4;
constexpr std::uint64_t kFlagRelaLivepatch = 0x0010'0000;
constexpr std::uint64_t kFlagRoAfterInit = 0x0020'0000;

enum SpecialSection : std::uint16_t {
  kUndefined = 0,
  kReservedSections = 0xff00,  // SHN_LORESERVE: indexes from here on are no sections
  kLivepatchSection = 0xff20,
  kAbsolute = 0xfff1,
  kCommon = 0xfff2,
};

constexpr std::uint8_t kBindLocal = 0, kBindGlobal = 1, kBindWeak = 2;
constexpr std::uint8_t kTypeNone = 0, kTypeObject = 1, kTypeFunction = 2, kTypeSection = 3;

}  // namespace ringside::modules
