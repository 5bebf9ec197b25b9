// A file that a command writes whole.
#pragma once

#include <string>

#include "user/base/failure.hh"

namespace ringside::cli {

// Replaces what `path` holds; the failure names it.
Outcome<Nothing> write_file(const std::string& path, const std::string& text);

}  // namespace ringside::cli
