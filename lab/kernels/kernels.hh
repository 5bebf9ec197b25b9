// Kernels: where a stock kernel's files are, and how they get there. A kernel is named by a
// Debian series ("6.1", "6.12", "6.1-rt", "6.12-cloud" ...), a Debian package, a bzImage, an
// unpacked package tree, a release that is installed on this machine, or "running"; "6.1-kasan", or
// "kasan" for the newest of them, is what `make kasan` built.
#pragma once

#include <filesystem>
#include <functional>
#include <string>
#include <vector>

#include "user/base/failure.hh"

namespace ringside::lab {

// The files of one kernel; absolute paths. Only `image` is always there.
struct Kernel {
  std::string name;               // what the user may call it by: "6.1", a path, a release
  std::string package;            // Debian's PACKAGE_VERSION, empty for others
  std::string release;            // uname -r
  std::filesystem::path image;    // the bzImage
  std::filesystem::path modules;  // .../lib/modules/RELEASE, empty where there is none
  std::filesystem::path headers;  // a Kbuild tree for `make -C`, empty where there is none
};

using Progress = std::function<void(const std::string& line)>;

// Whether fetch_kernel asks Debian's archive although the cache holds such a kernel.
enum class Refresh { kNo, kYes };

// Finds `name` on this machine; downloads nothing. A series is the newest of its kind in the cache.
Outcome<Kernel> find_kernel(const std::string& name);

// Resolves `name`, a series or a package, through Debian's metapackages, downloads and unpacks
// image, headers, common headers and kbuild into the cache where they are not there yet, and
// returns the kernel. Needs no root and installs nothing. Where the archive is out of reach, a
// kernel of that name in the cache will do, and `progress` says so. With Refresh::kNo a kernel
// that is here, also by any other name that find_kernel knows, is returned at once.
Outcome<Kernel> fetch_kernel(const std::string& name, Refresh refresh, const Progress& progress);

// Every kernel in the cache, by name, then every installed one.
std::vector<Kernel> list_kernels();

}  // namespace ringside::lab
