// A stock kernel that a guest need not unpack: what its bzImage holds, put at a random virtual
// address by the host, as the unpacker in the bzImage would have put it there.
#pragma once

#include <optional>

#include "lab/kernels/kernels.hh"
#include "user/base/unique_fd.hh"

namespace ringside::lab {

// A nameless file that QEMU boots like the bzImage at kernel.image: its setup code, then the kernel
// of the cache, unpacked and relocated by another offset on every call (none where `append` says
// nokaslr). No value where the kernel is none that this is known to work for; then the bzImage
// itself must be booted.
std::optional<UniqueFd> unpacked_kernel(const Kernel& kernel, const std::string& append);

}  // namespace ringside::lab
