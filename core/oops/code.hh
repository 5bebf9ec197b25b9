// Code: the bytes around a fault, out of a report's "Code:" lines.
#pragma once

#include <cstdint>
#include <span>

#include "core/oops/report.hh"

namespace ringside::oops {

constexpr std::size_t kCodeBytes = 256;

struct Code {
  std::uint8_t bytes[kCodeBytes];
  std::uint32_t size = 0;
  std::uint32_t fault = 0;  // where the marked instruction begins
  bool marked = false;
  std::uint32_t unit = 1;  // bytes in a printed word: 1 on x86, 2 or 4 elsewhere
};

// Reads "0f 0b <48> 8b", "e1a03007 (e5963000)". Words of several bytes are stored as the number
// that was printed, lowest byte first. Marks nothing where no word is in brackets.
Code read_code(const Report& report);

}  // namespace ringside::oops
