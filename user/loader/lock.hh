// Lock: a file, RUN/lock, that keeps modules from being unloaded by us while others of us rely on
// their addresses. It ends with its holder, however that ends.
#pragma once

#include "user/base/failure.hh"
#include "user/base/unique_fd.hh"
#include "user/loader/loaded.hh"

namespace ringside::loader {

enum class Sharing { kShared, kAlone };

// Waits. Where the file cannot be made there is no lock: its absence fails nothing.
UniqueFd take_lock(Sharing sharing, const Roots& roots = {});

}  // namespace ringside::loader
