// The map of a linked module, for a person or a script: a line each, "  KIND ADDRESS BYTES NAME
// ...".
#pragma once

#include "user/modules/linker.hh"

namespace ringside::cli {

// To stdout: by address the module's regions, each with its sections and parts of kallsyms; then
// its symbols by address, then what it took from elsewhere.
void print_map(const modules::Kernel& kernel, const modules::Linked& linked);

}  // namespace ringside::cli
