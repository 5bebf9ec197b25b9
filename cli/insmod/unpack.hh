// A module's ELF file out of what is on disk.
#pragma once

#include "core/base/bytes.hh"

namespace ringside::insmod {

// `file` itself where it is not packed; else memory from malloc, free()d by the caller; empty where
// it is packed by anything but xz, or damaged.
Bytes unpack(Bytes file);

}  // namespace ringside::insmod
