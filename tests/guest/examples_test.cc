// examples/drivers: what docs/channels-guide.md shows loads, does what it says, and goes again.
#include <fcntl.h>
#include <gtest/gtest.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cstdint>

#include "tests/guest/module.hh"
#include "user/base/unique_fd.hh"

namespace ringside {
namespace {

struct ChannelExampleTest : testing::Test {
  static void TearDownTestSuite() { guest::expect_clean_log(); }
  void load(const std::string& name) {
    ASSERT_TRUE(guest::load("example_" + name)) << "make tests builds examples/drivers";
    name_ = "example_" + name;
  }
  void TearDown() override {
    if (name_.empty()) return;
    EXPECT_TRUE(guest::soon([&] { return guest::unload(name_); }));  // firmware: after its answer
  }
  static std::string text_of(const std::string& path) {
    std::ifstream file(path);
    return {std::istreambuf_iterator<char>(file), {}};
  }
  std::string name_;
};

TEST_F(ChannelExampleTest, Ioctl) {
  ASSERT_NO_FATAL_FAILURE(load("ioctl"));
  UniqueFd fd(open("/dev/example", O_RDWR));
  ASSERT_TRUE(fd);
  struct {
    std::uint64_t value;
    std::uint32_t flags, reserved;
  } call{21, 0, 0};
  EXPECT_EQ(ioctl(fd.get(), _IOC(_IOC_READ | _IOC_WRITE, 'X', 1, 16), &call), 0);
  EXPECT_EQ(call.value, 42u);
  call.flags = 1;
  EXPECT_EQ(ioctl(fd.get(), _IOC(_IOC_READ | _IOC_WRITE, 'X', 1, 16), &call), -1);
}

TEST_F(ChannelExampleTest, Procfs) {
  ASSERT_NO_FATAL_FAILURE(load("procfs"));
  auto text = text_of("/proc/example");
  EXPECT_EQ(text.find("line 0\nline 1\n"), 0u);
  EXPECT_EQ(text.substr(text.size() - 9), "line 999\n");
}

TEST_F(ChannelExampleTest, Debugfs) {
  ASSERT_NO_FATAL_FAILURE(load("debugfs"));
  std::ofstream("/sys/kernel/debug/example/level") << 7;
  EXPECT_EQ(text_of("/sys/kernel/debug/example/state"), "level 7\n");
}

TEST_F(ChannelExampleTest, Sysfs) {
  ASSERT_NO_FATAL_FAILURE(load("sysfs"));
  const char* path = "/sys/class/misc/example-sysfs/level";
  std::ofstream(path) << "0x10";
  EXPECT_EQ(text_of(path), "16\n");
}

TEST_F(ChannelExampleTest, Ring) {
  ASSERT_NO_FATAL_FAILURE(load("ring"));
  UniqueFd fd(open("/dev/example-ring", O_RDWR));
  auto* memory = static_cast<std::uint64_t*>(
      mmap(nullptr, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, fd.get(), 0));
  ASSERT_NE(memory, MAP_FAILED);
  memory[16] = 5, memory[17] = 6;
  __atomic_store_n(&memory[0], 2, __ATOMIC_RELEASE);
  EXPECT_EQ(ioctl(fd.get(), _IO('X', 2)), 0);
  EXPECT_EQ(__atomic_load_n(&memory[8], __ATOMIC_ACQUIRE), 2u);
  memory[0] = 1;
  EXPECT_EQ(ioctl(fd.get(), _IO('X', 2)), -1) << "a position that goes back";
  munmap(memory, 4096);
}

TEST_F(ChannelExampleTest, Eventfd) {
  ASSERT_NO_FATAL_FAILURE(load("eventfd"));
  UniqueFd fd(open("/dev/example-eventfd", O_RDWR)), event(eventfd(0, EFD_CLOEXEC));
  EXPECT_EQ(ioctl(fd.get(), _IO('X', 4), event.get()), 0);
  EXPECT_EQ(ioctl(fd.get(), _IO('X', 4), event.get()), -1) << "once";
  pollfd wanted{event.get(), POLLIN, 0};
  EXPECT_EQ(poll(&wanted, 1, 20'000), 1);
}

TEST_F(ChannelExampleTest, Relay) {
  ASSERT_NO_FATAL_FAILURE(load("relay"));
  EXPECT_TRUE(std::filesystem::exists("/sys/kernel/debug/example-relay/cpu0"));
  usleep(300'000);  // some records
}

TEST_F(ChannelExampleTest, OthersComeAndGo) {
  for (const char* name : {"netlink", "uring", "bpf"}) {
    ASSERT_NO_FATAL_FAILURE(load(name));
    usleep(200'000);
    EXPECT_TRUE(guest::unload(name_)) << name;
  }
  load("firmware");
}

}  // namespace
}  // namespace ringside
