// A bar on stderr, where that is a terminal: work that takes seconds is seen to go on.
#pragma once

#include <cstddef>
#include <functional>
#include <string>

namespace ringside::cli {

// To be called with how much is done of how much; clears the bar's line at the end. Empty where
// stderr is no terminal.
std::function<void(std::size_t done, std::size_t total)> progress_bar(const std::string& what);

}  // namespace ringside::cli
