// The kernel, with its module tree, that a command's --kernel means.
#pragma once

#include <filesystem>
#include <string>

#include "user/modules/checker.hh"

namespace ringside::cli {

// Opens the kernel that goes by `name` (lab/kernels/kernels.hh), or a vmlinux, which has no tree.
Outcome<modules::Kernel> open_module_kernel(const std::string& name);

// Opens the kernel that runs here, from /boot or from the cache, and its module tree. Fails where
// the image is not that of the running kernel.
Outcome<modules::Kernel> open_running_kernel();

// The types of the kernel with that release, if it is on this machine.
std::shared_ptr<modules::KernelTypes> types_of_release(const std::string& release);

}  // namespace ringside::cli
