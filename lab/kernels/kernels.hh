// Kernels: where a stock kernel's files are, and how they get there. A kernel is named by a
// Debian series ("6.1", "6.12", "6.1-rt", "6.12-cloud" ...), a Debian package, a bzImage, an
// unpacked package tree, or a release that is installed on this machine.
#pragma once

#include <filesystem>
#include <functional>
#include <string>
#include <vector>

#include "user/base/failure.hh"

namespace ringside::lab {

// The files of one kernel. Only `image` is always there.
struct Kernel {
  std::string name;                // what the user may call it by: "6.1", a path, a release
  std::string package;             // Debian package and version, empty for others
  std::string release;             // uname -r
  std::filesystem::path image;     // the bzImage
  std::filesystem::path modules;   // .../lib/modules/RELEASE, empty where there is none
  std::filesystem::path headers;   // a Kbuild tree for `make -C`, empty where there is none
};

using Progress = std::function<void(const std::string& line)>;

// Finds `name` on this machine; downloads nothing.
Outcome<Kernel> find_kernel(const std::string& name);

// Resolves `name` through Debian's metapackages, downloads and unpacks image, headers, common
// headers and kbuild into the cache where they are not there yet, and returns the kernel.
// Needs no root and installs nothing.
Outcome<Kernel> fetch_kernel(const std::string& name, const Progress& progress);

// Every kernel in the cache and every installed one.
std::vector<Kernel> list_kernels();

}  // namespace ringside::lab
