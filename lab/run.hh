// One command in a running guest, from the message that starts it to the reason it ended.
#pragma once

#include <cstdint>

#include "lab/guest.hh"
#include "lab/lab.hh"

namespace ringside::lab {

// Runs `request` as the session's `number`-th command. `survived` says whether the guest can run
// another.
RunResult run_command(Guest& guest, const Options& options, std::uint32_t number,
                      const Request& request, bool& survived);

}  // namespace ringside::lab
