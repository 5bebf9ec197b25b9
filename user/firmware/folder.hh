// Folders that are searched, and the files that they may give.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "core/firmware/transfer.hh"
#include "user/base/failure.hh"
#include "user/base/unique_fd.hh"

namespace ringside::firmware {

// Where kernels look (drivers/base/firmware_loader/main.c), for the running one.
std::vector<std::filesystem::path> default_folders();

struct Opened {
  Found found = Found::kNothing;
  UniqueFd file = UniqueFd();  // of kFile
};

// The file `name` below `folder`, to be read. What its path goes through must lie below, too, links
// included (openat2, RESOLVE_BENEATH); `folder` itself may be a link, or not be there. Fails where
// the system says no otherwise.
Outcome<Opened> open_below(const std::filesystem::path& folder, const char* name);

}  // namespace ringside::firmware
