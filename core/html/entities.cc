// Each byte narrows the range of names by two binary searches on one column. Where each name starts
// is worked out when this file is compiled.
#include "core/html/entities.hh"

#include <array>

#include "core/html/entity_table.hh"
#include "core/html/name.hh"

namespace ringside::html {
namespace {

constexpr auto kStarts = [] {
  std::array<std::uint16_t, kEntities + 1> starts{};
  unsigned name = 0, at = 0;
  for (; kEntityNames[at]; ++at)
    if (kEntityNames[at] == ' ') starts[++name] = static_cast<std::uint16_t>(at + 1);
  return starts;
}();
static_assert(kStarts[kEntities] == sizeof(kEntityNames) - 1);

unsigned length_of(unsigned name) {
  return kStarts[name + 1] - kStarts[name] - 1u;
}

// The byte of `name` in `column`; names of a range are at least that long, and a space ends them.
unsigned char byte_of(unsigned name, unsigned column) {
  return static_cast<unsigned char>(kEntityNames[kStarts[name] + column]);
}

// Letters, digits and the semicolon: a space, which ends names in the table, is none of them.
bool is_name_byte(unsigned char c) {
  return is_letter(c) || (c >= '0' && c <= '9') || c == ';';
}

// The first of names [from, to), equal before `column`, whose byte there is not below `c`.
unsigned lower_bound(unsigned from, unsigned to, unsigned column, unsigned c) {
  while (from < to) {
    unsigned middle = (from + to) / 2;
    if (byte_of(middle, column) < c)
      from = middle + 1;
    else
      to = middle;
  }
  return from;
}

// 0x80 to 0x9F as windows-1252 has them; 0 stands for itself.
constexpr std::uint16_t kWindows1252[32] = {
    0x20ac, 0,      0x201a, 0x0192, 0x201e, 0x2026, 0x2020, 0x2021, 0x02c6, 0x2030, 0x0160,
    0x2039, 0x0152, 0,      0x017d, 0,      0,      0x2018, 0x2019, 0x201c, 0x201d, 0x2022,
    0x2013, 0x2014, 0x02dc, 0x2122, 0x0161, 0x203a, 0x0153, 0,      0x017e, 0x0178};

}  // namespace

bool EntityMatcher::take(unsigned char c) {
  unsigned from = taken_ ? from_ : 0, to = taken_ ? to_ : kEntities;
  if (!is_name_byte(c)) return false;
  from = lower_bound(from, to, taken_, c);
  to = lower_bound(from, to, taken_, c + 1u);
  if (from == to) return false;
  from_ = static_cast<std::uint16_t>(from);
  to_ = static_cast<std::uint16_t>(to);
  ++taken_;
  if (length_of(from) == taken_) {  // the shortest of a range comes first
    matched_ = taken_;
    value_ = from_;
    semicolon_ = c == ';';
  }
  return true;
}

std::uint32_t EntityMatcher::first() const {
  return kEntityValues[value_] & 0xff'ffff;
}

std::uint32_t EntityMatcher::second() const {
  return kSecondCodePoints[kEntityValues[value_] >> 24];
}

std::uint32_t numeric_reference(std::uint32_t number) {
  if (number == 0 || number > 0x10'ffff || (number >= 0xd800 && number <= 0xdfff)) return 0xfffd;
  if (number < 0x80 || number > 0x9f || !kWindows1252[number - 0x80]) return number;
  return kWindows1252[number - 0x80];
}

unsigned encode_utf8(std::uint32_t code, unsigned char* to) {
  if (code < 0x80) return to[0] = static_cast<unsigned char>(code), 1;
  unsigned more = code < 0x800 ? 1 : code < 0x1'0000 ? 2 : 3;
  constexpr unsigned kLead[] = {0, 0xc0, 0xe0, 0xf0};
  to[0] = static_cast<unsigned char>(kLead[more] | code >> (6 * more));
  for (unsigned each = 1; each <= more; ++each)
    to[each] = static_cast<unsigned char>(0x80 | ((code >> (6 * (more - each))) & 0x3f));
  return more + 1;
}

}  // namespace ringside::html
