// pstore: what a kernel wrote of its log while it died (fs/pstore/platform.c, pstore_dump), kept by
// ramoops, EFI variables or ERST over a restart.
#pragma once

#include <filesystem>
#include <span>
#include <string>
#include <vector>

#include "user/base/failure.hh"

namespace ringside::oops {

struct Dump {
  std::string text;                // oldest line first
  std::vector<std::string> notes;  // what of it could not be read, one line each
};

// Where the kernel shows them, and where systemd-pstore has moved them.
std::vector<std::filesystem::path> pstore_folders();

// The newest dump below `folders`, its parts joined; parts that are lost, or that the kernel left
// compressed, are missing in it. A Failure (kNo) where there is none.
Outcome<Dump> last_dump(std::span<const std::filesystem::path> folders);

}  // namespace ringside::oops
