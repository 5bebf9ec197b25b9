// Layout: where in memory each section of a module goes, by the kernel's own rules. Four passes
// over the sections (code, read-only, read-only after init, writable) append each to its region at
// its own alignment, first those that stay, then .init*; then the symbol table: the
// whole of it at the end of init memory, the symbols that stay at the end of core memory.
// Source: layout_sections, layout_symtab, move_module of kernel/module/{main,kallsyms}.c.
#pragma once

#include <array>
#include <cstdint>
#include <span>

#include "core/modules/module.hh"

namespace ringside::modules {

// All in bytes; the whole area for modules is smaller than 4 GiB.
struct Region {
  std::uint32_t size = 0;      // that the kernel allocates: whole pages; 0: no allocation
  std::uint32_t rounding = 0;  // of these, lost to page rounding
  std::uint32_t text = 0;      // 6.1's blocks: end of code, of read-only, of read-only after init
  std::uint32_t read_only = 0;
  std::uint32_t ro_after_init = 0;
};

struct Place {
  std::uint32_t offset = 0;         // in its region, bytes
  std::uint8_t region = kNoRegion;  // index into Rules::regions; kNoRegion: not in memory
};

// Where the kallsyms parts lie: offsets in Rules::symbol_region and Rules::init_symbol_region.
struct SymbolPlaces {
  std::uint32_t symbols = 0, strings = 0, types = 0;  // those that stay
  std::uint32_t init_struct = 0, init_types = 0;      // struct mod_kallsyms and the type letters
  std::uint32_t count = 0;                            // symbols that stay
};

struct Layout {
  std::array<Region, kMaxRegions> regions;
  std::span<const Place> places;  // one a section; .symtab and .strtab have theirs in init memory
  SymbolPlaces symbols;
  std::uint32_t percpu_section = 0;                 // 0: no per-CPU data
  std::uint64_t percpu_size = 0, percpu_align = 0;  // bytes

  // Bytes that /sys/module/NAME/coresize and initsize show.
  std::uint64_t core_size(const Rules& rules) const;
  std::uint64_t init_size(const Rules& rules) const;
  // Bytes of `core_size` and `init_size` that hold nothing.
  std::uint64_t rounding() const;
};

// Lays `module` out in `layout`, a fresh one; 10 bytes a section from `arena`. Reports
// kLayoutTooLarge. What the kernel does not keep (.modinfo, __versions) or keeps elsewhere (per-CPU
// data) gets no place.
Status lay_out(const Module& module, Arena& arena, Layout& layout, Diagnostics& diagnostics);

}  // namespace ringside::modules
