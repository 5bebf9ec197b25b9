// NDJSON to NDJSON: objects with a text in each, out with the reports found in it.
#pragma once

#include "user/oops/decode.hh"

namespace ringside::oops {

struct Filtered {
  std::string line;         // with its newline; empty where the line that came was no JSON object
  std::size_t reports = 0;  // how many were found
};

// `line`, an object, with the member "reports" behind all that it has: what print_json() gives for
// each report in its string "text". An object without one, or with reports already, stays as it is.
Outcome<Filtered> filter(std::string_view line, Decoder& decoder);

}  // namespace ringside::oops
