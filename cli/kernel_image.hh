// The image that a command's KERNEL means.
#pragma once

#include <string>

#include "user/kimage/image.hh"

namespace ringside::cli {

// Opens the image of the kernel that goes by `name` (lab/kernels/kernels.hh). A path to a file is
// opened as it is, so that a vmlinux, which no lab could boot, serves too.
Outcome<kimage::Image> open_image(const std::string& name);

}  // namespace ringside::cli
