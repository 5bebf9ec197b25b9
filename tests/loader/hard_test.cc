// The hard cases by name, with modules of ours (tests/lab/hard): what kernels patch and register by
// tables in a module's file works in every placement; inits that fail, or whose loader is killed,
// end alike; livepatches are stock's. Stock is one of the placements: what is expected is what it
// does. (ext4, kvm and signatures: placement_test.cc.)
#include "tests/loader/commands.hh"
#include "user/loader/small_file.hh"

namespace ringside::loader {
namespace {

const std::string kModule = "/sys/module/ringside_hard/";
const std::string kInit = "/sys/module/ringside_hard_init/";
const std::string kTracing = "/sys/kernel/tracing/";
const std::string kPatch = "/sys/kernel/livepatch/ringside_hard_patch/";

std::string read(const std::string& file) {
  return shell("cat " + kModule + "parameters/" + file);
}

void write(const std::string& file, const std::string& text) {
  shell("echo " + text + " >" + kModule + "parameters/" + file);
}

long references() {
  auto module = loaded_module("ringside_hard");
  return module ? module->references : -1;
}

class Hard : public LoaderTest, public ::testing::WithParamInterface<const char*> {
 protected:
  static void SetUpTestSuite() { ASSERT_TRUE(guest::load("ringside_loader")); }
  static void TearDownTestSuite() { EXPECT_TRUE(guest::unload("ringside_loader")); }

  // The command line that loads a module of ours in the placement at hand.
  static std::vector<std::string> words_for(const std::string& name,
                                            const std::vector<std::string>& parameters = {}) {
    std::vector<std::string> words = {"load", std::string("--placement=") + GetParam(),
                                      guest::module_file(name)};
    words.insert(words.end(), parameters.begin(), parameters.end());
    return words;
  }
  void SetUp() override {
    LoaderTest::SetUp();
    expect_ringside(words_for("ringside_hard"));
    ASSERT_TRUE(is_loaded("ringside_hard"));
    shell("dmesg -C");
  }
  void TearDown() override {
    auto log = shell("dmesg");
    for (auto word : {"WARNING:", "BUG:", "Oops"}) EXPECT_EQ(log.find(word), log.npos) << log;
    LoaderTest::TearDown();
  }
};

INSTANTIATE_TEST_SUITE_P(, Hard, ::testing::Values("stock", "bind", "user", "kernel"),
                         [](const auto& info) { return std::string(info.param); });

// The image is what the file says, and every CPU has a copy of its own.
void expect_data_of_each_cpu() {
  auto cpus = std::stoi(shell("nproc"));
  ASSERT_GE(cpus, 2) << "the guest is to have two CPUs";
  std::string before, after;
  for (int cpu = 0; cpu < cpus; ++cpu) before += "100\n", after += std::to_string(101 + cpu) + "\n";
  EXPECT_EQ(read("steps"), before);
  shell("for cpu in $(seq 0 " + std::to_string(cpus - 1) + "); do taskset -c $cpu sh -c \"echo " +
        "$((cpu + 1)) >" + kModule + "parameters/step\"; done");
  EXPECT_EQ(read("steps"), after);
  EXPECT_EQ(read("step"), std::to_string(2 * cpus) + "\n");
}

void expect_faults_fixed_up() {
  EXPECT_TRUE(std::filesystem::exists(kModule + "sections/__ex_table"));
  EXPECT_EQ(read("fault"), "-14\n");
}

void expect_tracepoint() {
  auto event = kTracing + "events/ringside_hard/ringside_hard_step/enable";
  shell("echo >" + kTracing + "trace; echo 1 >" + event);
  write("step", "41");
  shell("echo 0 >" + event);
  write("step", "42");
  auto trace = shell("cat " + kTracing + "trace");
  EXPECT_NE(trace.find("ringside_hard_step: value=41"), trace.npos) << trace;
  EXPECT_EQ(trace.find("value=42"), trace.npos) << trace;
}

void expect_static_key() {
  for (int round = 0; round < 2; ++round) {
    EXPECT_EQ(read("branch"), "passed\n");
    write("branch", "1");
    EXPECT_EQ(read("branch"), "taken\n");
    write("branch", "0");
  }
  EXPECT_EQ(read("branch"), "passed\n");
}

void expect_ftrace() {
  auto in_tracing = "cd " + kTracing + " && ";
  shell(in_tracing + "grep -q '^ringside_hard_step ' available_filter_functions");
  shell(in_tracing + "echo ringside_hard_step >set_ftrace_filter && echo >trace && " +
        "echo function >current_tracer");
  write("step", "1");
  auto trace = shell(in_tracing + "cat trace");
  shell(in_tracing + "echo nop >current_tracer && echo >set_ftrace_filter");
  EXPECT_NE(trace.find(": ringside_hard_step <-set_step"), trace.npos) << trace;
}

TEST_P(Hard, WhatKernelsPatchAndRegisterWorks) {
  expect_data_of_each_cpu();
  expect_faults_fixed_up();
  expect_tracepoint();
  expect_static_key();
  expect_ftrace();
  expect_ringside(words_for("ringside_hard_closed"));
  auto closed = loaded_module("ringside_hard_closed");
  ASSERT_TRUE(closed);
  EXPECT_EQ(closed->taints, "POE");
  EXPECT_EQ(references(), 1);
}

TEST_P(Hard, AnInitThatFailsLeavesNothing) {
  auto said = expect_ringside(words_for("ringside_hard_init", {"fail=6"}), 1);
  EXPECT_NE(said.find("ringside_hard_init: not loaded: No such device or address"), said.npos)
      << said;
  EXPECT_NE(read("steps").find("101\n"), std::string::npos) << "its init has not run";
  EXPECT_FALSE(std::filesystem::exists(kInit));
  EXPECT_EQ(references(), 0);
}

TEST_P(Hard, AnInitThatWaitsIsKilledWithItsLoader) {
  Started loader(words_for("ringside_hard_init", {"wait=killable"}));
  EXPECT_TRUE(soon([] { return read_word(kInit + "initstate") == "coming"; }));
  EXPECT_EQ(references(), 1);
  loader.kill();
  EXPECT_EQ(loader.signal(), SIGKILL);
  EXPECT_FALSE(std::filesystem::exists(kInit));
  EXPECT_EQ(references(), 0);
}

// The kernel goes on, and the module is there although its loader is not.
TEST_P(Hard, AnInitThatDoesNotListenOutlivesItsLoader) {
  Started loader(words_for("ringside_hard_init", {"wait=deaf"}));
  EXPECT_TRUE(soon([] { return read_word(kInit + "initstate") == "coming"; }));
  loader.kill();
  EXPECT_NE(run({"rmmod", "ringside_hard_init"}).status, 0);
  EXPECT_TRUE(loader.runs());
  EXPECT_EQ(read_word(kInit + "initstate"), "coming");
  shell("echo 1 >" + kInit + "parameters/go");
  EXPECT_EQ(loader.signal(), SIGKILL);
  EXPECT_EQ(read_word(kInit + "initstate"), "live");
  EXPECT_EQ(references(), 1);
  EXPECT_NE(run({"rmmod", "ringside_hard"}).status, 0);
}

// A livepatch is stock's, and that is said before the kernel is asked; it patches what we loaded.
TEST_P(Hard, LivepatchesAreLeftToStockAndWorkOnOurModules) {
  if (!std::filesystem::exists("/sys/kernel/livepatch")) GTEST_SKIP() << "no CONFIG_LIVEPATCH";
  if (GetParam() != std::string("stock")) {
    auto said = expect_ringside(words_for("ringside_hard_patch"), 2);
    EXPECT_EQ(std::count(said.begin(), said.end(), '\n'), 1) << said;
    EXPECT_NE(said.find("ringside_hard_patch: livepatch module"), said.npos) << said;
    EXPECT_EQ(shell("dmesg").find("ringside_hard_patch"), std::string::npos);
  } else {
    expect_ringside({"load", "--shadow", guest::module_file("ringside_hard_patch").native()}, 2);
  }
  ASSERT_TRUE(guest::load("ringside_hard_patch"));
  EXPECT_TRUE(soon([] { return read_word(kPatch + "transition") == "0"; }));
  write("step", "4");
  EXPECT_EQ(read("step"), "7\n");
  shell("echo 0 >" + kPatch + "enabled");
  EXPECT_TRUE(soon([] { return !std::filesystem::exists(kPatch); }));
  write("step", "4");
  EXPECT_EQ(read("step"), "8\n");
}

}  // namespace
}  // namespace ringside::loader
