// The system calls that load and unload modules, and what the kernel says about a refusal.
#pragma once

#include <string>

#include "core/base/bytes.hh"
#include "user/base/unique_fd.hh"

namespace ringside::loader {

// Both return 0 or an errno value.
int init_module(Bytes image, const std::string& parameters);
int finit_module(int fd, const std::string& parameters);
int delete_module(const std::string& name);  // never waits

// The kernel's log from here on.
class KernelLog {
 public:
  KernelLog();
  // The last line since that names `module`, else the last one; empty where there is none.
  std::string last_line(const std::string& module) const;

 private:
  UniqueFd fd_;
};

}  // namespace ringside::loader
