#include <fmt/format.h>

#include <algorithm>
#include <map>

#include "user/scsi/direct.hh"
#include "user/scsi/discovery.hh"

namespace ringside::scsi {
namespace {

std::vector<Goal> goals_of(const Limits& limits, const Selection& selection) {
  constexpr std::uint32_t kTargets = 1 << 16;
  std::vector<Goal> goals;
  for (std::uint32_t channel = 0; channel < limits.channels; ++channel) {
    if (selection.channel && *selection.channel != channel) continue;
    for (std::uint32_t target = 0; target < std::min(limits.targets, kTargets); ++target) {
      bool is_chosen = !selection.target || *selection.target == target;
      if (is_chosen && target != limits.self) goals.push_back({channel, target, selection.lun});
    }
  }
  return goals;
}

struct Fresh {
  std::vector<Address> addresses;
  std::vector<Known> known;
};

// By address: disks get the letters that the kernel's own scan would give them.
Fresh sorted(std::map<std::tuple<std::uint32_t, std::uint32_t, Lun>, Known> found) {
  Fresh fresh;
  for (auto& [key, known] : found) {
    auto [channel, target, lun] = key;
    fresh.addresses.push_back({channel, target, lun});
    fresh.known.push_back(std::move(known));
  }
  return fresh;
}

}  // namespace

Outcome<std::vector<std::string>> discover_direct(const Sysfs& sysfs, unsigned host,
                                                  const Selection& selection,
                                                  std::span<const Quirk> quirks) {
  constexpr std::uint32_t kSlots = 1024;
  auto direct = TRY(Direct::open(sysfs.folders(), host));
  auto goals = goals_of(direct.limits(), selection);
  Order order{goals, quirks, {}, kSlots};
  order.rules.largest = direct.limits().luns;
  std::map<std::tuple<std::uint32_t, std::uint32_t, Lun>, Known> devices;
  TRY(direct.drive(order, [&](const Found& found) {
    const auto& [channel, target, lun] = found.address;
    if (found.verdict != Verdict::kDevice || sysfs.has(host, found.address)) return;
    auto text = reinterpret_cast<const char*>(found.inquiry.data());
    devices[{channel, target, lun}] = {std::string(text, found.inquiry.size()), {}};
  }));
  auto fresh = sorted(std::move(devices));
  TRY(direct.read_pages(fresh.addresses, fresh.known));
  std::vector<std::string> warnings;
  for (std::size_t i = 0; i < fresh.addresses.size(); ++i)
    if (!TRY(direct.add(fresh.addresses[i], fresh.known[i])))
      warnings.push_back(name_of(host, fresh.addresses[i]) + ": the kernel takes it for no device");
  return warnings;
}

}  // namespace ringside::scsi
