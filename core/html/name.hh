// Name: a tag's or an attribute's name, folded to lower case, in two words. No name that means
// anything here is longer than 16 bytes; of a longer one the length is kept as "too long".
#pragma once

#include <cstdint>
#include <string_view>

namespace ringside::html {

// `c` as a letter in lower case, or itself.
constexpr unsigned char lower(unsigned char c) {
  return c >= 'A' && c <= 'Z' ? c | 0x20 : c;
}

constexpr bool is_letter(unsigned char c) {
  return (c | 0x20u) - 'a' < 26;
}

// What HTML calls white space. CR is among them because every input passes as LF.
constexpr bool is_space(unsigned char c) {
  return c == ' ' || c == '\n' || c == '\t' || c == '\f' || c == '\r';
}

struct Name {
  static constexpr unsigned kMax = 16;

  std::uint64_t low = 0, high = 0;
  std::uint8_t length = 0;

  constexpr Name() = default;
  constexpr explicit Name(std::string_view text) {
    for (char c : text) append(static_cast<unsigned char>(c));
  }

  constexpr void append(unsigned char c) {
    if (length < 8)
      low |= std::uint64_t{lower(c)} << (8 * length);
    else if (length < kMax)
      high |= std::uint64_t{lower(c)} << (8 * (length - 8));
    if (length <= kMax) ++length;
  }

  // The byte at `at`, which is below `length` and kMax.
  constexpr unsigned char at(unsigned at) const {
    return static_cast<unsigned char>((at < 8 ? low : high) >> (8 * (at & 7)));
  }

  constexpr bool operator==(const Name&) const = default;
};

}  // namespace ringside::html
