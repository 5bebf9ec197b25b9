// Debug information needs absolute values only: addresses of 64 bits, and of 32 bits offsets into
// other debug sections. Bytes under a relocation are replaced, whatever they were.
// Source: x86-64 psABI, chapter 4.
#include "core/dwarf/relocate.hh"

namespace ringside::dwarf {
namespace {

struct Symbol {  // Elf64_Sym
  std::uint32_t name;
  std::uint8_t info, other;
  std::uint16_t section;
  std::uint64_t value, size;
};

struct Relocation {  // Elf64_Rela
  std::uint64_t offset, info;
  std::int64_t addend;
};

enum RelocationType : std::uint32_t { kRelNone = 0, kRel64 = 1, kRel32 = 10, kRel32S = 11 };

constexpr auto kPart = "relocations of debug information";

Result<std::uint64_t> value_of(Bytes symbols, std::uint64_t number,
                               std::span<const std::uint64_t> section_addresses) {
  if (!fits(number * sizeof(Symbol), sizeof(Symbol), symbols.size()))
    return Error{"no such symbol", kPart, number, symbols.size() / sizeof(Symbol), number};
  auto symbol = load<Symbol>(symbols, number * sizeof(Symbol));
  if (symbol.section >= section_addresses.size()) return symbol.value;  // absolute, common
  return symbol.value + section_addresses[symbol.section];
}

Status store(std::uint64_t value, std::uint64_t at, std::size_t size,
             std::span<std::byte> section) {
  if (!fits(at, size, section.size()))
    return Error{"place past the end", kPart, at, section.size(), size};
  for (std::size_t i = 0; i < size; ++i) section[at + i] = static_cast<std::byte>(value >> 8 * i);
  return ok;
}

}  // namespace

Status relocate(Bytes relocations, Bytes symbols, std::span<const std::uint64_t> section_addresses,
                std::span<std::byte> section) {
  for (std::uint64_t at = 0; fits(at, sizeof(Relocation), relocations.size());
       at += sizeof(Relocation)) {
    auto relocation = load<Relocation>(relocations, at);
    auto type = static_cast<std::uint32_t>(relocation.info);
    if (type == kRelNone) continue;
    if (type != kRel64 && type != kRel32 && type != kRel32S)
      return Error{"unknown relocation", kPart, at, kRel64, type};
    auto value = TRY(value_of(symbols, relocation.info >> 32, section_addresses));
    value += static_cast<std::uint64_t>(relocation.addend);
    TRY(store(value, relocation.offset, type == kRel64 ? 8 : 4, section));
  }
  return ok;
}

}  // namespace ringside::dwarf
