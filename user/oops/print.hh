// Printing of decoded reports: as annotated text, or as one JSON object (docs/oops.md).
#pragma once

#include <string>

#include "user/oops/decode.hh"

namespace ringside::oops {

// The report's own lines, each followed by what is known beyond it, and a summary behind them.
// Lines that nothing is added to stay as they are, byte for byte. Ends as the report's last line
// does: in a newline, or in an escaped one.
std::string print_text(const Found& found, const Decoded& decoded, bool colour);

// One line of JSON, with its newline.
std::string print_json(const Found& found, const Decoded& decoded);

}  // namespace ringside::oops
