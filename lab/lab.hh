// The lab: a stock kernel under QEMU in which commands run as root with the host's file tree
// under a writable overlay. Session::boot starts a guest, run() runs one command in it after the
// other; whatever the guest does (oops, panic, silence, its end) comes back as a RunResult. All
// files and sockets of a session are private to it and nameless, so any number of sessions run at
// once and nothing is left behind, however the process ends. A guest dies with the thread that
// booted it.
#pragma once

#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "lab/kernels/kernels.hh"
#include "user/base/failure.hh"

namespace ringside::lab {

enum class Accel { kAuto, kKvm, kTcg };

struct Options {
  unsigned cpus = 1;
  unsigned memory = 512;  // MiB
  bool count = false;     // count instructions: one guest nanosecond is one instruction
  Accel accel = Accel::kAuto;
  bool oops_allowed = false;  // an oops does not end the session
  bool network = false;       // a card on QEMU's user network
  bool nmi = false;           // NMI on a hang, and for commands by a line into /run/ringside-nmi
  double boot_limit = 120;    // seconds of the host
  double hang_limit = 0;      // seconds without an answer; 0: 40, or 120 when counting
  double timeout = 0;         // seconds of the host that a command may take; 0: no limit
  std::vector<std::filesystem::path> shares;  // directories to show at their own paths
  std::vector<std::string> programs;          // what an image of the root must hold (no 9p)
  std::filesystem::path out;                  // a directory whose writes reach the host
  std::vector<std::filesystem::path> disks;   // raw images, as virtio-blk, writable
  std::vector<std::string> drives;            // further -drive arguments for QEMU
  std::vector<std::string> devices;           // further -device arguments for QEMU
  std::filesystem::path initrd;               // an archive to unpack before the lab's own
  std::filesystem::path console;              // a file for all that the guest's console says
  std::string append;                         // further kernel arguments
  int cancel_fd = -1;  // when it becomes readable, boot() and run() end at once
};

// How a run ended.
enum class Ending { kExit, kSignal, kOops, kPanic, kHang, kDied, kTimeout, kLab, kCancelled };
const char* name_of(Ending ending);  // "exit", "signal", "oops" ...

struct Request {
  std::vector<std::string> argv;
  std::string directory;                 // empty: the host's working directory
  std::vector<std::string> environment;  // NAME=VALUE, over the lab's own
  // Standard input: bytes, or a descriptor to read to its end (not owned).
  std::string input;
  int input_fd = -1;
  // Where output goes as it comes (not owned); -1: into RunResult.
  int out_fd = -1;
  int err_fd = -1;
  double timeout = 0;  // seconds of the host; 0: Options::timeout
};

struct RunResult {
  Ending ending = Ending::kLab;
  int status = kLabItself;  // what a tool should exit with (include/ringside/exit_status.hh)
  int signal = 0;           // where a signal killed the command
  // /proc/sys/kernel/tainted after the command; nothing where it was not read.
  std::optional<unsigned long> tainted;
  double seconds = 0;    // of the host, from its start to its end
  std::string out, err;  // where the request named no descriptors
  // One line. On exit and signal: an oops that was allowed, or empty.
  std::string message;
  std::string console;  // the last lines of the guest's console
};

class Session {
 public:
  // Boots `kernel`. The failure's status tells how it went wrong, its message ends with the last
  // lines of the console where the guest had begun to talk.
  static Outcome<Session> boot(const Kernel& kernel, const Options& options);
  Session(Session&&) noexcept;
  Session& operator=(Session&&) noexcept;
  ~Session();  // ends the guest at once

  // Runs a command to its end. After an ending other than exit, signal or timeout (or after a
  // timeout that the guest did not survive) alive() is false and nothing more can be run.
  RunResult run(const Request& request);
  bool alive() const;
  // How often boot() had to start QEMU: more than once where the kernel died of a breakpoint that
  // nobody had set, as it may with several CPUs under TCG (lab/session.cc).
  unsigned boots() const;
  // The kernel's own name for itself, as the agent found it.
  const std::string& release() const;
  // Waits for a command: until `fd` is readable, then nothing; or until the guest has failed or
  // the caller has cancelled, then how.
  std::optional<RunResult> idle(int fd);
  // Has the guest write everything back, then ends it: exit 0, or how the guest failed.
  RunResult end();

 private:
  struct State;
  explicit Session(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

// The accelerator that a boot with `options` takes on this machine: kKvm or kTcg. kAuto asks the
// probe (lab/accel.cc), which may boot `kernel` once.
Outcome<Accel> choose_accel(const Kernel& kernel, const Options& options);

}  // namespace ringside::lab
