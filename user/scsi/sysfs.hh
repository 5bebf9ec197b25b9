// What the kernel has of SCSI, and how it is told to have more or less: /sys/class/scsi_host and
// /sys/bus/scsi/devices.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "core/scsi/address.hh"
#include "user/base/failure.hh"

namespace ringside::scsi {

// Where the kernel shows things; a test has folders of its own.
struct Folders {
  std::filesystem::path sys = "/sys", dev = "/dev", proc = "/proc";
};

struct Device {
  unsigned host = 0;
  Address address;
  std::string inquiry;      // as the kernel keeps it, 36 bytes at least; empty: not readable
  std::uint8_t type = 0;    // with the kernel's corrections
  std::string state;        // "running", "offline", "blocked" ...
  std::string block;        // "sda"; empty where it is no disk
  std::uint64_t bytes = 0;  // of the disk

  std::string name() const;  // "0:0:1:5"
};
std::string name_of(unsigned host, const Address& address);

// What of a host is looked at. Empty: all.
struct Selection {
  std::optional<std::uint32_t> channel, target;
  std::optional<Lun> lun;

  bool has(const Address& address) const;
};

class Sysfs {
 public:
  explicit Sysfs(Folders folders = {}) : folders_(std::move(folders)) {}

  const Folders& folders() const { return folders_; }

  // Numbers of hosts, ascending. None where there is no SCSI here.
  std::vector<unsigned> hosts() const;
  // The name of a host's driver, or "".
  std::string driver(unsigned host) const;
  // Devices of a host by channel, target and LUN; those that vanish meanwhile are left out.
  std::vector<Device> devices(unsigned host, const Selection& selection) const;
  bool has(unsigned host, const Address& address) const;
  // A page of vital product data as the kernel read it last, without what it does not have.
  std::string page(const Device& device, std::uint8_t page) const;
  std::uint64_t bytes_of(const Device& device) const;

  // What is not given is all ("-"). Fails with errno where the kernel refuses: EINVAL: beyond the
  // host's limits. A device that is not there is no failure.
  int scan(unsigned host, const Selection& selection) const;
  // Both return errno, or 0.
  int remove(const Device& device) const;
  int rescan(const Device& device) const;

  std::filesystem::path folder(const Device& device) const;

 private:
  Folders folders_;
};

}  // namespace ringside::scsi
