// Headlines: the lines that begin a report.
#pragma once

#include "core/oops/line.hh"

namespace ringside::oops {

// Fills `line` where `message` is a headline, the exception of one (kDie), or a panic.
bool read_headline(std::string_view message, Line& line);

}  // namespace ringside::oops
