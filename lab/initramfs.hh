// The lab's initramfs: the agent as /init, its configuration and its modules.
#pragma once

#include <filesystem>
#include <string>

#include "lab/lab.hh"
#include "lab/protocol.hh"
#include "user/base/unique_fd.hh"

namespace ringside::lab {

// A share, and where its files are on the host.
struct HostShare {
  Share share;
  std::filesystem::path source;
};

// What a boot needs beside the kernel.
struct Boot {
  std::string initramfs;          // the archive's bytes
  std::vector<HostShare> shares;  // to be given to QEMU as 9p devices
  UniqueFd root_image;            // erofs image for the first disk; none with 9p
};

Outcome<Boot> prepare_boot(const Kernel& kernel, const Options& options);

// ringside-agent: beside the running program, or in ../libexec/ringside.
Outcome<std::filesystem::path> find_agent();
// The directory of the running program, which commands find first on their PATH.
std::filesystem::path program_directory();

}  // namespace ringside::lab
