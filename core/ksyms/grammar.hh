// Grammar: what the names of a table have in common, as rules "token = two tokens" (Re-Pair:
// Larsson and Moffat, Offline dictionary-based compression, 1999).
#pragma once

#include <cstdint>
#include <span>

#include "core/base/arena.hh"
#include "core/base/result.hh"
#include "core/ksyms/format.hh"

namespace ringside::ksyms {

// An id below kTerminals is a terminal, id kTerminals + n is rule n.
struct Rule {
  std::uint16_t left, right;  // ids of terminals or of earlier rules
};

// Spans lie in the arena.
struct Grammar {
  std::span<const Rule> rules;
  std::span<const std::uint16_t> sequence;  // the text, in ids
};

// The grammar of `text`, terminals where kEndOfName ends each name. No rule reaches over the end of
// a name. Takes about 70 bytes of arena for each terminal of the text.
Result<Grammar> make_grammar(std::span<const std::uint16_t> text, Arena& arena);

}  // namespace ringside::ksyms
