// One pass over both tables, side by side.
#include "core/modules/resolved.hh"

#include "core/modules/elf64.hh"

namespace ringside::modules {
namespace {

bool same_but_value(const Symbol& a, const Symbol& b) {
  return a.name == b.name && a.info == b.info && a.other == b.other && a.section == b.section &&
         a.size == b.size;
}

std::uint64_t base_of(const ResolvedTable& table, std::uint16_t section) {
  if (section == table.percpu_section) return table.percpu;
  return load<SectionHeader>(table.sections, section * sizeof(SectionHeader)).address;
}

// The value that a symbol must have, or none where the kernel alone knows.
Result<std::optional<std::uint64_t>> expected_value(const ResolvedTable& table,
                                                    const Symbol& symbol, std::uint64_t index) {
  if (symbol.section == kUndefined) return std::optional<std::uint64_t>{};
  if (symbol.section == kAbsolute) return std::optional(symbol.value);
  auto sections = table.sections.size() / sizeof(SectionHeader);
  if (symbol.section >= sections)
    return Error{"section index too large", "symbol", index, sections, symbol.section};
  return std::optional(base_of(table, symbol.section) + symbol.value);
}

}  // namespace

Result<Nothing> read_resolved(const ResolvedTable& table, std::span<std::uint64_t> values) {
  auto size = values.size() * sizeof(Symbol);
  if (table.original.size() != size || table.resolved.size() != size)
    return Error{"symbol tables differ in length", "symbol", 0, size, table.resolved.size()};
  for (std::uint64_t index = 0; index < values.size(); ++index) {
    auto before = load<Symbol>(table.original, index * sizeof(Symbol));
    auto after = load<Symbol>(table.resolved, index * sizeof(Symbol));
    if (!same_but_value(before, after))
      return Error{"changed in more than its value", "symbol", index, before.section,
                   after.section};
    auto expected = index == 0 ? std::nullopt : TRY(expected_value(table, before, index));
    if (expected && *expected != after.value)
      return Error{"value differs", "symbol", index, *expected, after.value};
    values[index] = after.value;
  }
  return ok;
}

}  // namespace ringside::modules
