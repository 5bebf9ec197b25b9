// One load over /dev/ringside, with the kernel's word for everything but the bytes.
#pragma once

#include "core/base/bytes.hh"
#include "include/ringside/uapi/loader.h"

namespace ringside::insmod {

// init_module of `file` in `mode` (RS_LOADER_USER, RS_LOADER_KERNEL) on the kernel `release`; 0 or
// an errno value. In USER mode the signature is taken off.
int hand_over(unsigned mode, const char* release, Bytes file, const char* parameters);

}  // namespace ringside::insmod
