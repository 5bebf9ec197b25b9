// The kernel, with its module tree, that a command's --kernel means.
#pragma once

#include <filesystem>
#include <string>

#include "user/modules/checker.hh"

namespace ringside::cli {

// Opens the kernel that goes by `name` (lab/kernels/kernels.hh), or a vmlinux, which has no tree.
Outcome<modules::Kernel> open_module_kernel(const std::string& name);

// The types of the kernel with that release, if it is on this machine.
std::shared_ptr<modules::KernelTypes> types_of_release(const std::string& release);

// The file that `word` means: a path or a file here, or else the module of that name in `tree`.
Outcome<std::filesystem::path> module_path(const std::string& word, const modtree::Tree& tree);

}  // namespace ringside::cli
