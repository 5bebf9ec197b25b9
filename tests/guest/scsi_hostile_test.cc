// Targets that are wrong (tests/scsi/hostile), and scans that are killed. As root.
// RINGSIDE_SCSI_KILLS (4): how often each way of adding is killed. RINGSIDE_SCSI_LUNS from 256 on:
// a list of 20,000 LUNs in place of 600, and waits of 20 seconds, too.
#include <fcntl.h>
#include <spawn.h>
#include <sys/wait.h>

#include <chrono>
#include <csignal>
#include <random>
#include <set>

#include "tests/guest/scsi_host.hh"

namespace ringside::scsi {
namespace {

using Words = std::vector<std::string>;
using Clock = std::chrono::steady_clock;

unsigned long number_in(const char* name, unsigned long otherwise) {
  const char* text = std::getenv(name);
  return text ? std::stoul(text) : otherwise;
}

// Targets of the hostile host; see enum wrong there.
enum Wrong { kGood, kNoise, kShort, kNoisyList, kResets, kDuplicates, kFickle, kHangs, kEndless };

class Hostile {
 public:
  Hostile(Wrong first, Wrong last, unsigned list_luns = 20000) {
    put("/sys/module/scsi_mod/parameters/scan", "manual");
    EXPECT_TRUE(guest::succeeds({"insmod", guest::module_file("ringside_hostile"),
                                 "first=" + std::to_string(first), "last=" + std::to_string(last),
                                 "list_luns=" + std::to_string(list_luns)}));
    host_ = Sysfs().hosts().back();
  }
  ~Hostile() {
    EXPECT_TRUE(guest::soon([] { return guest::unload("ringside_hostile"); }));
  }

  std::string number() const { return std::to_string(host_); }
  std::set<Lun> luns(std::uint32_t target) const {
    std::set<Lun> luns;
    for (const auto& device : Sysfs().devices(host_, {std::nullopt, target, std::nullopt}))
      luns.insert(device.address.lun);
    return luns;
  }

 private:
  unsigned host_;
};

class ScsiHostile : public ::testing::Test {
 protected:
  static void SetUpTestSuite() {
    ASSERT_TRUE(guest::succeeds({"modprobe", "scsi_mod"}));
    ASSERT_TRUE(guest::succeeds({"modprobe", "sd_mod"}));
  }

  // What is there is added; what only was said is not.
  static void expect_targets() {
    Hostile hostile(kGood, kFickle);
    auto scanned = scan({"--add", hostile.number()});
    EXPECT_LE(scanned.status, 1) << scanned.err;
    EXPECT_EQ(hostile.luns(kGood), (std::set<Lun>{0, 1, 2, 3}));
    EXPECT_EQ(hostile.luns(kNoise), std::set<Lun>{0});
    EXPECT_EQ(hostile.luns(kShort).count(0), 1u);
    EXPECT_EQ(hostile.luns(kNoisyList).count(0), 1u);
    EXPECT_EQ(hostile.luns(kDuplicates), (std::set<Lun>{0, 1, 2}));
    EXPECT_NE(scanned.err.find(":0:5: lists 3 LUNs again"), std::string::npos) << scanned.err;
    EXPECT_NE(scanned.err.find(":0:3: its list of LUNs is longer than"), std::string::npos)
        << scanned.err;
    // A reset may cost a LUN one scan; what changed its mind does not stay.
    auto again = scan({"--add", "--remove-gone", hostile.number()});
    EXPECT_EQ(hostile.luns(kResets), (std::set<Lun>{0, 1, 2})) << again.out.dump();
    EXPECT_EQ(hostile.luns(kFickle), std::set<Lun>{0});
    EXPECT_EQ(hostile.luns(kGood).size(), 4u);
  }

  static void expect_endless() {
    bool is_full = number_in("RINGSIDE_SCSI_LUNS", 32) >= 256;
    Hostile hostile(kEndless, kEndless, is_full ? 20000 : 600);
    auto scanned = scan({"--add", hostile.number()});
    EXPECT_EQ(hostile.luns(kEndless), (std::set<Lun>{0, 1}));
    EXPECT_EQ(scanned.err.find("its list of LUNs is longer than") != std::string::npos, is_full)
        << scanned.err;
  }

  // LUN 1 keeps silent; that ends, and the good target beside it is complete.
  static void expect_hang_ends() {
    put("/sys/module/scsi_mod/parameters/inq_timeout", "1");
    Hostile hostile(kFickle, kHangs);
    auto start = Clock::now();
    scan({"--add", hostile.number()});
    EXPECT_LT(Clock::now() - start, std::chrono::seconds(120));
    EXPECT_EQ(hostile.luns(kHangs), std::set<Lun>{0});
    put("/sys/module/scsi_mod/parameters/inq_timeout", "20");
  }
};

TEST_F(ScsiHostile, WrongTargets) {
  expect_targets();
}
TEST_F(ScsiHostile, WrongTargetsByTheModule) {
  DirectModule module;
  expect_targets();
}
TEST_F(ScsiHostile, AnEndlessListByTheModule) {
  DirectModule module;
  expect_endless();
}
TEST_F(ScsiHostile, AnEndlessList) {
  expect_endless();
}
TEST_F(ScsiHostile, AUnitThatHangs) {
  expect_hang_ends();
}
TEST_F(ScsiHostile, AUnitThatHangsByTheModule) {
  if (number_in("RINGSIDE_SCSI_LUNS", 32) < 256)
    GTEST_SKIP() << "waits for twice 20 seconds: in make test-full";
  DirectModule module;
  expect_hang_ends();
}

class ScsiKilled : public ScsiHostile {
 protected:
  // SIGKILL while `ringside scan --add` is anywhere between its start and its end. Returns whether
  // it was still running.
  static bool kill_within(std::chrono::microseconds time) {
    auto program = (guest::build_folder() / "ringside").string();
    const char* argv[] = {program.c_str(), "scan", "--add", nullptr};
    posix_spawn_file_actions_t actions;
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_addopen(&actions, 1, "/dev/null", O_WRONLY, 0);
    pid_t child = -1;
    EXPECT_EQ(posix_spawn(&child, argv[0], &actions, nullptr, const_cast<char**>(argv), environ),
              0);
    posix_spawn_file_actions_destroy(&actions);
    usleep(static_cast<useconds_t>(time.count()));
    kill(child, SIGKILL);
    int status = 0;
    EXPECT_EQ(waitpid(child, &status, 0), child);
    return WIFSIGNALED(status);
  }

  // Killed at random moments, each scan leaves whole devices only; the next one completes them.
  static void expect_next_completes(const Words& parameters) {
    Words whole;
    std::chrono::microseconds time{};
    {
      Hosts hosts("manual", parameters);
      auto start = Clock::now();
      EXPECT_EQ(scan({"--add"}).status, 0);
      time = std::chrono::duration_cast<std::chrono::microseconds>(Clock::now() - start);
      whole = seen();
    }
    std::mt19937 random(std::random_device{}());
    std::uniform_int_distribution<long> within(0, time.count() * 4 / 5);
    unsigned killed = 0, kills = static_cast<unsigned>(number_in("RINGSIDE_SCSI_KILLS", 4));
    for (unsigned i = 0; i < kills; ++i) {
      Hosts hosts("manual", parameters);
      std::chrono::microseconds moment(within(random));
      killed += kill_within(moment);
      EXPECT_TRUE(guest::soon(are_disks_made));
      EXPECT_EQ(scan({"--add"}).status, 0) << "killed after " << moment.count() << " us";
      EXPECT_TRUE(guest::soon(are_disks_made));
      EXPECT_EQ(seen(), whole) << "killed after " << moment.count() << " us";
    }
    RecordProperty("killed", static_cast<int>(killed));
    EXPECT_GT(killed, 0u);
  }
};

TEST_F(ScsiKilled, TheNextCompletes) {
  expect_next_completes({"num_tgts=2", "max_luns=8"});
}
TEST_F(ScsiKilled, TheNextCompletesWithoutLun0) {
  expect_next_completes({"num_tgts=3", "max_luns=3", "no_lun_0=1"});
}
TEST_F(ScsiKilled, TheNextCompletesByTheModule) {
  DirectModule module;
  expect_next_completes({"num_tgts=2", "max_luns=8"});
}

TEST_F(ScsiKilled, TheKernelHasNotComplained) {
  guest::expect_clean_log();
}

}  // namespace
}  // namespace ringside::scsi
