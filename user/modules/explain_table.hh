// The words for every fault, as format strings over the parts of a Diagnostic.
#pragma once

#include "core/modules/fault.hh"

namespace ringside::modules {

// May use {name} {text} {section} {at} {expected} {found} {symbol} {type}, and
// {license}: what the module says of its own.
struct Wording {
  Fault fault;
  const char *what, *where, *expected, *found, *advice;
};

// The row for `fault`; there is one for every fault.
const Wording& wording_of(Fault fault);

}  // namespace ringside::modules
