// The first half of a boot: from the start of QEMU to the agent's first word.
#pragma once

#include <string>

#include "lab/guest.hh"
#include "lab/lab.hh"

namespace ringside::lab {

// The kernel's name for itself, as the agent of `guest` gives it; or why the guest is not going to
// say hello, with the end of its console where there is one.
Outcome<std::string> wait_for_hello(Guest& guest, const Options& options);

}  // namespace ringside::lab
