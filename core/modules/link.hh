// link(): from a laid out module, addresses and resolved symbols to the finished bytes. Sections
// are copied to their places in zeroed regions, symbol values become addresses, then every
// allocated section's relocations are applied. What the kernel patches afterwards
// (alternatives, returns, ftrace, sorted tables) is not done here.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>

#include "core/modules/bind.hh"
#include "core/modules/layout.hh"
#include "core/modules/relocate.hh"

namespace ringside::modules {

// Where an image goes. memory[r] is empty or at least Layout::regions[r].size long.
struct Image {
  std::array<std::span<std::byte>, kMaxRegions> memory;
  std::array<std::uint64_t, kMaxRegions> address{};  // that memory[r] will have when it runs
  std::uint64_t percpu_address = 0;                  // base of the module's per-CPU allocation
};

// The address of each section (one a section of the object; 0 where it is not in memory): base of
// its region + its offset; the per-CPU section has `percpu_address`.
void section_addresses(const Layout& layout, const Image& image,
                       std::span<std::uint64_t> addresses);

// Fills the value of every symbol that is defined in the object: its section's address + st_value,
// all others (absolute, undefined: bind() fills those) as they are in the file. `values` has one a
// symbol, `addresses` one a section.
void define_symbols(const Object& object, std::span<const std::uint64_t> addresses,
                    std::span<std::uint64_t> values);

// Writes the finished sections into image.memory (zeroed first). Returns the number of
// relocations. `values` are complete: define_symbols, then bind. An Error where the memory of a
// region that is in use is too small. The per-CPU section is not written: its image is its bytes in
// the file (kernels do not relocate it).
Result<std::uint64_t> link(const Object& object, const Layout& layout, const Image& image,
                           std::span<const std::uint64_t> values, Diagnostics& diagnostics);

// Writes what stands in init memory from then on until it is freed: the symbol table with its final
// values, and its strings. Apart from link(), because who hands sections over leaves both alone.
Status link_symbols(const Object& object, const Layout& layout, const Image& image,
                    std::span<const std::uint64_t> values);

// Relocates section contents that the caller has put in place itself: targets[i] are the bytes of
// section i (empty: skipped). For hand-overs and for plain objects.
std::uint64_t relocate_sections(const Object& object, std::span<const Target> targets,
                                std::span<const std::uint64_t> values, Diagnostics& diagnostics);

// The resolved symbol table, as the kernel's init memory holds it after simplify_symbols:
// symbol_count() records of 24 bytes with st_value replaced. An Error where `out` is not as long.
Result<Nothing> write_symbols(const Object& object, std::span<const std::uint64_t> values,
                              std::span<std::byte> out);

}  // namespace ringside::modules
