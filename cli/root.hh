// The files that the command finds beside itself.
#pragma once

#include <filesystem>

#include "user/base/failure.hh"

namespace ringside::cli {

// The folder of what is used in place (verdict/, kernel/build, tests/verdict): share/ringside of an
// installed tree, or the top of the source that this was built in.
Outcome<std::filesystem::path> find_root();

}  // namespace ringside::cli
