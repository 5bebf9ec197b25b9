#include "user/scsi/discovery.hh"

#include <fmt/format.h>
#include <unistd.h>

#include <cerrno>
#include <set>

namespace ringside::scsi {
namespace {

// Hosts whose targets are known to a transport: it has the numbers, and any number is "scanned".
bool has_transport(const Sysfs& sysfs, unsigned host) {
  std::error_code error;
  for (auto kind : {"fc_host", "sas_host", "iscsi_host", "srp_host"}) {
    auto folder = sysfs.folders().sys / "class" / kind / fmt::format("host{}", host);
    if (std::filesystem::exists(folder, error)) return true;
  }
  return false;
}

// libata takes any target for its port's one device, and resets the link for each that is told to
// it.
bool is_ata(const Sysfs& sysfs, unsigned host) {
  std::error_code error;
  auto folder = sysfs.folders().sys / fmt::format("class/scsi_host/host{}/device", host);
  return std::filesystem::exists(folder / "../ata_port", error);
}

class Discovery {
 public:
  Discovery(const Sysfs& sysfs, unsigned host, const Selection& selection)
      : sysfs_(sysfs), host_(host), selection_(selection) {
    for (const auto& device : sysfs.devices(host, {})) {
      const auto& address = device.address;
      known_.insert({address.channel, address.target});
      bool is_left = address.lun == kReportLunsLun && selection.has(address);
      if (is_left) helpers_.push_back(address);  // by a scan that was killed
    }
  }

  std::vector<Address> run() {
    constexpr std::uint32_t kChannels = 256;
    if (is_ata(sysfs_, host_)) {
      if (known_.empty()) try_port();
    } else if (has_transport(sysfs_, host_)) {
      (void)sysfs_.scan(host_, {selection_.channel, selection_.target, selection_.lun.value_or(0)});
    } else if (selection_.channel) {
      (void)try_channel(*selection_.channel);
    } else {
      for (std::uint32_t channel = 0; channel < kChannels && try_channel(channel); ++channel) {
      }
    }
    return std::move(helpers_);
  }

 private:
  // A port without a device is reset; what is found then is added by another thread.
  void try_port() {
    constexpr int kTries = 50;
    constexpr useconds_t kPause = 10'000;
    if (sysfs_.scan(host_, {selection_.channel, selection_.target, 0}) != 0) return;
    for (int tries = 0; tries < kTries && sysfs_.devices(host_, {}).empty(); ++tries)
      usleep(kPause);
  }

  // Whether the host has the channel.
  bool try_channel(std::uint32_t channel) {
    constexpr std::uint32_t kTargets = 1 << 16;
    if (selection_.target) return try_target(channel, *selection_.target);
    std::uint32_t target = 0;
    while (target < kTargets && try_target(channel, target)) ++target;
    return target > 0;
  }

  // Whether the host has such a target, be there anything or not.
  bool try_target(std::uint32_t channel, std::uint32_t target) {
    Address address{channel, target, selection_.lun.value_or(0)};
    if (known_.contains({channel, target}) && !selection_.lun) return true;
    if (sysfs_.has(host_, address)) return true;
    if (try_unit(address) == EINVAL) return false;
    if (!selection_.lun && !sysfs_.has(host_, address)) try_helper(channel, target);
    return true;
  }

  // Without the well-known unit, a LUN 0 that says it is none can be asked by the kernel alone.
  void try_helper(std::uint32_t channel, std::uint32_t target) {
    Address address{channel, target, kReportLunsLun};
    if (try_unit(address) == 0 && sysfs_.has(host_, address))
      helpers_.push_back(address);
    else
      (void)sysfs_.scan(host_, {channel, target, std::nullopt});
  }

  int try_unit(const Address& address) {
    return sysfs_.scan(host_, {address.channel, address.target, address.lun});
  }

  const Sysfs& sysfs_;
  unsigned host_;
  const Selection& selection_;
  std::set<std::pair<std::uint32_t, std::uint32_t>> known_;
  std::vector<Address> helpers_;
};

}  // namespace

std::vector<Address> discover(const Sysfs& sysfs, unsigned host, const Selection& selection) {
  return Discovery(sysfs, host, selection).run();
}

}  // namespace ringside::scsi
