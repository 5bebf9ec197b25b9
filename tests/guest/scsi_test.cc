// SCSI in a stock kernel: scsi_debug's targets, found by `ringside scan` and by the kernel. As
// root. RINGSIDE_SCSI_LUNS (32): how many LUNs the largest targets have; 256: every standard, too.
#include <fcntl.h>
#include <sys/mount.h>
#include <sys/swap.h>

#include <algorithm>

#include "tests/guest/scsi_host.hh"
#include "user/base/unique_fd.hh"

namespace ringside::scsi {
namespace {

using Words = std::vector<std::string>;

class Scsi : public ::testing::Test {
 protected:
  static void SetUpTestSuite() {
    ASSERT_TRUE(guest::succeeds({"modprobe", "scsi_mod"}));
    ASSERT_TRUE(guest::succeeds({"modprobe", "sd_mod"}));
  }
};

std::string many() {
  const char* luns = std::getenv("RINGSIDE_SCSI_LUNS");
  return luns ? luns : "32";
}

Words without_sizes(Words devices) {
  for (auto& device : devices) device.erase(device.rfind(' '));
  return devices;
}

// What the kernel's own scan finds, and what ours does, of the same targets.
void expect_same(const Words& parameters, std::size_t devices, bool have_sizes = true) {
  std::vector<std::string> stock, ours;
  {
    Hosts hosts("sync", parameters);
    stock = seen();
  }
  Hosts hosts("manual", parameters);
  EXPECT_TRUE(seen().empty());
  auto scanned = scan({"--add"});
  EXPECT_EQ(scanned.status, 0) << scanned.err;
  EXPECT_TRUE(guest::soon(are_disks_made));
  ours = seen();
  EXPECT_EQ(without_sizes(ours), without_sizes(stock));
  if (have_sizes) {
    EXPECT_EQ(ours, stock);
  }
  EXPECT_EQ(ours.size(), devices);
  EXPECT_EQ(scanned.all("deed").size(), devices);
  for (const auto& [name, deed] : scanned.all("deed")) EXPECT_EQ(deed, "added") << name;
}

TEST_F(Scsi, OneDisk) {
  expect_same({}, 1);
}
TEST_F(Scsi, ManyTargets) {
  expect_same({"num_tgts=16", "max_luns=2"}, 32);
}
TEST_F(Scsi, ManyLuns) {
  auto luns = many();
  expect_same({"max_luns=" + luns, "lun_format=0"}, std::min<std::size_t>(std::stoul(luns), 256));
}
TEST_F(Scsi, ManyFlatLuns) {
  auto luns = std::to_string(std::stoul(many()) + 4);
  expect_same({"max_luns=" + luns, "lun_format=1"}, std::stoul(luns));
}
TEST_F(Scsi, NoLun0) {
  expect_same({"num_tgts=3", "max_luns=3", "no_lun_0=1"}, 6);
}
TEST_F(Scsi, EveryStandard) {
  Words levels = {"2", "3", "5", "7"};
  if (std::stoul(many()) >= 256) levels = {"2", "3", "4", "5", "6", "7"};
  for (const auto& level : levels)
    expect_same({"num_tgts=2", "max_luns=3", "scsi_level=" + level}, 6);
}
TEST_F(Scsi, SeveralHosts) {
  expect_same({"add_host=4", "num_tgts=2", "max_luns=2"}, 16);
}
TEST_F(Scsi, OtherTypes) {
  expect_same({"max_luns=2", "ptype=1"}, 2);
  expect_same({"max_luns=2", "ptype=5"}, 2);
  expect_same({"max_luns=2", "ptype=13"}, 2);
}
TEST_F(Scsi, OtherNames) {
  expect_same({"max_luns=2", "inq_vendor=EMC", "inq_product=SYMMETRIX", "scsi_level=3"}, 2);
}
// A fault may also meet the driver's own READ CAPACITY, after either scan: no size then.
TEST_F(Scsi, Faults) {
  expect_same({"max_luns=4", "every_nth=3", "opts=0x8"}, 4, false);   // recovered errors
  expect_same({"max_luns=4", "every_nth=3", "opts=0x10"}, 4, false);  // transport errors
}

TEST_F(Scsi, TheStockScanIsAPlacement) {
  Hosts hosts("manual", {"num_tgts=2", "max_luns=3"});
  auto scanned = scan({"--add", "--placement=stock"});
  EXPECT_EQ(scanned.status, 0);
  EXPECT_EQ(scanned.all("deed").size(), 6u);
  EXPECT_EQ(seen().size(), 6u);
}

TEST_F(Scsi, OnlyWhatIsSelectedIsAdded) {
  Hosts hosts("manual", {"num_tgts=3", "max_luns=3"});
  scan({"--add", "--target", "1", "--lun", "2"});
  EXPECT_EQ(seen().size(), 1u);
  scan({"--add", "--target", "2"});
  EXPECT_EQ(seen().size(), 4u);
  scan({"--add", "--channel", "0", "--lun", "1"});
  EXPECT_EQ(seen().size(), 6u);
  scan({"--add", "--channel", "1"});
  EXPECT_EQ(seen().size(), 6u);
}

TEST_F(Scsi, NothingIsChangedUnlessItIsWished) {
  Hosts hosts("manual", {"num_tgts=2", "max_luns=2"});
  EXPECT_EQ(scan().status, 0);
  EXPECT_EQ(scan({"--add", "--dry-run"}).status, 0);
  EXPECT_TRUE(seen().empty());
  scan({"--add"});
  put(kDebug / "max_luns", "4");
  auto dry = scan({"--add", "--dry-run"});
  EXPECT_EQ(dry.status, 0);
  EXPECT_EQ(dry.all("state").size(), 8u);
  auto states = dry.all("state");
  EXPECT_EQ(std::count_if(states.begin(), states.end(), [](auto& s) { return s.second == "new"; }),
            4);
  EXPECT_EQ(seen().size(), 4u);
  EXPECT_EQ(scan({"--add"}).status, 0);
  EXPECT_EQ(seen().size(), 8u);
}

TEST_F(Scsi, GoneDevicesAreRemoved) {
  Hosts hosts("manual", {"num_tgts=2", "max_luns=4"});
  scan({"--add"});
  put(kDebug / "max_luns", "1");
  auto looked = scan();
  EXPECT_EQ(looked.status, 0);
  auto states = looked.all("state");
  EXPECT_EQ(std::count_if(states.begin(), states.end(), [](auto& s) { return s.second == "gone"; }),
            6);
  scan({"--remove-gone", "--dry-run"});
  EXPECT_EQ(seen().size(), 8u);
  EXPECT_EQ(scan({"--remove-gone"}).status, 0);
  EXPECT_EQ(seen().size(), 2u);
}

// The disk of the first host's LUN 1.
std::string disk() {
  for (const auto& device : Sysfs().devices(std::stoul(first_host()), {}))
    if (device.address.lun == 1) return "/dev/" + device.block;
  return "";
}

// Whoever holds LUN 1 is named, and it stays; without him it goes.
void expect_held(const std::string& by) {
  put(kDebug / "max_luns", "1");
  auto refused = scan({"--remove-gone"});
  EXPECT_EQ(refused.status, 1);
  auto reasons = refused.all("reason");
  EXPECT_NE(reasons[first_host() + ":0:0:1"].find(by), std::string::npos)
      << reasons[first_host() + ":0:0:1"];
  EXPECT_EQ(seen().size(), 2u);
  put(kDebug / "max_luns", "2");
}

TEST_F(Scsi, DevicesInUseStay) {
  Hosts hosts("manual", {"max_luns=2"});
  scan({"--add"});
  {
    UniqueFd open_disk(open(disk().c_str(), O_RDONLY | O_CLOEXEC));
    ASSERT_TRUE(open_disk);
    expect_held("opened by " + std::to_string(getpid()) + " (guest_tests)");
  }
  put(kDebug / "max_luns", "1");
  EXPECT_EQ(scan({"--remove-gone"}).status, 0);
  EXPECT_EQ(seen().size(), 1u);
}

TEST_F(Scsi, SwapIsInUse) {
  if (!guest::succeeds({"which", "mkswap"})) GTEST_SKIP() << "no mkswap";
  Hosts hosts("manual", {"max_luns=2"});
  scan({"--add"});
  ASSERT_TRUE(guest::succeeds({"mkswap", disk()}));
  ASSERT_EQ(swapon(disk().c_str(), 0), 0);
  expect_held("swap");
  ASSERT_EQ(swapoff(disk().c_str()), 0);
}

TEST_F(Scsi, OpenDevicesGoByForce) {
  Hosts hosts("manual", {"max_luns=2"});
  scan({"--add"});
  UniqueFd open_disk(open(disk().c_str(), O_RDONLY | O_CLOEXEC));
  put(kDebug / "max_luns", "1");
  EXPECT_EQ(scan({"--remove-gone", "--force"}).status, 0);
  EXPECT_EQ(seen().size(), 1u);
}

TEST_F(Scsi, ChangedSizesAreSeenAndRead) {
  Hosts hosts("manual", {"virtual_gb=1"});
  scan({"--add"});
  put(kDebug / "virtual_gb", "3");
  auto looked = scan();
  EXPECT_EQ(looked.all("state")[first_host() + ":0:0:0"], "resized");
  EXPECT_EQ(scan({"--resize"}).status, 0);
  EXPECT_EQ(Sysfs().devices(std::stoul(first_host()), {})[0].bytes, std::uint64_t{3} << 30);
  EXPECT_EQ(scan().all("state")[first_host() + ":0:0:0"], "known");
}

TEST_F(Scsi, ADeviceThatTheKernelHasStoppedIsNotAsked) {
  Hosts hosts("manual", {"max_luns=2"});
  scan({"--add"});
  auto name = first_host() + ":0:0:1";
  put("/sys/bus/scsi/devices/" + name + "/state", "offline\n");
  auto scanned = scan({"--remove-gone"});
  EXPECT_EQ(scanned.all("state")[name], "not-asked");
  EXPECT_EQ(scanned.all("why")[name], "offline");
  EXPECT_EQ(seen().size(), 2u);
}

TEST_F(Scsi, WithTheModuleDevicesAreTheSame) {
  DirectModule module;
  expect_same({"num_tgts=3", "max_luns=4"}, 12);
  expect_same({"num_tgts=2", "max_luns=3", "no_lun_0=1"}, 4);
  expect_same({"max_luns=20", "lun_format=1"}, 20);
  expect_same({"num_tgts=2", "max_luns=3", "scsi_level=3"}, 6);
  expect_same({"add_host=2", "max_luns=2"}, 4);
}

// With "none" the kernel adds nothing for a module, either.
TEST_F(Scsi, AKernelThatIsToldNotToScan) {
  for (bool has_module : {false, true}) {
    std::optional<DirectModule> module;
    if (has_module) module.emplace();
    Hosts hosts("none", {"num_tgts=2", "max_luns=2"});
    EXPECT_EQ(scan({"--add"}).status, 0);
    EXPECT_EQ(seen().size(), 4u) << has_module;
  }
}

// Every command of this host takes 10 ms.
TEST_F(Scsi, WithTheModuleASlowHostIsTheSame) {
  auto slow = [](const std::string& scan, const std::vector<std::string>& words) {
    put("/sys/module/scsi_mod/parameters/scan", scan);
    EXPECT_TRUE(guest::succeeds(
        {"insmod", guest::module_file("ringside_slow"), "targets=2", "luns=4", "delay_ms=10"}));
    EXPECT_TRUE(words.empty() || ringside::scsi::scan(words).status == 0);
    std::vector<std::string> seen;
    Sysfs sysfs;
    for (const auto& device : sysfs.devices(sysfs.hosts().back(), {}))
      seen.push_back(name_of(0, device.address) + device.inquiry + sysfs.page(device, 0x83) +
                     sysfs.page(device, 0x80));
    EXPECT_TRUE(guest::unload("ringside_slow"));
    return seen;
  };
  auto stock = slow("sync", {});
  EXPECT_EQ(stock.size(), 8u);
  DirectModule module;
  EXPECT_EQ(slow("manual", {"--add"}), stock);
}

TEST_F(Scsi, HostsThatAreNotThere) {
  auto result = run_process({{guest::build_folder() / "ringside", "scan", "999"}, {}, {}});
  ASSERT_TRUE(result);
  EXPECT_EQ(result->status, 2);
  EXPECT_EQ(result->err, "ringside scan: there is no host 999\n");
}

TEST_F(Scsi, TheKernelHasNotComplained) {
  guest::expect_clean_log();
}

}  // namespace
}  // namespace ringside::scsi
