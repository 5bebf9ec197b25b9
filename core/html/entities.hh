// Character references by name and by number (WHATWG HTML, 13.2.5.72 to 13.2.5.80). A name is
// matched byte by byte, as it comes: the matcher holds the range of sorted names that begin with
// what it has seen, so the longest match needs no look-ahead and no copy of the input.
#pragma once

#include <cstdint>

namespace ringside::html {

// The longest name, with its semicolon: no reference holds back more bytes than this.
inline constexpr unsigned kEntityNameMax = 32;

class EntityMatcher {
 public:
  // Takes the next byte; false where no name goes on with it (it is not taken then).
  bool take(unsigned char c);

  unsigned taken() const { return taken_; }
  // Bytes of the longest name among those taken; 0: none. What it stands for: one or two code
  // points, the second one 0 where there is none.
  unsigned matched() const { return matched_; }
  bool ends_with_semicolon() const { return semicolon_; }
  std::uint32_t first() const;
  std::uint32_t second() const;

 private:
  std::uint16_t from_ = 0, to_ = 0, value_ = 0;  // names [from_, to_) begin with what was taken
  std::uint8_t taken_ = 0, matched_ = 0;
  bool semicolon_ = false;
};

// The code point that "&#number;" stands for: U+FFFD for 0, surrogates and what is beyond Unicode,
// windows-1252 for 0x80 to 0x9F.
std::uint32_t numeric_reference(std::uint32_t number);

// Writes `code` as UTF-8 to `to`, which has room for four bytes; the number of bytes.
unsigned encode_utf8(std::uint32_t code, unsigned char* to);

}  // namespace ringside::html
