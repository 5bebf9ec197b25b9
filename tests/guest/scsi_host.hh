// Hosts of scsi_debug in a guest, and what the kernel has of them.
#pragma once

#include <fstream>
#include <nlohmann/json.hpp>

#include "tests/guest/module.hh"
#include "user/scsi/sysfs.hh"

namespace ringside::scsi {

inline const std::filesystem::path kDebug = "/sys/bus/pseudo/drivers/scsi_debug";

inline void put(const std::filesystem::path& file, const std::string& text) {
  std::ofstream stream(file);
  stream << text;
  EXPECT_TRUE(stream.flush()) << file << ": " << text;
}

// All devices of scsi_debug's hosts, which are numbered from their first; without the letters of
// their disks. A disk counts when its driver has made it.
inline std::vector<std::string> seen() {
  Sysfs sysfs;
  std::vector<std::string> lines;
  unsigned number = 0;
  for (auto host : sysfs.hosts()) {
    if (sysfs.driver(host) != "scsi_debug") continue;
    for (const auto& device : sysfs.devices(host, {}))
      lines.push_back(name_of(number, device.address) + " type " + std::to_string(device.type) +
                      " '" + device.inquiry.substr(8, 28) + "' " +
                      std::to_string(device.inquiry.size()) + " " + std::to_string(device.bytes));
    ++number;
  }
  return lines;
}

inline bool are_disks_made() {
  Sysfs sysfs;
  for (auto host : sysfs.hosts())
    for (const auto& device : sysfs.devices(host, {}))
      if (device.type == 0 && device.state == "running" && device.block.empty()) return false;
  return true;
}

// Hosts for the time of an object; `scan` is how the kernel scans them: "sync" or "manual".
class Hosts {
 public:
  Hosts(const std::string& scan, const std::vector<std::string>& parameters) {
    put("/sys/module/scsi_mod/parameters/scan", scan);
    std::vector<std::string> argv = {"modprobe", "scsi_debug", "dev_size_mb=8"};
    argv.insert(argv.end(), parameters.begin(), parameters.end());
    EXPECT_TRUE(guest::succeeds(argv));
    EXPECT_TRUE(guest::soon(are_disks_made));
  }
  ~Hosts() {
    EXPECT_TRUE(guest::soon([] { return guest::succeeds({"rmmod", "scsi_debug"}); }));
  }
};

// The module for the time of an object: then every address is asked, and devices are added from
// what was read.
class DirectModule {
 public:
  DirectModule() {
    EXPECT_TRUE(guest::succeeds({guest::build_folder() / "ringside", "load", "--placement=bind",
                                 "--unexported", guest::module_file("ringside_scsi")}));
  }
  ~DirectModule() { EXPECT_TRUE(guest::unload("ringside_scsi")); }
};

struct Scanned {
  int status = -1;
  nlohmann::json out;
  std::string err;

  // Devices of all hosts by name; what `field` says of them.
  std::map<std::string, std::string> all(const std::string& field) const {
    std::map<std::string, std::string> found;
    for (const auto& host : out["hosts"])
      for (const auto& device : host["devices"])
        found[device["name"]] = device[field].is_string() ? std::string(device[field]) : "";
    return found;
  }
};

inline Scanned scan(std::vector<std::string> arguments = {}) {
  std::vector<std::string> argv = {guest::build_folder() / "ringside", "scan", "--json"};
  argv.insert(argv.end(), arguments.begin(), arguments.end());
  auto result = run_process({argv, {}, {}});
  if (!result) return {};
  EXPECT_TRUE(nlohmann::json::accept(result->out)) << result->out << result->err;
  return {result->status, nlohmann::json::parse(result->out, nullptr, false), result->err};
}

inline std::string first_host() {
  Sysfs sysfs;
  for (auto host : sysfs.hosts())
    if (sysfs.driver(host) == "scsi_debug") return std::to_string(host);
  return "";
}

}  // namespace ringside::scsi
