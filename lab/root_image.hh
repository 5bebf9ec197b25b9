// The guest's root as an image, for kernels that have no 9p (Debian's cloud flavour).
#pragma once

#include <filesystem>
#include <vector>

#include "lab/initramfs.hh"
#include "user/base/unique_fd.hh"

namespace ringside::lab {

// An erofs image with the host's essential packages, kmod, `programs` (each with its shared
// libraries), the directory of ringside, and every tree of `shares` but "/". The file has no name
// any more when this returns.
Outcome<UniqueFd> build_root_image(const std::vector<HostShare>& shares,
                                   const std::vector<std::string>& programs);

}  // namespace ringside::lab
