// The plan of a load, from the words of a command line.
#pragma once

#include <string>
#include <vector>

#include "user/loader/loader.hh"

namespace ringside::cli {

// Checks the modules that `words` name, with all that they need, against `kernel`, the running one.
Outcome<loader::Plan> make_plan(modules::Kernel& kernel, const std::vector<std::string>& words,
                                const loader::Options& options);

}  // namespace ringside::cli
