// StepCodes: from a symbol to the next one, its type letter and the gap between their addresses
// together are one code, chosen by the type of the symbol before, and some bits of the gap.
#pragma once

#include <cstdint>
#include <span>

#include "core/base/arena.hh"
#include "core/base/result.hh"
#include "core/ksyms/bit_writer.hh"
#include "core/ksyms/class_code.hh"
#include "core/ksyms/format.hh"
#include "core/ksyms/symbol.hh"

namespace ringside::ksyms {

// Spans lie in the arena.
struct StepCodes {
  std::span<const Context> contexts;
  std::span<const Step> steps;
  std::span<const NumberedCode> codes;  // by context, of kinds of step
};

// The codes for `symbols`, which are in the table's order. Error where there are more than
// kMaxContexts type letters.
Result<StepCodes> make_step_codes(std::span<const Symbol> symbols, std::uint32_t block_size,
                                  Arena& arena);

// Writes the first symbol's context, the steps' size and the steps of one block.
void write_steps(const StepCodes& codes, std::span<const Symbol> block, BitWriter& bits);

}  // namespace ringside::ksyms
