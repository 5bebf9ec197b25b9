// make_class_code: the widths of a ClassCode's classes that make the text shortest.
#pragma once

#include <cstdint>
#include <span>

#include "core/base/arena.hh"
#include "core/base/result.hh"
#include "core/ksyms/bit_writer.hh"
#include "core/ksyms/format.hh"

namespace ringside::ksyms {

// Spans lie in the arena.
struct NumberedCode {
  ClassCode code;
  std::span<const std::uint16_t> order;  // number -> symbol; those that occur, most frequent first
  std::span<const std::uint16_t> numbers;  // by symbol, where it occurs
};

// Sets `made` to a code for symbols that occur so often; at most kMaxTokens of them. Error where
// the arena is too small.
Status make_class_code(std::span<const std::uint32_t> occurrences, NumberedCode& made,
                       Arena& arena);

// Writes the code of a number.
void write_code(const ClassCode& code, std::uint32_t number, BitWriter& bits);

}  // namespace ringside::ksyms
