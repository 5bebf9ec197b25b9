// Rules: what differs between kernels in how they check and lay out a module, as one table a
// kernel series. Another kernel is one more table in rules.cc.
// Source: kernel/module/{main,kallsyms,strict_rwx}.c, arch/x86/kernel/module.c, Debian's
// configurations (STRICT_MODULE_RWX, KALLSYMS_ALL, MODULE_UNLOAD, MODVERSIONS,
// MODULE_ALLOW_BTF_MISMATCH =y; MODULE_ALLOW_MISSING_NAMESPACE_IMPORTS, CONSTRUCTORS off).
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

#include "core/base/bytes.hh"
#include "core/kimage/btf.hh"

namespace ringside::modules {

constexpr std::uint32_t kMaxRegions = 7;  // mod_mem types of 6.12
constexpr std::uint8_t kNoRegion = 0xff;

// The passes in which both kernels place sections, in this order: code, read-only data, read-only
// after init, writable data. (Their fifth, small data, is empty on x86-64: ARCH_SHF_SMALL is 0.)
constexpr std::uint32_t kPasses = 4;

struct RegionRule {
  std::string_view name;  // "core", "text", "init_data" ...
  bool init = false;      // freed after initialisation
};

struct Rules {
  std::string_view series;  // "6.1"
  std::uint32_t page_size;
  std::uint32_t region_count;
  std::array<RegionRule, kMaxRegions> regions;
  std::array<std::array<std::uint8_t, kPasses>, 2> region_of;  // [init][pass]; kNoRegion: the next
  std::uint8_t symbol_region;       // gets the symbols that stay, at its end
  std::uint8_t init_symbol_region;  // gets the whole symbol and string table, at its end
  bool pages_between_passes;        // 6.1: text, ro and ro-after-init parts of a block end on pages
  bool exact_module_size;           // 6.12: this_module must be as large as struct module
  bool unique_names;                // 6.12: two sections in memory of one name are refused
  bool unique_sections;             // 6.12: one .modinfo, this_module and symbol table each
  bool typed_string_tables;         // 6.12: names and strings must be SHT_STRTAB
  bool checks_all_names;            // 6.12: names of sections without SHF_ALLOC, too
  bool named_drivers;               // 6.12: built-in drivers have folders in /sys/module, too
  std::uint32_t area_size;          // of the address range for modules, bytes
  std::uint32_t percpu_reserve;     // PERCPU_MODULE_RESERVE, bytes
  std::uint32_t kallsyms_struct;    // sizeof(struct mod_kallsyms)
};

extern const Rules kRules6_1;
extern const Rules kRules6_12;

// All of them.
std::span<const Rules* const> all_rules();

// The table for a release ("6.1.0-56-amd64"), by its series; nullptr where there is none.
const Rules* rules_for(std::string_view release);

// struct module of one kernel, all in bytes. name, init and exit are offsets of those members.
struct ModuleStruct {
  std::uint32_t size = 0;
  std::uint32_t name = 0, init = 0, exit = 0;
};

constexpr std::uint32_t kModuleNameMax = 56;  // MODULE_NAME_LEN, its NUL included

// struct module as `btf` (the kernel's own types) has it; an Error where it or a member is missing.
Result<ModuleStruct> module_struct(const kimage::Btf& btf);

// The kernel's version magic ("6.1.0-56-amd64 SMP preempt mod_unload modversions "), looked up in
// section .rodata of its vmlinux by its release; borrowed from there.
Result<std::string_view> find_vermagic(Bytes rodata, std::string_view release);

// Whether the kernel was built with MODULE_FORCE_LOAD, by the text in its section .rodata that only
// try_to_force_load() prints.
bool find_force_load(Bytes rodata);

// One kernel, as modules are checked against it. Borrows everything.
struct KernelAbi {
  const Rules* rules = nullptr;
  std::string_view vermagic;
  ModuleStruct module_struct;
  bool force_load = true;  // a missing version magic or missing CRCs only taint
};

}  // namespace ringside::modules
