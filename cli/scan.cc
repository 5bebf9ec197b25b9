// ringside scan: SCSI devices as they are now, against what the kernel has of them.
#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <charconv>
#include <nlohmann/json.hpp>

#include "cli/commands.hh"
#include "cli/finish.hh"
#include "cli/progress.hh"
#include "core/scsi/inquiry.hh"
#include "user/scsi/changes.hh"
#include "user/scsi/quirk_list.hh"
#include "user/scsi/workers.hh"

namespace ringside::cli {
namespace {

using nlohmann::json;
using namespace scsi;

struct Options {
  std::vector<std::string> hosts;
  unsigned channel = 0, target = 0;
  std::size_t lun = 0;
  Selection selection;
  Wishes wishes;
  std::string placement = "user";
  bool json = false;
};

std::string type_name(unsigned type) {
  constexpr const char* kNames[] = {"disk",    "tape",    "printer", "processor", "worm",
                                    "cd",      "scanner", "optical", "changer",   "comms",
                                    "type-10", "type-11", "raid",    "enclosure", "rbc"};
  if (type < std::size(kNames)) return kNames[type];
  if (type == 0x14) return "zoned";
  if (type == 0x1e) return "well-known";
  return type == 0x1f ? "none" : fmt::format("type-{}", type);
}

// The options' own check takes what is below zero for a large number.
std::string check_lun(const std::string& text) {
  bool is_number = !text.empty() && text.find_first_not_of("0123456789") == text.npos;
  return is_number ? "" : fmt::format("'{}' is no LUN", text);
}

// Vendor, model and revision; empty where the kernel has no device.
std::string text_in(const Row& row, std::string_view (*part)(Bytes)) {
  const auto& inquiry = row.unit.device.inquiry;
  return inquiry.size() < kShortInquiry ? "" : std::string(trimmed(part(as_bytes(inquiry))));
}
std::string vendor(const Row& row) {
  return text_in(row, [](Bytes data) { return vendor_of(data); });
}
std::string model(const Row& row) {
  return text_in(row, [](Bytes data) { return model_of(data); });
}
std::string revision(const Row& row) {
  return text_in(row, [](Bytes data) { return revision_of(data); });
}

json to_json(const Row& row) {
  const auto& device = row.unit.device;
  bool has_device = !device.state.empty();
  json line = {{"name", device.name()},
               {"channel", device.address.channel},
               {"target", device.address.target},
               {"lun", device.address.lun},
               {"type", has_device ? json(device.type) : json()},
               {"vendor", has_device ? json(vendor(row)) : json()},
               {"model", has_device ? json(model(row)) : json()},
               {"revision", has_device ? json(revision(row)) : json()},
               {"block", device.block.empty() ? json() : json(device.block)},
               {"bytes", device.block.empty() ? json() : json(row.unit.bytes)},
               {"state", name_of(row.unit.state)},
               {"why", row.unit.why},
               {"deed", row.deed == Deed::kNone ? json() : json(name_of(row.deed))},
               {"dry-run", row.is_dry},
               {"reason", row.why}};
  return line;
}

std::string state_of(const Row& row) {
  std::string text(name_of(row.unit.state));
  if (!row.unit.why.empty()) text += " (" + row.unit.why + ")";
  if (row.deed == Deed::kNone) return text;
  text += fmt::format("; {}{}", row.is_dry ? "would be " : "", name_of(row.deed));
  return row.why.empty() ? text : text + ": " + row.why;
}

std::string dash(const std::string& text) {
  return text.empty() ? "-" : text;
}

void print_text(const Row& row) {
  const auto& device = row.unit.device;
  auto bytes = device.block.empty() ? "-" : fmt::format("{}", row.unit.bytes);
  auto type = device.state.empty() ? "-" : type_name(device.type);
  fmt::print("{:<14} {:<10} {:<8} {:<16} {:<4} {:>15} {:<6} {}\n", device.name(), type,
             dash(vendor(row)), dash(model(row)), dash(revision(row)), bytes, dash(device.block),
             state_of(row));
}

void print_json(const std::vector<HostReport>& reports, const Sysfs& sysfs) {
  json hosts = json::array();
  for (const auto& report : reports) {
    json rows = json::array();
    for (const auto& row : report.rows) rows.push_back(to_json(row));
    hosts.push_back({{"host", report.host},
                     {"driver", sysfs.driver(report.host)},
                     {"devices", rows},
                     {"warnings", report.warnings}});
  }
  json all = {{"hosts", hosts}};
  fmt::print("{}\n", all.dump(2, ' ', false, json::error_handler_t::replace));
}

// What was wished and not done is a "no"; so is what a target got wrong, which is said.
int print(const std::vector<HostReport>& reports, const Sysfs& sysfs, bool as_json) {
  int status = kYes;
  if (as_json) print_json(reports, sysfs);
  for (const auto& report : reports) {
    for (const auto& row : report.rows) {
      if (!as_json) print_text(row);
      if (row.deed == Deed::kRefused) status = kNo;
    }
    std::fflush(stdout);
    for (const auto& warning : report.warnings) fmt::print(stderr, "ringside scan: {}\n", warning);
  }
  return status;
}

// "2" or "host2"; all that there are where none is named.
Outcome<std::vector<unsigned>> chosen_hosts(const Options& options, const Sysfs& sysfs) {
  auto there = sysfs.hosts();
  if (options.hosts.empty()) return there;
  std::vector<unsigned> hosts;
  for (const auto& name : options.hosts) {
    std::string_view digits = name;
    if (digits.starts_with("host")) digits.remove_prefix(4);
    unsigned host = 0;
    auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), host);
    if (error != std::errc() || end != digits.data() + digits.size())
      return Failure{fmt::format("'{}' is no host", name), kUsage};
    if (std::find(there.begin(), there.end(), host) == there.end())
      return Failure{fmt::format("there is no host {}", host)};
    hosts.push_back(host);
  }
  std::sort(hosts.begin(), hosts.end());
  hosts.erase(std::unique(hosts.begin(), hosts.end()), hosts.end());
  return hosts;
}

// Each host by itself: the kernel locks a host while it scans.
Outcome<std::vector<HostReport>> scan_all(const Options& options, const Sysfs& sysfs,
                                          const std::vector<unsigned>& hosts) {
  bool is_stock = options.placement == "stock";
  auto quirks = TRY(is_stock ? Outcome<QuirkList>(QuirkList()) : QuirkList::standard());
  SurveySettings settings{options.selection, quirks.rows(), 256, true, progress_bar("comparing")};
  settings.compares = !options.wishes.add || options.wishes.resize || options.wishes.update;
  std::vector<std::optional<Outcome<HostReport>>> outcomes(hosts.size());
  for_each_index(hosts.size(), 16, [&](std::size_t i) {
    outcomes[i] = is_stock ? scan_host_stock(sysfs, hosts[i], options.selection)
                           : scan_host(sysfs, hosts[i], settings, options.wishes);
  });
  std::vector<HostReport> reports;
  for (auto& outcome : outcomes) reports.push_back(TRY(std::move(*outcome)));
  return reports;
}

Outcome<int> run(const Options& options) {
  const auto& wishes = options.wishes;
  bool changes_more = wishes.remove_gone || wishes.resize || wishes.update || wishes.dry_run;
  if (options.placement == "stock" && (changes_more || !wishes.add))
    return Failure{"the stock scan can only --add", kUsage};
  if (geteuid() != 0) return Failure{"only root may send SCSI commands"};
  Sysfs sysfs;
  auto hosts = TRY(chosen_hosts(options, sysfs));
  auto reports = TRY(scan_all(options, sysfs, hosts));
  return print(reports, sysfs, options.json);
}

}  // namespace

int scan(int argc, char** argv) {
  App app{"SCSI devices as they are now: new ones, gone ones, other sizes, other units.",
          "ringside scan"};
  Options options;
  auto& wishes = options.wishes;
  app.add_option("HOST", options.hosts, "host numbers; all where none is given");
  auto* channel = app.add_option("--channel", options.channel, "this channel only");
  auto* target = app.add_option("--target", options.target, "this target only");
  auto* lun = app.add_option("--lun", options.lun, "this LUN only, as the kernel counts it")
                  ->check(check_lun, "LUN");
  app.add_flag("--add", wishes.add, "add new devices, and look for new targets");
  app.add_flag("--remove-gone", wishes.remove_gone, "remove devices that are no longer there");
  app.add_flag("--resize", wishes.resize, "have the kernel read changed sizes");
  app.add_flag("--update", wishes.update,
               "remove what another unit took the place of; add that one");
  app.add_flag("--force", wishes.force, "remove devices that somebody holds, too");
  app.add_flag("--dry-run", wishes.dry_run, "change nothing, and say what would be done");
  app.add_option("--placement", options.placement,
                 "who decides: this program, or the kernel's scan")
      ->one_of({"stock", "user"})
      ->capture_default_str();
  app.add_flag("--json", options.json, "all that is known, as one JSON object");
  app.footer(
      "Example: ringside scan --add --remove-gone --dry-run\n"
      "Without --add nothing is added, without --remove-gone nothing removed.\n"
      "Exit status: 0 done, 1 something was not done, 2 could not tell.");
  return finish(app, argc, argv, [&] {
    if (channel->given()) options.selection.channel = options.channel;
    if (target->given()) options.selection.target = options.target;
    if (lun->given()) options.selection.lun = options.lun;
    return run(options);
  });
}

}  // namespace ringside::cli
