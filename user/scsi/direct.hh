// Direct: commands to any address of a host, and devices from what is known of them, by
// ringside_scsi.ko (include/ringside/uapi/scsi.h). All commands that a scan has to send go in one
// call.
#pragma once

#include <functional>
#include <vector>

#include "core/scsi/scan.hh"
#include "user/base/failure.hh"
#include "user/base/unique_fd.hh"
#include "user/scsi/sysfs.hh"

namespace ringside::scsi {

struct Limits {
  std::uint32_t channels = 0, targets = 0;
  std::uint32_t self = 0;  // the target that is the host
  Lun luns = 0;
};

// Replies to INQUIRY that the kernel need not ask for again.
struct Known {
  std::string inquiry;
  std::vector<std::string> pages;  // of vital product data
};

class Direct {
 public:
  // Whether the module is there, and may address the host: it has no transport with numbers of its
  // own. True where that cannot be known.
  static bool serves(const Folders& folders, unsigned host);
  static Outcome<Direct> open(const Folders& folders, unsigned host);

  const Limits& limits() const { return limits_; }

  // Scans, and calls `found` for every verdict.
  Outcome<std::vector<Summary>> drive(const Order& order,
                                      const std::function<void(const Found&)>& found) const;
  // The vital product data that kernels read of these devices, as far as they have it.
  Outcome<Nothing> read_pages(const std::vector<Address>& addresses,
                              std::vector<Known>& known) const;
  // Whether the kernel has the device then; false where it found none in what it was told.
  Outcome<bool> add(const Address& address, const Known& known) const;

 private:
  Direct(UniqueFd fd, unsigned host) : fd_(std::move(fd)), host_(host) {}

  Outcome<Nothing> read_limits();
  Outcome<std::vector<Reply>> send(const std::vector<Command>& commands,
                                   std::vector<std::byte>& room) const;

  UniqueFd fd_;
  unsigned host_;
  Limits limits_;
};

}  // namespace ringside::scsi
