// One command in a running guest, from the message that starts it to the reason it ended.
#pragma once

#include <chrono>
#include <optional>
#include <string>

#include "lab/guest.hh"
#include "lab/lab.hh"

namespace ringside::lab {

using Clock = std::chrono::steady_clock;

// Runs `request` as the session's `number`-th command. `survived` says whether the guest can run
// another.
RunResult run_command(Guest& guest, const Options& options, std::uint32_t number,
                      const Request& request, bool& survived);

// True where `fd` is given and readable: the caller wants an end.
bool is_cancelled(int fd);

}  // namespace ringside::lab
