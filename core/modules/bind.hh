// Binding without callbacks: the core lists what a module needs, the caller fills one answer for
// each, bind() judges all of them at once by the kernel's rules and fills the symbol values.
// Two rules have no switch: a module whose licence is not GPL-compatible gets no GPL-only export
// and no symbol that is not exported.
// Source: check_modstruct_version, simplify_symbols, resolve_symbol, check_version,
// verify_namespace_is_imported, inherit_taint, verify_exported_symbols.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>

#include "core/base/name_hash.hh"
#include "core/modules/module.hh"

namespace ringside::modules {

constexpr std::uint32_t kNoSymbol = 0xffff'ffff;

// The hash that Need::hash and the export index hold.
inline std::uint64_t name_hash(std::string_view name) {
  return hash_name(name, 0);
}

// One symbol that must be found outside the module.
struct Need {
  std::string_view name;
  std::uint64_t hash = 0;            // name_hash(name)
  std::uint64_t crc = 0;             // expected, by __versions
  std::uint32_t symbol = kNoSymbol;  // index in the symbol table; kNoSymbol: only its CRC counts
  bool has_crc = false;              // there is an entry in __versions
  bool weak = false;
};

enum class Source : std::uint8_t {
  kNone,        // nobody has it
  kExport,      // exported by the kernel or a module
  kUnexported,  // a kernel symbol that is not exported
};

// What the caller found for one need. Strings are borrowed, too.
struct Answer {
  std::uint64_t address = 0;       // final; per-CPU symbols: the per-CPU offset
  std::string_view name_space;     // empty: none
  std::string_view provider_name;  // for diagnostics
  std::uint32_t crc = 0;
  std::uint32_t provider = 0;  // any number of the caller's; 0 is the kernel itself
  Source source = Source::kNone;
  bool has_crc = false, gpl_only = false;
  bool proprietary_provider = false;  // not GPL-compatible, or has taken from such a one
};

// The needs: first module_layout (whose CRC stands for struct module's), then every undefined
// symbol in the table's order. From `arena`: 48 bytes each and a look-up table for __versions of
// 4 to 8 bytes each. Reports kVersionsMissing and kVersionName.
Result<std::span<const Need>> list_needs(const Module& module, Arena& arena,
                                         Diagnostics& diagnostics);

struct BindOptions {
  bool allow_unexported = false;  // take Source::kUnexported (GPL-compatible modules only)
};

// Judges answers[i] for needs[i] (spans of one length). Fills values[need.symbol] (one value a
// symbol of the module) of every need that is met. Returns the taints that binding adds (P where
// it is inherited from a provider, F where CRCs could not be checked).
std::uint32_t bind(const Module& module, std::span<const Need> needs,
                   std::span<const Answer> answers, BindOptions options,
                   std::span<std::uint64_t> values, Diagnostics& diagnostics);

// Reports kDuplicateExport for each exports[i] that existing[i] says somebody else has.
void judge_exports(std::span<const OwnExport> exports, std::span<const Answer> existing,
                   Diagnostics& diagnostics);

}  // namespace ringside::modules
