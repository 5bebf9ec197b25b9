// The ftrace hook of ringside_loader.ko: when it stands, beside which tracers, and what a kernel
// that is locked down makes of it. HandOverOneWay changes the guest for good: tests/guest/loader
// runs it in one of its own.
#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/mount.h>

#include "tests/guest/loader_fixture.hh"
#include "user/loader/small_file.hh"

namespace ringside::guest {
namespace {

using HandOverHook = LoaderModule;

int write_text(const fs::path& path, std::string_view text) {
  UniqueFd fd(open(path.c_str(), O_WRONLY | O_TRUNC));
  return ::write(fd.get(), text.data(), text.size()) == static_cast<ssize_t>(text.size()) ? 0
                                                                                          : errno;
}

TEST_F(HandOverHook, TheHookStandsOnlyForLoadsThatAreArmed) {
  ASSERT_TRUE(soon([] { return !hook_stands(); }));
  {
    LoaderFile file;
    EXPECT_FALSE(hook_stands());
    ASSERT_EQ(file.arm(RS_LOADER_USER), 0);
    EXPECT_TRUE(hook_stands());
  }  // closed without a load
  EXPECT_TRUE(soon([] { return !hook_stands(); }));
}

TEST_F(HandOverHook, FtraceCannotBeSwitchedOffUnderALoadNorALoadArmedWithoutIt) {
  ASSERT_TRUE(soon([] { return !hook_stands(); }));
  auto switch_ftrace = [](char to) {
    UniqueFd fd(open("/proc/sys/kernel/ftrace_enabled", O_WRONLY));
    return ::write(fd.get(), &to, 1) == 1 ? 0 : errno;
  };
  LoaderFile file;
  ASSERT_EQ(switch_ftrace('0'), 0);
  EXPECT_EQ(file.arm(RS_LOADER_USER), EBUSY);
  ASSERT_EQ(switch_ftrace('1'), 0);
  ASSERT_EQ(file.arm(RS_LOADER_USER), 0);
  EXPECT_EQ(switch_ftrace('0'), EBUSY);
  EXPECT_EQ(file.disarm(), 0);
}

TEST_F(HandOverHook, CannotBeUnloadedWhileALoadIsParked) {
  Parked parked(kSmall);
  EXPECT_EQ(delete_module("ringside_loader"), EWOULDBLOCK);
  EXPECT_EQ(parked.finish(), 0);
  EXPECT_EQ(delete_module(kSmall), 0);
}

// Tracers on the same function: then ftrace calls both by its list, and function_graph has changed
// the return address before the load parks.
TEST_F(HandOverHook, StandsBesideTracersOfTheSameFunction) {
  const fs::path tracing = "/sys/kernel/tracing";
  ASSERT_EQ(write_text(tracing / "set_ftrace_filter", "apply_relocate_add"), 0);
  auto built = loader::read_small(tracing / "available_tracers").value_or("");
  for (std::string tracer : {"function", "function_graph"}) {
    // The kernel of `make kasan` has no function_graph; all have the other.
    if (tracer != "function" && built.find(tracer) == built.npos) continue;
    ASSERT_EQ(write_text(tracing / "current_tracer", tracer), 0);
    for (auto mode : {RS_LOADER_USER, RS_LOADER_SHADOW}) {
      Parked parked(kSmall, mode);
      EXPECT_EQ(mode == RS_LOADER_USER ? parked.finish() : parked.let_go(), 0) << tracer;
      EXPECT_EQ(delete_module(kSmall), 0);
    }
    EXPECT_NE(text_of(tracing / "trace").find("apply_relocate_add"), std::string::npos) << tracer;
  }
  EXPECT_EQ(write_text(tracing / "current_tracer", "nop"), 0);
  EXPECT_EQ(write_text(tracing / "set_ftrace_filter", "\n"), 0);
}

// Its tests run in this order and cannot be repeated: what they set cannot be taken back.
class HandOverOneWay : public ::testing::Test {
 protected:
  static void SetUpTestSuite() { ASSERT_TRUE(load("ringside_loader")); }
};

TEST_F(HandOverOneWay, WhereSignaturesAreEnforcedUserSpaceComputesNoBytes) {
  LoaderFile file;
  ASSERT_EQ(write_text("/sys/module/module/parameters/sig_enforce", "Y"), 0);
  EXPECT_EQ(file.arm(RS_LOADER_USER), EKEYREJECTED);
  Parked parked(kSmall, RS_LOADER_SHADOW);  // its signature is the kernel's builder's
  EXPECT_EQ(parked.let_go(), 0);
  EXPECT_EQ(delete_module(kSmall), 0);
}

TEST_F(HandOverOneWay, WhereModulesAreDisabledNoLoadComesToTheHook) {
  auto module = stock(kSmall);
  ASSERT_EQ(write_text("/proc/sys/kernel/modules_disabled", "1"), 0);
  LoaderFile file;
  ASSERT_EQ(file.arm(RS_LOADER_SHADOW), 0);
  EXPECT_EQ(init_module(module.bytes()), EPERM);
  EXPECT_EQ(file.status().armed, 1u);
}

TEST_F(HandOverOneWay, ALockedDownKernelHandsNothingOver) {
  LoaderFile before;
  ASSERT_EQ(mount("securityfs", "/sys/kernel/security", "securityfs", 0, nullptr), 0);
  ASSERT_EQ(write_text("/sys/kernel/security/lockdown", "integrity"), 0);
  EXPECT_EQ(before.arm(RS_LOADER_SHADOW), EPERM);
  EXPECT_EQ(open(RS_LOADER_DEVICE, O_RDWR), -1);
  EXPECT_EQ(errno, EPERM);
}

}  // namespace
}  // namespace ringside::guest
