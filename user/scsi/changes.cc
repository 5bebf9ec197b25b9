#include "user/scsi/changes.hh"

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <map>

#include "user/scsi/direct.hh"
#include "user/scsi/discovery.hh"
#include "user/scsi/driver.hh"
#include "user/scsi/holders.hh"

namespace ringside::scsi {
namespace {

using Names = std::map<std::string, Device>;

Names names_of(const std::vector<Device>& devices) {
  Names names;
  for (const auto& device : devices) names.emplace(device.name(), device);
  return names;
}

bool by_address(const Row& a, const Row& b) {
  auto key = [](const Row& row) {
    const auto& address = row.unit.device.address;
    return std::tuple(address.channel, address.target, address.lun);
  };
  return key(a) < key(b);
}

Row added(const Device& device) {
  return {{device, State::kNew, "", device.bytes}, Deed::kAdded, false, ""};
}

class HostScan {
 public:
  HostScan(const Sysfs& sysfs, unsigned host, const SurveySettings& settings, const Wishes& wishes)
      : sysfs_(sysfs), host_(host), settings_(settings), wishes_(wishes) {
    report_.host = host;
  }

  Outcome<HostReport> run() {
    bool adds = wishes_.add && !wishes_.dry_run;
    before_ = names_of(sysfs_.devices(host_, {}));
    std::vector<Address> helpers;
    if (adds && Direct::serves(sysfs_.folders(), host_))
      report_.warnings = TRY(discover_direct(sysfs_, host_, settings_.selection, settings_.quirks));
    else if (adds)
      helpers = discover(sysfs_, host_, settings_.selection);
    auto survey = scsi::survey(sysfs_, host_, settings_);
    if (survey && adds) add(*survey);
    for (const auto& helper : helpers) dismiss(helper, survey ? survey->units : no_units_);
    if (!survey) return survey.error();
    for (auto& warning : survey->warnings) report_.warnings.push_back(std::move(warning));
    for (auto& unit : survey->units) take(std::move(unit));
    if (adds) note_added();
    TRY(remove_gone());
    update();
    if (wishes_.resize) resize();
    std::sort(report_.rows.begin(), report_.rows.end(), by_address);
    return std::move(report_);
  }

 private:
  void add(const HostSurvey& survey) {
    for (const auto& unit : survey.units)
      if (unit.state == State::kNew) (void)add(unit.device.address);
    if (!survey.sequences.empty()) try_sequences(survey.sequences);
  }

  int add(const Address& address) {
    return sysfs_.scan(host_, {address.channel, address.target, address.lun});
  }

  // Without a list each LUN is tried: added, and asked by what was added.
  void try_sequences(const std::vector<Goal>& goals) {
    auto devices = sysfs_.devices(host_, {});
    Bsg bsg(sysfs_.folders(), host_, devices);
    Send send = [&](const Command& command, Room& room) {
      auto reply = bsg.send(command, room);
      if (reply.delivery != Delivery::kNotAddressable ||
          !settings_.selection.has(command.address) || add(command.address) != 0)
        return reply;
      return bsg.send(command, room);
    };
    (void)drive({goals, settings_.quirks, {}, 1}, send, [](const Found&) {});
  }

  // A well-known unit that was added to be asked; it stays where its target lists it.
  void dismiss(const Address& helper, const std::vector<Unit>& units) {
    for (const auto& unit : units)
      if (unit.device.address == helper && unit.state == State::kKnown && unit.is_listed) return;
    Device device;
    device.host = host_;
    device.address = helper;
    (void)sysfs_.remove(device);
    helpers_.push_back(device.name());
  }

  // A row of what was there before, or what still is not.
  void take(Unit unit) {
    auto name = unit.device.name();
    if (std::find(helpers_.begin(), helpers_.end(), name) != helpers_.end()) return;
    if (unit.state != State::kNew && !before_.contains(name)) return;
    Row row{std::move(unit), Deed::kNone, false, ""};
    if (row.unit.state == State::kNew && wishes_.add) {
      if (sysfs_.has(host_, row.unit.device.address)) return;
      row.is_dry = wishes_.dry_run;
      row.deed = row.is_dry ? Deed::kAdded : Deed::kRefused;
      if (!row.is_dry) row.why = "the kernel finds no device there";
    }
    report_.rows.push_back(std::move(row));
  }

  // Disks are made by a thread of the kernel's own, after it has added their devices.
  void wait_for_disks() {
    constexpr int kTries = 200;
    constexpr useconds_t kPause = 10'000;
    std::error_code error;
    if (!std::filesystem::exists(sysfs_.folders().sys / "bus/scsi/drivers/sd", error)) return;
    for (int tries = 0; tries < kTries; ++tries) {
      bool is_waiting = false;
      for (const auto& device : sysfs_.devices(host_, settings_.selection))
        is_waiting = is_waiting ||
                     (!before_.contains(device.name()) && device.type == 0 && device.block.empty());
      if (!is_waiting) return;
      usleep(kPause);
    }
  }

  void note_added() {
    wait_for_disks();
    for (const auto& [name, device] : names_of(sysfs_.devices(host_, settings_.selection)))
      if (!before_.contains(name)) report_.rows.push_back(added(device));
  }

  std::vector<Row*> rows_in(State state) {
    std::vector<Row*> rows;
    for (auto& row : report_.rows)
      if (row.unit.state == state) rows.push_back(&row);
    return rows;
  }

  // What answers when it is asked once more is not gone.
  Outcome<Nothing> remove_gone() {
    auto rows = rows_in(State::kGone);
    if (!wishes_.remove_gone || rows.empty()) return ok;
    std::vector<Address> addresses;
    for (const auto* row : rows) addresses.push_back(row->unit.device.address);
    auto verdicts = TRY(ask_again(sysfs_, host_, addresses, settings_.slots));
    for (std::size_t i = 0; i < rows.size(); ++i)
      if (verdicts[i] == Verdict::kDevice)
        refuse(*rows[i], "it answers when it is asked again");
      else
        remove(*rows[i], Deed::kRemoved);
    return ok;
  }

  void update() {
    if (!wishes_.update) return;
    for (auto* row : rows_in(State::kReplaced)) {
      remove(*row, Deed::kUpdated);
      if (row->deed != Deed::kUpdated || row->is_dry) continue;
      const auto& address = row->unit.device.address;
      if (add(address) != 0 || !sysfs_.has(host_, address))
        refuse(*row, "removed; the kernel did not add what is there now");
    }
  }

  void remove(Row& row, Deed deed) {
    auto holders = holders_of(sysfs_, {row.unit.device}).front();
    if (!holders.empty() && !wishes_.force)
      return refuse(row, fmt::format("in use: {}", fmt::join(holders, ", ")));
    row.deed = deed;
    row.is_dry = wishes_.dry_run;
    if (row.is_dry) return;
    int error = sysfs_.remove(row.unit.device);
    if (error != 0 && error != ENOENT) refuse(row, std::strerror(error));
  }

  void resize() {
    for (auto* row : rows_in(State::kResized)) {
      row->deed = Deed::kResized;
      row->is_dry = wishes_.dry_run;
      if (row->is_dry) continue;
      int error = sysfs_.rescan(row->unit.device);
      auto bytes = sysfs_.bytes_of(row->unit.device);
      if (error != 0)
        refuse(*row, std::strerror(error));
      else if (bytes != row->unit.bytes)
        refuse(*row, fmt::format("the kernel says {} bytes", bytes));
    }
  }

  static void refuse(Row& row, std::string why) {
    row.deed = Deed::kRefused;
    row.is_dry = false;
    row.why = std::move(why);
  }

  const Sysfs& sysfs_;
  const unsigned host_;
  const SurveySettings& settings_;
  const Wishes& wishes_;
  const std::vector<Unit> no_units_;
  Names before_;
  std::vector<std::string> helpers_;
  HostReport report_;
};

}  // namespace

std::string_view name_of(Deed deed) {
  constexpr std::string_view kNames[] = {"", "added", "removed", "resized", "updated", "refused"};
  return kNames[static_cast<unsigned>(deed)];
}

Outcome<HostReport> scan_host(const Sysfs& sysfs, unsigned host, const SurveySettings& settings,
                              const Wishes& wishes) {
  return HostScan(sysfs, host, settings, wishes).run();
}

Outcome<HostReport> scan_host_stock(const Sysfs& sysfs, unsigned host, const Selection& selection) {
  auto before = names_of(sysfs.devices(host, selection));
  if (int error = sysfs.scan(host, selection); error != 0)
    return Failure{fmt::format("host{}: the kernel does not scan: {}", host, std::strerror(error))};
  HostReport report{host, {}, {}};
  for (const auto& device : sysfs.devices(host, selection))
    report.rows.push_back(
        before.contains(device.name())
            ? Row{{device, State::kKnown, "", device.bytes}, Deed::kNone, false, ""}
            : added(device));
  return report;
}

}  // namespace ringside::scsi
