// Guest: a running QEMU with its ports and its console. It moves bytes and knows nothing of runs.
#pragma once

#include <poll.h>

#include <memory>
#include <optional>
#include <span>
#include <string>

#include "lab/console.hh"
#include "lab/lab.hh"
#include "lab/port.hh"
#include "lab/qemu.hh"

namespace ringside::lab {

class Guest {
 public:
  static Outcome<std::unique_ptr<Guest>> start(const Kernel& kernel, const Options& options,
                                               Accel accel);

  // Which ports to read in a round; those of output are left alone while its reader is slow.
  struct Gates {
    bool out = true;
    bool err = true;
  };
  // Waits for the guest, or for one of `extra`, at most `timeout_ms`; then moves what can be moved.
  void poll(std::span<pollfd> extra, int timeout_ms, Gates gates);

  // The next message of a port, if there is a whole one.
  std::optional<Message> next(PortIndex port);
  void send(PortIndex port, Type type, std::uint32_t run, std::string_view payload = {});
  // Bytes for `port` that QEMU has not taken yet.
  std::size_t waiting(PortIndex port) const { return ports_[port].pending.size(); }

  // True where the kernel has no 9p: the root is an image, and nothing written reaches the host.
  bool root_on_disk() const { return root_on_disk_; }
  // True once QEMU has ended and everything that it said has been read.
  bool ended() const { return ended_; }
  // What is wrong with what the agent said, once it has said something wrong.
  const std::optional<Error>& broken() const { return broken_; }
  void refuse(const Error& wrong) { broken_ = wrong; }
  Console& console() { return console_; }
  QemuProcess& qemu() { return qemu_; }
  // One NMI to the first CPU; needs Options::nmi.
  void inject_nmi();

 private:
  struct Ends {
    UniqueFd ports[kPortCount];
    UniqueFd console, qmp;
  };
  Guest(QemuProcess qemu, Ends ends);
  void read_console();
  void read_port(PortIndex port, short revents);

  QemuProcess qemu_;
  Ends ends_;
  Port ports_[kPortCount];
  Console console_;
  bool root_on_disk_ = false;
  bool ended_ = false;
  std::optional<Error> broken_;
};

}  // namespace ringside::lab
