// Every placement does what stock does: ext4 is mounted and written, references are counted, stock
// rmmod unloads it. The hand-over's module is loaded by plain insmod.
#include "tests/loader/commands.hh"

namespace ringside::loader {
namespace {

class Placements : public LoaderTest, public ::testing::WithParamInterface<const char*> {
 protected:
  static void SetUpTestSuite() { ASSERT_TRUE(guest::load("ringside_loader")); }
  static void TearDownTestSuite() { EXPECT_TRUE(guest::unload("ringside_loader")); }
  std::string placement() const { return std::string("--placement=") + GetParam(); }
};

INSTANTIATE_TEST_SUITE_P(, Placements, ::testing::Values("stock", "bind", "user", "kernel"),
                         [](const auto& info) { return std::string(info.param); });

TEST_P(Placements, Ext4IsMountedAndWritten) {
  expect_ringside({"load", placement(), "loop", "ext4"});
  shell("truncate -s 16M /tmp/image && mkfs.ext4 -q /tmp/image && mkdir -p /tmp/mnt");
  shell("mount -o loop /tmp/image /tmp/mnt && seq 10000 >/tmp/mnt/file && umount /tmp/mnt");
  shell("mount -o loop /tmp/image /tmp/mnt");
  EXPECT_EQ(shell("seq 10000 | cmp - /tmp/mnt/file && wc -l </tmp/mnt/file"), "10000\n");
  EXPECT_NE(run({"rmmod", "ext4"}).status, 0) << "it is mounted";
  EXPECT_NE(expect_ringside({"unload", "ext4"}, 1).find("ext4: in use 1 time"), std::string::npos);
  shell("umount /tmp/mnt");
}

TEST_P(Placements, ProvidersInUseStay) {
  expect_ringside({"load", placement(), "ext4"});
  auto jbd2 = loaded_module("jbd2");
  ASSERT_TRUE(jbd2);
  EXPECT_EQ(jbd2->holders, std::vector<std::string>{"ext4"});
  EXPECT_EQ(jbd2->references, 1);
  EXPECT_NE(run({"rmmod", "jbd2"}).status, 0);
  EXPECT_NE(expect_ringside({"unload", "jbd2"}, 1).find("jbd2: in use by ext4"), std::string::npos);
  EXPECT_TRUE(is_loaded("jbd2"));
  expect_ringside({"unload", "jbd2", "ext4"});
  EXPECT_FALSE(is_loaded("jbd2"));
}

TEST_P(Placements, Kvm) {
  NEEDS_MODULE("kvm");
  expect_ringside({"load", placement(), "kvm"});
  EXPECT_TRUE(is_loaded("kvm"));
}

TEST_P(Placements, PerCpuProviders) {
  expect_ringside({"load", placement(), "xt_conntrack"});
  auto tables = loaded_module("x_tables");  // exports a per-CPU symbol
  ASSERT_TRUE(tables);
  EXPECT_EQ(tables->holders, std::vector<std::string>{"xt_conntrack"});
}

TEST_P(Placements, AFailingInitIsUndoneInReverse) {
  NEEDS_MODULE("kvm_intel");
  auto said = expect_ringside({"load", placement(), "kvm_intel"}, 1);
  EXPECT_NE(said.find("kvm_intel: not loaded: Operation not supported"), std::string::npos) << said;
  EXPECT_NE(said.find("the kernel says: "), std::string::npos) << said;
  EXPECT_FALSE(is_loaded("kvm"));
  EXPECT_FALSE(is_loaded("irqbypass"));
}

TEST_P(Placements, ParametersArrive) {
  expect_ringside({"load", placement(), "loop", "max_loop=3"});
  EXPECT_EQ(shell("cat /sys/module/loop/parameters/max_loop"), "3\n");
}

TEST_P(Placements, TheListSaysSo) {
  expect_ringside({"load", placement(), "mbcache"});
  auto list = expect_ringside({"list"});
  EXPECT_NE(list.find(std::string("mbcache")), std::string::npos);
  auto line = list.substr(list.find("\nmbcache ") + 1);
  line.resize(line.find('\n'));
  EXPECT_NE(line.find(GetParam()), std::string::npos) << line;
  EXPECT_EQ(line.find('?'), std::string::npos) << line;
  // A record of another instance is none.
  ASSERT_TRUE(guest::unload("mbcache"));
  ASSERT_EQ(run({"modprobe", "mbcache"}).status, 0);
  auto fresh = expect_ringside({"list", "--json"});
  EXPECT_EQ(fresh.find("\"placement\": \"bind\""), std::string::npos);
}

// The smallest loader: the same modules, by stock's checks alone.
TEST_P(Placements, RingsideInsmodLoadsAClosure) {
  if (std::string(GetParam()) == "bind") GTEST_SKIP() << "ringside-insmod has no index to bind by";
  auto program = (guest::build_folder() / "ringside-insmod").native();
  for (auto module : {"loop max_loop=3", "ext4", "xt-conntrack", "ext4"})
    shell(program + " " + placement() + " " + module);
  EXPECT_EQ(shell("cat /sys/module/loop/parameters/max_loop"), "3\n");
  auto jbd2 = loaded_module("jbd2");
  ASSERT_TRUE(jbd2);
  EXPECT_EQ(jbd2->references, 1);
}

TEST_P(Placements, RingsideInsmodTellsARefusalFromAMissingFile) {
  if (std::string(GetParam()) == "bind") GTEST_SKIP() << "ringside-insmod has no index to bind by";
  auto program = (guest::build_folder() / "ringside-insmod").native();
  EXPECT_EQ(run({program, placement(), "no_such_module"}).status, 2);
  NEEDS_MODULE("kvm_intel");
  EXPECT_EQ(run({program, placement(), "kvm-intel"}).status, 1);
}

// A loader that starts afresh, as after switch_root: no records, and what it needs is loaded.
TEST_P(Placements, AFreshLoaderGoesOn) {
  expect_ringside({"load", placement(), "jbd2", "mbcache", "x_tables"});
  shell("rm -rf /run/ringside");
  expect_ringside({"load", placement(), "ext4", "xt_conntrack"});
  auto jbd2 = loaded_module("jbd2");
  ASSERT_TRUE(jbd2);
  EXPECT_EQ(jbd2->references, 1);
}

// The same with files of no tree, of a module that plain insmod loaded.
TEST_P(Placements, AFreshLoaderGoesOnWithNamedFiles) {
  auto provider = guest::module_file("ringside_provider").native();
  auto subject = guest::module_file("ringside_subject").native();
  ASSERT_EQ(run({"insmod", provider}).status, 0);
  expect_ringside({"load", placement(), subject}, 1);
  expect_ringside({"load", placement(), provider, subject});
  EXPECT_EQ(loaded_module("ringside_provider")->references, 1);
  EXPECT_EQ(run({"rmmod", "ringside_subject", "ringside_provider"}).status, 0);
}

TEST_P(Placements, ATamperedSignatureIsRefused) {
  auto file = unpacked("loop");
  shell("LC_ALL=C sed -i 's/loop: module loaded/loop: module l0aded/' " + file.native());
  auto said = expect_ringside({"load", placement(), file}, 1);
  EXPECT_FALSE(is_loaded("loop")) << said;
}

TEST_P(Placements, AProprietaryModuleGetsNothingGplOnly) {
  auto file = unpacked("loop");
  shell("LC_ALL=C sed -i 's/license=GPL/license=BSD/' " + file.native());
  auto said = expect_ringside({"load", placement(), file}, 1);
  EXPECT_NE(said.find("for GPL modules only"), std::string::npos) << said;
  EXPECT_FALSE(is_loaded("loop"));
}

// Loads `names`, words of sh, each by a loader of its own; all must succeed.
void load_at_once(const std::string& placement, const std::string& names) {
  shell("for name in " + names + "; do ringside load " + placement +
        " $name & jobs=\"$jobs $!\"; done; for job in $jobs; do wait $job || exit 1; done");
}

TEST_P(Placements, TwoLoadersAtOnceBothSucceed) {
  load_at_once(placement(), "ext4 ext4");
  auto jbd2 = loaded_module("jbd2");
  ASSERT_TRUE(jbd2);
  EXPECT_EQ(jbd2->references, 1);
  EXPECT_TRUE(is_loaded("ext4"));
}

// Either may be the one that brings x_tables, whose per-CPU data the other takes, too.
TEST_P(Placements, LoadersAtOnceShareAProvider) {
  load_at_once(placement(), "xt_conntrack ip_tables");
  auto tables = loaded_module("x_tables");
  ASSERT_TRUE(tables);
  EXPECT_EQ(tables->references, 2);
}

}  // namespace
}  // namespace ringside::loader
