// Relocation for x86-64: seven types, the bytes under a relocation must be zero, 32-bit values must
// fit. One pass over the records. apply() does one relocation and says what is wrong with it, if
// anything; only then are its facts gathered, off the fast path.
// Source: x86-64 psABI 4.4; arch/x86/kernel/module.c.
#include "core/modules/relocate.hh"

#include "core/modules/elf64.hh"

namespace ringside::modules {
std::string_view relocation_name(std::uint64_t type) {
  switch (type) {
    case kRelNone:
      return "R_X86_64_NONE";
    case kRel64:
      return "R_X86_64_64";
    case kRelPc32:
      return "R_X86_64_PC32";
    case kRelPlt32:
      return "R_X86_64_PLT32";
    case kRel32:
      return "R_X86_64_32";
    case kRel32S:
      return "R_X86_64_32S";
    case kRelPc64:
      return "R_X86_64_PC64";
    case kRelGotPcRel:
      return "R_X86_64_GOTPCREL";
    case kRelGotPcRelX:
      return "R_X86_64_GOTPCRELX";
    case kRelRexGotPcRelX:
      return "R_X86_64_REX_GOTPCRELX";
    default:
      return "type";
  }
}

std::uint64_t relocation_width(std::uint64_t type) {
  return type == kRel64 || type == kRelPc64 ? 8 : 4;
}

namespace {

constexpr auto kFine = Fault::kCount;

template <class Word>
Fault put(const Target& target, std::uint64_t offset, std::uint64_t value) {
  if (!fits(offset, sizeof(Word), target.bytes.size())) return Fault::kRelocationOffset;
  auto at = target.bytes.data() + offset;
  auto word = static_cast<Word>(value);
  Word old;
  __builtin_memcpy(&old, at, sizeof(Word));
  if (old != 0) return Fault::kRelocationTarget;
  __builtin_memcpy(at, &word, sizeof(Word));
  return kFine;
}

bool fits_signed(std::uint64_t value) {
  return static_cast<std::int64_t>(value) == static_cast<std::int32_t>(value);
}

// The kernel checks 32 and 32S for overflow, and truncates PC-relative values without a look.
[[gnu::always_inline]] inline Fault apply(const Relocation& entry, const Target& target,
                                          std::span<const std::uint64_t> values) {
  if (entry.symbol() >= values.size()) return Fault::kRelocationSymbol;
  auto value = values[entry.symbol()] + static_cast<std::uint64_t>(entry.addend);
  auto relative = value - (target.address + entry.offset);
  switch (entry.type()) {
    case kRelPc32:
    case kRelPlt32:
      if (!fits_signed(relative)) return Fault::kRelocationTruncated;
      return put<std::uint32_t>(target, entry.offset, relative);
    case kRel32S:
      if (!fits_signed(value)) return Fault::kRelocationOverflow;
      return put<std::uint32_t>(target, entry.offset, value);
    case kRel64:
      return put<std::uint64_t>(target, entry.offset, value);
    case kRel32:
      if (value >> 32 != 0) return Fault::kRelocationOverflow;
      return put<std::uint32_t>(target, entry.offset, value);
    case kRelPc64:
      return put<std::uint64_t>(target, entry.offset, relative);
    case kRelNone:
      return kFine;
    default:
      return Fault::kRelocationType;
  }
}

Severity severity_of(Fault fault) {
  bool checked = fault == Fault::kRelocationOverflow || fault == Fault::kRelocationTarget ||
                 fault == Fault::kRelocationType;
  return checked ? Severity::kRefused : Severity::kUnsafe;
}

// What stands at `offset`, up to eight bytes of it.
std::uint64_t bytes_at(const Target& target, std::uint64_t offset) {
  std::uint64_t word = 0;
  auto room = target.bytes.size() - offset;
  std::memcpy(&word, target.bytes.data() + offset, room < sizeof(word) ? room : sizeof(word));
  return word;
}

[[gnu::cold, gnu::noinline]] void explain(Fault fault, const Relocation& entry,
                                          const Target& target,
                                          std::span<const std::uint64_t> values, Diagnostic where,
                                          Diagnostics& diagnostics) {
  where.fault = fault;
  where.severity = severity_of(fault);
  where.expected = entry.type();
  if (fault == Fault::kRelocationType) where.expected = 0, where.found = entry.type();
  if (fault == Fault::kRelocationSymbol)
    where.expected = values.size(), where.found = entry.symbol();
  if (fault == Fault::kRelocationOffset)
    where.expected = target.bytes.size(), where.found = entry.offset;
  if (fault == Fault::kRelocationTarget)
    where.expected = 0, where.found = bytes_at(target, entry.offset);
  if (fault == Fault::kRelocationOverflow || fault == Fault::kRelocationTruncated)
    where.found = values[entry.symbol()] + static_cast<std::uint64_t>(entry.addend);
  if (fault == Fault::kRelocationTruncated) where.found -= target.address + entry.offset;
  diagnostics.add(where);
}

}  // namespace

std::uint64_t relocate(Bytes relocations, std::uint32_t section, const Target& target,
                       std::span<const std::uint64_t> values, Diagnostics& diagnostics) {
  const Target here = target;  // a copy that no store through bytes can change
  auto count = relocations.size() / sizeof(Relocation);
  for (std::uint64_t index = 0; index < count; ++index) {
    auto entry = load<Relocation>(relocations, index * sizeof(Relocation));
    auto fault = apply(entry, here, values);
    if (fault != kFine) [[unlikely]]
      explain(fault, entry, here, values, {fault, Severity::kRefused, section, index}, diagnostics);
  }
  return count;
}

}  // namespace ringside::modules
