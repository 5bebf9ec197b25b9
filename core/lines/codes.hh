// The codes of an index: which numbers occur, how often, and what each is written as.
#pragma once

#include <cstdint>
#include <span>

#include "core/base/arena.hh"
#include "core/base/result.hh"
#include "core/ksyms/class_code.hh"
#include "core/lines/format.hh"

namespace ringside::lines {

struct MadeCode {
  ksyms::NumberedCode code;  // of symbols: symbol i is values[i], the last is the escape
  std::span<const std::uint32_t> values;  // ascending

  // The number that `value` is written as; the escape's where it has none of its own.
  std::uint32_t number_of(std::uint32_t value, bool& escaped) const;
  std::uint32_t escape() const { return code.numbers[values.size()]; }
};

// Sets `made` to a code for `text`, which is sorted by this.
Status make_code(std::span<std::uint32_t> text, MadeCode& made, Arena& arena);

}  // namespace ringside::lines
