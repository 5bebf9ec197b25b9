// Trees that hold a kernel: the root of a machine, or a Debian package unpacked into a folder.
#pragma once

#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "lab/kernels/kernels.hh"

namespace ringside::lab {

// The releases whose image is in `tree`/boot, oldest first.
std::vector<std::string> releases_in(const std::filesystem::path& tree);

// The kernel `release` of `tree`; a failure where its image is not there.
Outcome<Kernel> kernel_in(const std::filesystem::path& tree, const std::string& release);

// The kernel whose bzImage is `image`: its release from the boot header, its modules and headers
// in the tree around it (IMAGE/../../lib/modules/RELEASE), else those of this machine.
Outcome<Kernel> kernel_of_image(const std::filesystem::path& image);

// A Makefile of Debian's headers with what it includes from /usr/src and /usr/lib named from its
// own place, so that the tree works wherever it is.
std::string relocate_includes(std::string_view makefile);

// Makes the packages that were unpacked into `tree` work there: includes, links, and the modules'
// index (depmod), where kmod is installed.
Outcome<Nothing> prepare_tree(const std::filesystem::path& tree, const std::string& release,
                              const Progress& progress);

// True where nothing that prepare_tree left in `tree` is missing.
bool is_complete(const std::filesystem::path& tree, const std::string& release);

}  // namespace ringside::lab
