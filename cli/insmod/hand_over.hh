// One load over /dev/ringside, with the kernel's word for everything but the bytes.
#pragma once

#include "core/base/bytes.hh"
#include "include/ringside/uapi/loader.h"

namespace ringside::insmod {

// init_module of `file` in `mode` (RS_LOADER_USER, RS_LOADER_KERNEL) on the kernel `release`; 0 or
// an errno value. The file goes to the kernel with its signature, for the kernel to check.
// `by_kernel` becomes true where it was loaded without having come to us.
int hand_over(unsigned mode, const char* release, Bytes file, const char* parameters,
              bool& by_kernel);

}  // namespace ringside::insmod
