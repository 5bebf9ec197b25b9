// The kernels in the cache: kernels/PACKAGE_VERSION/, each an unpacked image package with, where
// Debian has them, its headers.
#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "lab/kernels/kernels.hh"

namespace ringside::lab {

// The folder of them all; it need not exist.
std::filesystem::path kernels_folder();

// Every kernel there, oldest version first. The newest of a series is named by its series, an
// older one by its PACKAGE_VERSION.
std::vector<Kernel> cached_kernels();

// The newest one that goes by `name`: a series, package, PACKAGE_VERSION or release, or "kasan" for
// those of lab/kasan/build.
std::optional<Kernel> find_cached(const std::string& name);

}  // namespace ringside::lab
