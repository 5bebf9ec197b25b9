// A name out of a string table that may be hostile: without a limit, a table of entries that all
// name one endless string costs quadratic time.
#pragma once

#include "core/base/bytes.hh"

namespace ringside::elf {

constexpr std::uint64_t kNameMax = 4096;  // bytes; the longest mangled C++ names stay below it

// The string at byte `at` of `strings`, without its NUL; an Error where it has no end there or is
// longer than kNameMax.
inline Result<std::string_view> read_name(Bytes strings, std::uint64_t at, const char* part) {
  bool long_table = fits(at, kNameMax + 1, strings.size());
  return read_string(long_table ? strings.first(at + kNameMax + 1) : strings, at, part);
}

}  // namespace ringside::elf
