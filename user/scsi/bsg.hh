// Bsg: commands to devices that the kernel has, by /dev/bsg/HOST:CHANNEL:TARGET:LUN (SG_IO, version
// 4). A call waits for its command: as many are under way as there are threads that call.
#pragma once

#include <array>
#include <map>
#include <span>
#include <vector>

#include "core/scsi/command.hh"
#include "user/scsi/sysfs.hh"

namespace ringside::scsi {

// Memory for one command's answer, used again and again.
struct Room {
  std::vector<std::byte> data;
  std::array<std::byte, 96> sense{};
};

class Bsg {
 public:
  // `devices`: those of the host. Where a target has no well-known unit, any of its devices is
  // asked what that one would be.
  Bsg(const Folders& folders, unsigned host, std::span<const Device> devices);

  // The reply lies in `room`. kNotAddressable where the kernel has no device there.
  Reply send(const Command& command, Room& room) const;

 private:
  Address sent_to(const Address& address) const;

  std::filesystem::path folder_;
  unsigned host_;
  std::map<std::pair<std::uint32_t, std::uint32_t>, Lun> carriers_;
};

}  // namespace ringside::scsi
