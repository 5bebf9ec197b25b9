// Hosts as QEMU has them: disks by each driver, found by the kernel, by `ringside scan`, and by it
// with the module. In a guest that tests/guest/scsi_hba has given them to. As root.
#include <algorithm>

#include "tests/guest/scsi_host.hh"

namespace ringside::scsi {
namespace {

using Words = std::vector<std::string>;

struct Driver {
  Words modules;  // the last takes the others with it
  std::size_t hosts, devices;
};

// A driver and its hosts for the time of an object, scanned as `scan` says: "sync" or "manual".
class Adapter {
 public:
  Adapter(const Driver& driver, const std::string& scan) : driver_(driver) {
    put("/sys/module/scsi_mod/parameters/scan", scan);
    auto before = Sysfs().hosts();
    for (const auto& module : driver.modules) EXPECT_TRUE(guest::succeeds({"modprobe", module}));
    EXPECT_TRUE(guest::soon([&] {
      hosts_.clear();
      for (auto host : Sysfs().hosts())
        if (std::find(before.begin(), before.end(), host) == before.end()) hosts_.push_back(host);
      return hosts_.size() == driver_.hosts;
    })) << driver.modules.back()
        << " has " << hosts_.size();
  }
  ~Adapter() {
    for (auto module = driver_.modules.rbegin(); module != driver_.modules.rend(); ++module)
      EXPECT_TRUE(guest::soon([&] { return guest::succeeds({"modprobe", "-r", *module}); }));
    EXPECT_TRUE(guest::soon([&] {
      auto hosts = Sysfs().hosts();
      return std::find(hosts.begin(), hosts.end(), hosts_.back()) == hosts.end();
    }));
  }

  // Each device by its host's place among the driver's; without the letters of disks.
  Words seen() const {
    Words lines;
    for (std::size_t i = 0; i < hosts_.size(); ++i)
      for (const auto& device : Sysfs().devices(hosts_[i], {}))
        lines.push_back(name_of(static_cast<unsigned>(i), device.address) + " type " +
                        std::to_string(device.type) + " '" + device.inquiry + "' " +
                        std::to_string(device.bytes));
    return lines;
  }

  // When all that is expected is there, and those who make disks of it have.
  Words complete() const {
    EXPECT_TRUE(guest::soon([&] { return seen().size() >= driver_.devices && are_made(); }));
    return seen();
  }

  Words arguments(Words words) const {
    for (auto host : hosts_) words.push_back(std::to_string(host));
    return words;
  }
  const std::vector<unsigned>& hosts() const { return hosts_; }

 private:
  bool are_made() const {
    for (auto host : hosts_)
      for (const auto& device : Sysfs().devices(host, {}))
        if (device.block.empty() || device.bytes == 0) return false;
    return true;
  }

  const Driver driver_;
  std::vector<unsigned> hosts_;
};

class ScsiHba : public ::testing::Test {
 protected:
  static void SetUpTestSuite() {
    for (auto module : {"scsi_mod", "sd_mod", "sr_mod", "xhci_pci"})
      ASSERT_TRUE(guest::succeeds({"modprobe", module}));
  }

  // As the kernel has found them they are known to us.
  static Words stock(const Driver& driver) {
    Adapter adapter(driver, "sync");
    auto devices = adapter.complete();
    EXPECT_EQ(devices.size(), driver.devices);
    auto scanned = scan(adapter.arguments({}));
    EXPECT_EQ(scanned.status, 0) << scanned.err;
    EXPECT_EQ(scanned.all("state").size(), driver.devices);
    for (const auto& [name, state] : scanned.all("state")) EXPECT_EQ(state, "known") << name;
    return devices;
  }

  static Words ours(const Driver& driver) {
    Adapter adapter(driver, "manual");
    EXPECT_EQ(adapter.seen(), Words());
    auto scanned = scan(adapter.arguments({"--add"}));
    EXPECT_EQ(scanned.status, 0) << scanned.err;
    for (const auto& [name, deed] : scanned.all("deed")) EXPECT_EQ(deed, "added") << name;
    EXPECT_EQ(scanned.all("deed").size(), driver.devices);
    return adapter.complete();
  }

  static void expect_same(const Driver& driver) {
    auto expected = stock(driver);
    EXPECT_EQ(ours(driver), expected);
    DirectModule module;
    EXPECT_EQ(ours(driver), expected) << "by the module";
  }
};

// LUNs above 255 and without a LUN 0.
TEST_F(ScsiHba, Virtio) {
  expect_same({{"virtio_scsi"}, 1, 3});
}
// Its disks are logical drives, on a channel of their own.
TEST_F(ScsiHba, Megasas) {
  expect_same({{"megaraid_sas"}, 1, 2});
}
TEST_F(ScsiHba, Pvscsi) {
  expect_same({{"vmw_pvscsi"}, 1, 2});
}
TEST_F(ScsiHba, Lsi) {
  expect_same({{"sym53c8xx"}, 1, 3});
}
TEST_F(ScsiHba, Esp) {
  expect_same({{"am53c974"}, 1, 2});
}
// usb-storage has the one, uas the other, which is a driver on top of it.
TEST_F(ScsiHba, Usb) {
  expect_same({{"usb-storage", "uas"}, 2, 3});
}

// How often a port's link came up, which is once for each reset.
std::size_t links_up() {
  auto log = output_of(Process{{"dmesg"}, {}, {}});
  std::size_t count = 0;
  for (auto at = log->find("SATA link up"); at != log->npos; at = log->find("SATA link up", at + 1))
    ++count;
  return count;
}

// libata finds what is there by itself, whatever the kernel was told of scanning, and has numbers
// of its own: what was taken away is found by it again, when we ask for it.
TEST_F(ScsiHba, Ata) {
  Adapter adapter({{"ahci"}, 6, 1}, "manual");
  auto expected = adapter.complete();
  auto add = [&] {
    for (auto host : adapter.hosts())
      for (const auto& device : Sysfs().devices(host, {})) EXPECT_EQ(Sysfs().remove(device), 0);
    EXPECT_EQ(adapter.seen(), Words());
    auto scanned = scan(adapter.arguments({"--add"}));
    EXPECT_EQ(scanned.status, 0) << scanned.err;
    return adapter.complete();
  };
  EXPECT_EQ(add(), expected);
  DirectModule module;
  EXPECT_EQ(add(), expected);
  auto before = links_up();
  EXPECT_EQ(scan(adapter.arguments({"--add"})).status, 0);
  EXPECT_EQ(links_up(), before) << "the port of a disk that is there was reset";
  for (const auto& [name, state] : scan(adapter.arguments({})).all("state"))
    EXPECT_EQ(state, "known") << name;
}

TEST_F(ScsiHba, TheKernelHasNotComplained) {
  guest::expect_clean_log("dma_free_attrs");  // by sym53c8xx, whenever it is unloaded
}

}  // namespace
}  // namespace ringside::scsi
