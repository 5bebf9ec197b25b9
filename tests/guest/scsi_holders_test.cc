// Who holds a disk, with the tools that administrators use, and units that change under the
// kernel's hands. Hosts of scsi_debug; as root.
#include <fcntl.h>
#include <sys/mount.h>

#include "tests/guest/scsi_host.hh"
#include "user/base/unique_fd.hh"

namespace ringside::scsi {
namespace {

using Words = std::vector<std::string>;

// Runs a line of sh; what it said is told where it fails.
bool does(const std::string& line) {
  auto result = run_process({{"sh", "-c", line}, {}, {}});
  EXPECT_TRUE(result && result->status == 0)
      << line << ": " << (result ? result->out + result->err : "not started");
  return result && result->status == 0;
}

bool has(const std::string& tool) {
  return guest::succeeds({"sh", "-c", "command -v " + tool});
}

class ScsiHolders : public ::testing::Test {
 protected:
  static void SetUpTestSuite() {
    for (auto module :
         {"scsi_mod", "sd_mod", "dm_mod", "dm_multipath", "dm_round_robin", "raid1", "ext4"})
      ASSERT_TRUE(guest::succeeds({"modprobe", module})) << module;
  }
  explicit ScsiHolders(const Words& parameters = {"max_luns=2"}) : hosts_("manual", parameters) {
    EXPECT_EQ(scan({"--add"}).status, 0);
    auto host = Sysfs().hosts().back();
    first_ = std::to_string(host) + ":0:0:0", second_ = std::to_string(host) + ":0:0:1";
    for (const auto& device : Sysfs().devices(host, {})) disk_ = "/dev/" + device.block;
  }

  // The second disk is gone, and stays for who is named, with a word of why.
  void expect_held(const std::string& by) {
    put(kDebug / "max_luns", "1");
    for (const Words& words : {Words{"--remove-gone"}, Words{"--remove-gone", "--dry-run"}}) {
      auto refused = scan(words);
      EXPECT_EQ(refused.status, 1);
      EXPECT_EQ(refused.all("deed")[second_], "refused");
      EXPECT_NE(refused.all("reason")[second_].find(by), std::string::npos)
          << refused.all("reason")[second_];
    }
    EXPECT_EQ(seen().size(), 2u);
    put(kDebug / "max_luns", "2");
    EXPECT_EQ(scan().all("state")[second_], "known");
  }
  // Nobody holds it any more.
  void expect_free() {
    put(kDebug / "max_luns", "1");
    auto removed = scan({"--remove-gone"});
    EXPECT_EQ(removed.status, 0);
    EXPECT_EQ(removed.all("deed")[second_], "removed") << removed.all("reason")[second_];
    EXPECT_EQ(seen().size(), 1u);
  }

  Hosts hosts_;
  std::string first_, second_, disk_;  // of the last host; the second's disk
};

TEST_F(ScsiHolders, AMountedFileSystem) {
  ASSERT_TRUE(does("mke2fs -q -F " + disk_ + " && mkdir -p /tmp/held"));
  ASSERT_EQ(mount(disk_.c_str(), "/tmp/held", "ext4", 0, nullptr), 0);
  expect_held("mounted on /tmp/held");
  ASSERT_EQ(umount("/tmp/held"), 0);
  expect_free();
}

// A table of one partition, from 1 MiB on.
void make_partition(const std::string& disk) {
  std::fstream file(disk, std::ios::in | std::ios::out | std::ios::binary);
  const unsigned char entry[] = {0, 0, 0, 0, 0x83, 0, 0, 0, 0, 8, 0, 0, 0, 32, 0, 0};
  file.seekp(446).write(reinterpret_cast<const char*>(entry), sizeof entry);
  file.seekp(510).write("\x55\xaa", 2);
  EXPECT_TRUE(file.flush());
}

TEST_F(ScsiHolders, AMountedPartition) {
  make_partition(disk_);
  ASSERT_TRUE(does("blockdev --rereadpt " + disk_));
  ASSERT_TRUE(guest::soon([&] { return std::filesystem::exists(disk_ + "1"); }));
  ASSERT_TRUE(does("mke2fs -q -F " + disk_ + "1 && mkdir -p /tmp/held"));
  ASSERT_EQ(mount((disk_ + "1").c_str(), "/tmp/held", "ext4", 0, nullptr), 0);
  expect_held("mounted on /tmp/held");
  ASSERT_EQ(umount("/tmp/held"), 0);
  expect_free();
}

TEST_F(ScsiHolders, LvmsPhysicalVolume) {
  if (!has("lvm")) GTEST_SKIP() << "no lvm: apt-get install lvm2";
  // All LUNs are of the same memory: LVM is to see one.
  const std::string set =
      " --config 'devices{use_devicesfile=0 obtain_device_list_from_udev=0 filter=[\"a|^" + disk_ +
      "$|\",\"r|.*|\"]} activation{udev_sync=0 udev_rules=0 monitoring=0}' ";
  ASSERT_TRUE(does("lvm vgcreate -y" + set + "rsvg " + disk_ + " && lvm lvcreate -y -Zn -Wn" + set +
                   "-l 1 -n data rsvg"));
  expect_held("LVM rsvg-data");
  ASSERT_TRUE(does("lvm vgchange -an" + set + "rsvg"));
  expect_free();
}

TEST_F(ScsiHolders, AnArrayOfMd) {
  if (!has("mdadm")) GTEST_SKIP() << "no mdadm: apt-get install mdadm";
  ASSERT_TRUE(
      does("mdadm --create /dev/md7 --run --force --metadata=1.0 --level=1 "
           "--raid-devices=1 " +
           disk_));
  expect_held("md md7");
  ASSERT_TRUE(does("mdadm --stop /dev/md7"));
  expect_free();
}

TEST_F(ScsiHolders, MapsOfTheDeviceMapper) {
  if (!has("dmsetup")) GTEST_SKIP() << "no dmsetup: apt-get install dmsetup";
  const std::string none = "dmsetup --noudevsync --noudevrules ";
  ASSERT_TRUE(does("echo 0 8192 linear " + disk_ + " 0 | " + none + "create plain"));
  expect_held("device-mapper plain");
  ASSERT_TRUE(does(none + "remove plain"));
  ASSERT_TRUE(does("echo 0 16384 multipath 0 0 1 1 round-robin 0 1 1 " + disk_ + " 1000 | " + none +
                   "create mpatha -u mpath-3600"));
  expect_held("multipath mpatha");
  ASSERT_TRUE(does(none + "remove mpatha"));
  expect_free();
}

// What --force says it does: the map is left without its disk.
TEST_F(ScsiHolders, ByForceAHeldOneGoes) {
  if (!has("dmsetup")) GTEST_SKIP() << "no dmsetup: apt-get install dmsetup";
  const std::string none = "dmsetup --noudevsync --noudevrules ";
  ASSERT_TRUE(does("echo 0 8192 linear " + disk_ + " 0 | " + none + "create plain"));
  put(kDebug / "max_luns", "1");
  EXPECT_EQ(scan({"--remove-gone", "--force", "--dry-run"}).all("deed")[second_], "removed");
  EXPECT_EQ(seen().size(), 2u);
  EXPECT_EQ(scan({"--remove-gone", "--force"}).all("deed")[second_], "removed");
  EXPECT_EQ(seen().size(), 1u);
  EXPECT_TRUE(does(none + "remove plain"));
}

// A number of the host is in all identities: with it page 83h is another one, of the same model.
// The first host has none.
class ScsiReplaced : public ScsiHolders {
 protected:
  ScsiReplaced() : ScsiHolders({"max_luns=2", "add_host=2", "vpd_use_hostno=0"}) {
    put(kDebug / "vpd_use_hostno", "1");
  }
  void expect_states(const std::string& state) {
    auto states = scan().all("state");
    EXPECT_EQ(states.size(), 4u);
    EXPECT_EQ(states[first_], state);
    EXPECT_EQ(states[second_], state);
  }
};

TEST_F(ScsiReplaced, IsSaidAndLeftAlone) {
  expect_states("replaced");
  EXPECT_NE(scan().all("why")[second_].find("its identity is "), std::string::npos);
  EXPECT_EQ(scan({"--remove-gone", "--resize", "--add"}).status, 0);
  expect_states("replaced");
}

TEST_F(ScsiReplaced, IsUpdatedUnlessItIsHeld) {
  EXPECT_EQ(scan({"--update", "--dry-run"}).all("deed")[second_], "updated");
  expect_states("replaced");
  {
    UniqueFd open_disk(open(disk_.c_str(), O_RDONLY | O_CLOEXEC));
    ASSERT_TRUE(open_disk);
    auto updated = scan({"--update"});
    EXPECT_EQ(updated.status, 1);
    EXPECT_EQ(updated.all("deed")[first_], "updated");
    EXPECT_EQ(updated.all("deed")[second_], "refused");
    EXPECT_NE(updated.all("reason")[second_].find("opened by"), std::string::npos);
  }
  EXPECT_EQ(scan({"--update"}).all("deed")[second_], "updated");
  expect_states("known");
}

TEST_F(ScsiHolders, AnotherModelIsAnotherUnit) {
  put("/sys/module/scsi_debug/parameters/inq_product", "OTHER MODEL");
  auto scanned = scan({"--update"});
  EXPECT_EQ(scanned.status, 0);
  EXPECT_EQ(scanned.all("state")[second_], "replaced");
  EXPECT_EQ(scanned.all("why")[second_], "it is Linux OTHER MODEL now");
  for (const auto& [name, state] : scan().all("state")) EXPECT_EQ(state, "known") << name;
}

// It grows while it is mounted, which disturbs nobody.
TEST_F(ScsiHolders, AHeldDiskIsReadAgain) {
  put(kDebug / "virtual_gb", "2");
  UniqueFd open_disk(open(disk_.c_str(), O_RDONLY | O_CLOEXEC));
  ASSERT_TRUE(open_disk);
  EXPECT_EQ(scan({"--resize", "--dry-run"}).all("deed")[second_], "resized");
  EXPECT_EQ(scan().all("state")[second_], "resized");
  EXPECT_EQ(scan({"--resize"}).all("deed")[second_], "resized");
  for (const auto& [name, state] : scan().all("state")) EXPECT_EQ(state, "known") << name;
}

TEST_F(ScsiHolders, TheKernelHasNotComplained) {
  guest::expect_clean_log();
}

}  // namespace
}  // namespace ringside::scsi
