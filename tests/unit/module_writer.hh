// ModuleWriter: writes relocatable x86-64 ELF files, right or wrong in exactly one way, so that a
// test says in a line what it is about.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "core/modules/module.hh"

namespace ringside::modules::test {

using Buffer = std::vector<std::byte>;

Buffer zeroes(std::size_t count);
Buffer text(std::string_view bytes);

struct WrittenSection {
  std::string name;
  std::uint32_t type = kSectionProgbits;
  std::uint64_t flags = kFlagAlloc;
  std::uint64_t align = 1;
  Buffer data;
  std::uint64_t size = 0;  // of SHT_NOBITS; others are as long as their data
  std::uint32_t link = 0, info = 0;
  std::vector<Relocation> relocations = {};  // against it: go to .rela<name>
};

struct WrittenSymbol {
  std::string name;
  std::uint16_t section = 0;
  std::uint64_t value = 0;
  std::uint8_t binding = kBindGlobal;
  std::uint8_t type = kTypeNone;
};

class ModuleWriter {
 public:
  // Both return the index that the file will have.
  std::uint32_t add_section(WrittenSection section);
  std::uint32_t add_symbol(WrittenSymbol symbol);

  WrittenSection& section(std::string_view name);
  std::uint32_t index(std::string_view section_name);
  std::uint32_t symbol(std::string_view name);
  WrittenSymbol& symbol_at(std::uint32_t index) { return symbols_[index - 1]; }
  void remove_symbols() { symbols_.clear(); }
  // Leaves .symtab and .strtab out of the file.
  void strip() { stripped_ = true; }
  void relocate(std::string_view section, std::uint64_t offset, std::uint32_t type,
                std::uint32_t symbol, std::int64_t addend = 0);

  // ELF header, contents, section headers; tables for relocations, symbols and names at the end.
  Buffer finish() const;

 private:
  std::vector<WrittenSection> sections_;
  std::vector<WrittenSymbol> symbols_;
  bool stripped_ = false;
};

// A kernel for tests: struct module of 256 bytes with name at 24, init at 128, exit at 136.
KernelAbi test_kernel(const Rules& rules);

struct SmallModule {
  std::string name = "small";
  std::vector<std::string> modinfo = {"license=GPL", "intree=Y", "name=small",
                                      "vermagic=6.1.0-test SMP mod_unload modversions "};
  std::vector<Version> versions = {{0x1111, "module_layout"}, {0x2222, "printk"}};
  std::uint64_t struct_size = 256;
};

// A module without a fault for either kernel: .text that calls printk, .init.text, .exit.text,
// .rodata, .data, .bss, and what modpost adds.
ModuleWriter small_module(const SmallModule& shape = {});

Buffer modinfo_bytes(const std::vector<std::string>& entries);
Buffer versions_bytes(const std::vector<Version>& versions);

// A header field of the finished file: T at byte `at`.
template <class T>
void poke(Buffer& file, std::uint64_t at, T value) {
  std::memcpy(file.data() + at, &value, sizeof(T));
}
// Byte offset of the header of section `index` in the finished file.
std::uint64_t header_at(const Buffer& file, std::uint32_t index);
SectionHeader header_of(const Buffer& file, std::uint32_t index);
void set_header(Buffer& file, std::uint32_t index, const SectionHeader& header);
// The index of the section of that name in the finished file; 0 where there is none.
std::uint32_t section_in(const Buffer& file, std::string_view name);

// The trailer of a signed module around `signature`; `type` is struct module_signature's id_type.
Buffer with_signature(Buffer file, const Buffer& signature, std::uint8_t type = 2);

// A file opened as a module by one kernel's rules, with the memory that this takes: what fixtures
// start from.
class OpenedModule {
 protected:
  OpenedModule(Buffer file, const Rules& rules) : file_(std::move(file)), abi_(test_kernel(rules)) {
    module_ = Module::open(file_, abi_, arena_, diagnostics_);
  }
  OpenedModule(const OpenedModule&) = delete;

  Buffer file_, memory_ = Buffer(1 << 16);
  Arena arena_{memory_};
  std::vector<Diagnostic> room_ = std::vector<Diagnostic>(64);
  Diagnostics diagnostics_{room_};
  KernelAbi abi_;
  Result<Module> module_ = Error{};
};

// "refused: crc-mismatch printk" for each diagnostic, in order: what tests compare.
std::vector<std::string> said(const Diagnostics& diagnostics);

}  // namespace ringside::modules::test
