// QEMU: its command line, and the process. Every connection to it is one end of a socket pair and
// every file of ours a memory file, passed as descriptors: nothing has a name on the host, nothing
// listens, and the kernel cleans up.
#pragma once

#include <string>
#include <vector>

#include "lab/initramfs.hh"
#include "lab/lab.hh"
#include "lab/protocol.hh"
#include "user/base/unique_fd.hh"

namespace ringside::lab {

// Our ends, and QEMU's ends until it has been started.
struct Link {
  UniqueFd ours, theirs;
};
Outcome<Link> make_link();

// The descriptors that QEMU inherits.
struct QemuFds {
  int ports[kPortCount] = {};
  int console = -1;
  int qmp = -1;  // -1: no monitor
  int initramfs = -1;
  int root_image = -1;  // -1: the root is 9p
  int kernel = -1;      // -1: the kernel's own image
};

// QEMU's arguments; the reason of each stands beside it. `accel` is kKvm or kTcg.
std::vector<std::string> qemu_arguments(const Kernel& kernel, const Options& options,
                                        const Boot& boot, Accel accel, const QemuFds& fds);

// A running QEMU; it dies with this object and with this process.
class QemuProcess {
 public:
  static Outcome<QemuProcess> start(const std::vector<std::string>& arguments, const QemuFds& fds);
  QemuProcess(QemuProcess&& other) noexcept;
  QemuProcess& operator=(QemuProcess&&) = delete;
  ~QemuProcess() { stop(); }
  // Ends it without delay and reaps it.
  void stop();
  // Asks it to end in good order (disks closed), then stop().
  void quit();
  // What it said on its own stderr, in one line.
  std::string complaint() const;

 private:
  QemuProcess(int pid, UniqueFd messages) : pid_(pid), messages_(std::move(messages)) {}

  int pid_;
  UniqueFd messages_;
};

// A nameless file that holds `bytes`.
Outcome<UniqueFd> memory_file(const char* name, std::string_view bytes);

}  // namespace ringside::lab
