// A set for each unit: a header, padding up to a multiple of a pair's size counted from the set's
// own beginning, then pairs of address and length up to a pair of zeros.
#include "core/dwarf/aranges.hh"

#include "core/dwarf/cursor.hh"

namespace ringside::dwarf {
namespace {

constexpr auto kAranges = ".debug_aranges";

struct Set {
  std::uint64_t unit = 0, first = 0, end = 0;  // first, end: of its pairs
  std::uint8_t address_size = 0;
};

Result<Set> read_set(Bytes aranges, std::uint64_t at) {
  constexpr std::uint32_t kEscape64 = 0xffff'ffff;
  Cursor cursor(aranges, at);
  std::uint64_t offset_size = 4, length = cursor.u32();
  if (length == kEscape64) offset_size = 8, length = cursor.u64();
  if (cursor.failed() || !fits(cursor.at(), length, aranges.size()))
    return Error{"set past the end", kAranges, at, aranges.size(), length};
  Set set{.end = cursor.at() + length};
  auto version = cursor.u16();
  set.unit = cursor.number(offset_size);
  set.address_size = cursor.u8();
  auto segment_size = cursor.u8();
  if (version != 2) return Error{"unknown version of a set", kAranges, at, 2, version};
  if (segment_size != 0) return Error{"size of a segment", kAranges, at, 0, segment_size};
  if (set.address_size != 4 && set.address_size != 8)
    return Error{"size of an address", kAranges, at, 8, set.address_size};
  set.first = at + align_up(cursor.at() - at, 2u * set.address_size);
  return set;
}

bool holds(Bytes aranges, const Set& set, std::uint64_t address) {
  if (set.first > set.end) return false;
  Cursor cursor(aranges.first(set.end), set.first);
  for (;;) {
    auto begin = cursor.number(set.address_size), size = cursor.number(set.address_size);
    if (cursor.failed() || (begin == 0 && size == 0)) return false;
    if (address >= begin && address - begin < size) return true;
  }
}

}  // namespace

Result<std::optional<std::uint64_t>> unit_at(Bytes aranges, std::uint64_t address) {
  for (std::uint64_t at = 0; at < aranges.size();) {
    auto set = TRY(read_set(aranges, at));
    if (holds(aranges, set, address)) return std::optional(set.unit);
    at = set.end;
  }
  return std::optional<std::uint64_t>();
}

}  // namespace ringside::dwarf
