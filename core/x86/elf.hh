// What x86-64 gives to the linker besides relocate(): its number, its relocations, and a symbol
// that its tools leave behind. Another architecture is a folder like this one, and the line in
// core/modules/elf64.hh that names it.
// Source: x86-64 psABI, chapter 4; arch/x86/kernel/module.c; ignore_undef_symbol in
// scripts/mod/modpost.c.
#pragma once

#include <cstdint>
#include <string_view>

#include "core/x86/addresses.hh"

namespace ringside::modules {

constexpr std::uint16_t kMachine = 62;  // EM_X86_64

enum RelocationType : std::uint32_t {  // those that kernels take
  kRelNone = 0,
  kRel64 = 1,
  kRelPc32 = 2,
  kRelPlt32 = 4,
  kRel32 = 10,
  kRel32S = 11,
  kRelPc64 = 24,
};

enum RefusedType : std::uint32_t {  // those that compilers make of other flags
  kRelGotPcRel = 9,
  kRelGotPcRelX = 41,
  kRelRexGotPcRelX = 42,
};

// "R_X86_64_PC32"; "type" where it is none of these.
std::string_view relocation_name(std::uint64_t type);
// The bytes that one writes.
std::uint64_t relocation_width(std::uint64_t type);

// PREL32 words, of which kernels make their tables of exports.
constexpr RelocationType kRelPlaceRelative = kRelPc32;

// Undefined and unused in what the tools make.
constexpr std::string_view kIgnoredSymbol = "_GLOBAL_OFFSET_TABLE_";

}  // namespace ringside::modules
