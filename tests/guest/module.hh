// Modules of ours, as a test in a guest loads and unloads them.
#pragma once

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string>

#include "user/process/process.hh"

namespace ringside::guest {

// The name by which the lab's caller booted this kernel.
inline std::string kernel_name() {
  const char* name = std::getenv("RINGSIDE_KERNEL");
  return name ? name : "6.1";
}

inline std::string release() {
  std::string text;
  std::ifstream("/proc/sys/kernel/osrelease") >> text;
  return text;
}

// Where this test program is.
inline std::filesystem::path build_folder() {
  return std::filesystem::read_symlink("/proc/self/exe").parent_path();
}

// build/modules/RELEASE/NAME.ko, beside this test program.
inline std::filesystem::path module_file(const std::string& name) {
  return build_folder() / "modules" / release() / (name + ".ko");
}

inline bool succeeds(const std::vector<std::string>& argv) {
  auto result = run_process({argv, {}, {}});
  return result && result->status == 0;
}

inline bool load(const std::string& name) {
  return succeeds({"insmod", module_file(name).string()});
}

inline bool unload(const std::string& name) {
  return succeeds({"rmmod", name});
}

}  // namespace ringside::guest
