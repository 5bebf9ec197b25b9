// MemoryFile: a nameless file in memory, for what has no place on disk.
#pragma once

#include <sys/mman.h>

#include <filesystem>
#include <string>

#include "user/base/failure.hh"
#include "user/base/unique_fd.hh"

namespace ringside {

class MemoryFile {
 public:
  static Outcome<MemoryFile> create() {
    UniqueFd fd(memfd_create("ringside", MFD_CLOEXEC));
    if (!fd) return system_failure("create", "a file in memory");
    return MemoryFile(std::move(fd));
  }

  // Good in this process as long as the object lives; a mapping outlives it.
  std::filesystem::path path() const { return "/proc/self/fd/" + std::to_string(fd_.get()); }

 private:
  explicit MemoryFile(UniqueFd fd) : fd_(std::move(fd)) {}
  UniqueFd fd_;
};

}  // namespace ringside
