// The work of `ringside oops filter`.
#pragma once

#include "user/base/failure.hh"
#include "user/oops/decode.hh"

namespace ringside::cli {

// Standard input's lines through oops::filter() to standard output, by `jobs` threads, in order.
// A line that is no JSON object is left out and said. kYes where there were reports, kNo where
// there were none, kUnknown where lines were left out.
Outcome<int> filter_oopses(oops::FindKernel find, unsigned jobs);

}  // namespace ringside::cli
