// The rules of loading that are the same for every placement: configuration, builds that differ,
// rehearsals, and what nobody allows any more. Enforced takes the right to load unsigned modules
// from this kernel for good: tests/guest/loader runs it after all others.
#include <nlohmann/json.hpp>

#include "tests/loader/planned.hh"

namespace ringside::loader {
namespace {

using nlohmann::json;

class Rules : public LoaderTest {};

TEST_F(Rules, OptionsAndInstallOfTheConfiguration) {
  shell(
      "mkdir -p /etc/modprobe.d && printf 'options loop max_loop=5\\nblacklist loop\\n"
      "install mbcache /bin/false\\n' >/etc/modprobe.d/ringside-test.conf");
  auto said = expect_ringside({"load", "loop", "hw_queue_depth=64"});
  EXPECT_NE(said.find("loop: blacklisted"), std::string::npos) << said;
  EXPECT_EQ(shell("cat /sys/module/loop/parameters/max_loop"), "5\n");
  said = expect_ringside({"load", "mbcache"}, 1);
  EXPECT_NE(said.find("/bin/false"), std::string::npos) << said;
  expect_ringside({"load", unpacked("mbcache")});
  EXPECT_TRUE(is_loaded("mbcache"));
  shell("rm /etc/modprobe.d/ringside-test.conf");
}

TEST_F(Rules, WhatIsLoadedIsLeftAlone) {
  expect_ringside({"load", "loop"});
  EXPECT_NE(expect_ringside({"load", "loop"}).find("loop: loaded already"), std::string::npos);
}

TEST_F(Rules, ARehearsalAsksTheKernelForNothing) {
  auto said = expect_ringside({"load", "--dry-run", "--placement=bind", "ext4"});
  EXPECT_NE(said.find("ext4: symbols bound here: "), std::string::npos) << said;
  EXPECT_NE(said.find("left to the kernel: 3 to count references"), std::string::npos) << said;
  EXPECT_NE(said.find("ext4: taints: E (unsigned)"), std::string::npos) << said;
  EXPECT_FALSE(is_loaded("crc16"));
}

// mbcache from a file whose build-id is another one: its addresses are not those of the tree's.
TEST_F(Rules, ExportsOfAnotherBuildAreNotBound) {
  auto file = unpacked("mbcache");
  shell("objcopy --dump-section .note.gnu.build-id=/tmp/note " + file.native() +
        " /dev/null 2>/dev/null; printf 'XXXX' | dd of=/tmp/note bs=1 seek=16 conv=notrunc 2>&1;"
        "objcopy --update-section .note.gnu.build-id=/tmp/note " +
        file.native());
  ASSERT_EQ(run({"insmod", file}).status, 0);
  auto said = expect_ringside({"load", "--placement=bind", "ext4"}, 1);
  EXPECT_NE(said.find("mbcache is loaded from another build"), std::string::npos) << said;
  EXPECT_FALSE(is_loaded("ext4"));
  EXPECT_FALSE(is_loaded("jbd2"));
}

// All that the addresses of symbols follow from; AListAsInputTellsEveryAddress has them used.
TEST_F(Rules, TheListTellsEveryAddress) {
  expect_ringside({"load", "ext4", "xt_conntrack"});
  auto list = json::parse(ringside({"list", "--json"}).out, nullptr, false);
  ASSERT_TRUE(list.is_object());
  EXPECT_EQ(list["kernel"]["release"], guest::release());
  int described = 0;
  for (const auto& module : list["modules"]) {
    auto name = module["name"].get<std::string>();
    EXPECT_FALSE(module["file"].is_null()) << name;
    EXPECT_FALSE(module["sections"].empty()) << name;
    EXPECT_FALSE(module["regions"].empty()) << name;
    bool percpu = module["per-cpu"]["bytes"] != 0;
    EXPECT_EQ(module["per-cpu"]["address"].is_null(), !percpu) << name;
    ++described;
  }
  EXPECT_GT(described, 10);
}

class Listed : public PlannedTest {};

// Where per-CPU data lie sysfs does not tell, but the list does: with it nothing is left to the
// kernel, and the hand-over compares all that is not.
TEST_F(Listed, PerCpuExportsAreBound) {
  ASSERT_TRUE(guest::load("ringside_loader"));
  expect_ringside({"load", "x_tables"});
  shell("ringside list --json >/tmp/list.json");
  for (const char* list : {"", "/tmp/list.json"}) {
    Options options{.placement = Placement::kUser, .list = list};
    auto plan = plan_of("ip_tables", options);
    auto loader = Loader::create(*kernel_, options);
    ASSERT_TRUE(loader) << loader.error().message;
    auto done = (*loader)->run(plan);
    ASSERT_TRUE(done) << done.error().message;
    EXPECT_EQ(done->back().step->name, "ip_tables");
    EXPECT_EQ(done->back().left, *list ? 0u : 1u) << "xt_recseq";
    expect_ringside({"unload", "ip_tables"});
  }
}

// The list, carried along in a file, says what sysfs does.
TEST_F(Rules, AListAsInputTellsEveryAddress) {
  expect_ringside({"load", "jbd2", "mbcache", "x_tables"});
  shell("ringside list --json >/tmp/list.json && rm -rf /run/ringside");
  expect_ringside({"load", "--list", "/tmp/list.json", "--placement=bind", "ext4", "xt_conntrack"});
  EXPECT_EQ(loaded_module("jbd2")->references, 1);
  shell("rmmod ext4 && rmmod jbd2 && modprobe jbd2");
  auto said = expect_ringside({"load", "--list", "/tmp/list.json", "--placement=bind", "ext4"}, 1);
  EXPECT_NE(said.find("jbd2: loaded again since the list was made"), std::string::npos) << said;
  EXPECT_FALSE(is_loaded("ext4"));
  shell("sed 's/\"build-id\": \"[0-9a-f]*/&0/' /tmp/list.json >/tmp/other.json");
  said = expect_ringside({"load", "--list", "/tmp/other.json", "--placement=bind", "ext4"}, 2);
  EXPECT_NE(said.find("a list of another kernel"), std::string::npos) << said;
  shell("echo '{}' >/tmp/other.json");
  said = expect_ringside({"load", "--list", "/tmp/other.json", "--placement=bind", "ext4"}, 2);
  EXPECT_NE(said.find("not what ringside list --json prints"), std::string::npos) << said;
}

TEST_F(Rules, UsageAndUnknownNames) {
  expect_ringside({"load", "a=1"}, 64);
  expect_ringside({"load", "no_such_module"}, 2);
  expect_ringside({"load", "--shadow", "--placement=bind", "loop"}, 64);
  expect_ringside({"unload", "no_such_module"}, 1);
  EXPECT_NE(expect_ringside({"load", "serio"}).find("built into this kernel"), std::string::npos);
}

class Enforced : public LoaderTest {};

TEST_F(Enforced, SignaturesAreNotGivenUp) {
  shell("echo 1 >/sys/module/module/parameters/sig_enforce");
  for (auto placement : {"--placement=bind", "--placement=user"}) {
    auto said = expect_ringside({"load", placement, "loop"}, 1);
    EXPECT_NE(said.find("module.sig_enforce is set"), std::string::npos) << said;
  }
  expect_ringside({"load", "loop"});
  EXPECT_TRUE(is_loaded("loop"));
}

}  // namespace
}  // namespace ringside::loader
