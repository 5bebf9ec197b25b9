// The device that a session of ringside_channels.ko has in sysfs: links, text attributes, the
// binary one, and hostile hands.
#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <thread>

#include "core/channel/message.hh"
#include "tests/guest/module.hh"
#include "user/base/unique_fd.hh"
#include "user/channels/channel.hh"

namespace ringside::channels {
namespace {

namespace fs = std::filesystem;

struct SysfsTest : testing::Test {
  static void SetUpTestSuite() { ASSERT_TRUE(guest::load("ringside_channels")); }
  static void TearDownTestSuite() {
    EXPECT_TRUE(guest::unload("ringside_channels"));
    guest::expect_clean_log();
  }
  void SetUp() override { folder_ = make(fd_.get()); }

  static fs::path make(int fd) {
    rs_channel_device device{sizeof device, RS_CHANNEL_VERSION, 0};
    EXPECT_EQ(ioctl(fd, RS_CHANNEL_IOC_DEVICE, &device), 0);
    return fs::path(RS_CHANNEL_CLASS) / ("session" + std::to_string(device.number));
  }
  UniqueFd file(const char* name, int flags = O_RDWR) const {
    return UniqueFd(::open((folder_ / name).c_str(), flags | O_CLOEXEC));
  }
  std::string text(const char* name) const {
    char all[64] = {};
    auto fd = file(name, O_RDONLY);
    return ::read(fd.get(), all, sizeof all - 1) > 0 ? all : "";
  }
  int write_errno(const char* name, std::string_view bytes) const {
    auto fd = file(name, O_WRONLY);
    return ::write(fd.get(), bytes.data(), bytes.size()) < 0 ? errno : 0;
  }
  static std::string echo(std::uint32_t length, std::size_t bytes) {
    rs_message header{length, RS_MESSAGE_ECHO, 0, 9};
    std::string message(std::max(bytes, sizeof header), 'x');
    std::memcpy(message.data(), &header, sizeof header);
    return message.substr(0, bytes);
  }

  UniqueFd fd_{::open(RS_CHANNEL_DEVICE, O_RDWR | O_CLOEXEC)};
  fs::path folder_;
};

TEST_F(SysfsTest, ClassBusAndDeviceAreLinked) {
  auto device = fs::canonical(folder_);
  EXPECT_EQ(fs::canonical(folder_ / "subsystem"), "/sys/class/ringside-channel");
  EXPECT_EQ(fs::canonical(folder_ / "device"), "/sys/devices/ringside-channels");
  EXPECT_EQ(fs::canonical("/sys/bus/ringside/devices/ringside-channels"),
            "/sys/devices/ringside-channels");
  EXPECT_EQ(device.parent_path(), "/sys/devices/ringside-channels/ringside-channel");
  rs_channel_device again{sizeof again, RS_CHANNEL_VERSION, 0};
  EXPECT_EQ(ioctl(fd_.get(), RS_CHANNEL_IOC_DEVICE, &again), -1);
  EXPECT_EQ(errno, EBUSY);
}

TEST_F(SysfsTest, TextIsOneValue) {
  EXPECT_EQ(text("length"), "0\n");
  EXPECT_EQ(write_errno("length", "100\n"), 0);
  EXPECT_EQ(write_errno("checked", "1"), 0);
  EXPECT_EQ(text("length") + text("checked"), "100\n1\n");
  for (auto wrong : {"\n", "x", "1 2", "-1", "1048577", "4294967296", "1x"}) {
    EXPECT_NE(write_errno("length", wrong), 0) << wrong;
  }
  EXPECT_EQ(write_errno("checked", "2"), EINVAL);
  EXPECT_EQ(write_errno("length", std::string(5000, '1')), ERANGE);
  EXPECT_EQ(text("length") + text("checked"), "100\n1\n");
  for (auto only : {"messages", "bytes", "wrong", "missing", "repeated", "events"})
    EXPECT_EQ(text(only), "0\n") << only;
}

TEST_F(SysfsTest, MessagesThatLie) {
  EXPECT_EQ(write_errno("message", echo(4080, 4096)), 0) << "a page";
  EXPECT_EQ(write_errno("message", echo(4081, 4097)), EBADMSG) << "kernfs takes a page of it";
  for (std::size_t bytes = 1; bytes < 16; ++bytes)
    EXPECT_EQ(write_errno("message", echo(0, bytes)), EBADMSG) << bytes;
  EXPECT_EQ(write_errno("message", echo(7, 16)), EBADMSG);
  EXPECT_EQ(write_errno("message", echo(7, 24)), EBADMSG);
  EXPECT_EQ(write_errno("message", echo(~0u, 16)), EBADMSG);
  auto message = file("message");
  std::byte reply[4096];
  EXPECT_EQ(::read(message.get(), reply, 100), -1);
  EXPECT_EQ(errno, EMSGSIZE);
  EXPECT_EQ(::pread(message.get(), reply, sizeof reply, 12345), 4096) << "wherever it is read";
  EXPECT_EQ(::read(message.get(), reply, 16), 16) << "the next is DATA";
  void* none = mmap(nullptr, 4096, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  EXPECT_EQ(::write(message.get(), none, 16), -1);
  EXPECT_EQ(errno, EFAULT);
  EXPECT_EQ(::read(message.get(), none, 16), -1);
  EXPECT_EQ(errno, EFAULT);
  munmap(none, 4096);
}

// Two descriptors are one session: that is what the file says, and no more.
TEST_F(SysfsTest, WhoOpensItSharesTheSession) {
  auto one = file("message"), other = file("message");
  auto message = echo(8, 24);
  ASSERT_EQ(::write(one.get(), message.data(), message.size()), 24);
  char reply[24];
  ASSERT_EQ(::read(other.get(), reply, sizeof reply), 24);
  EXPECT_EQ(std::memcmp(reply + 8, message.data() + 8, 16), 0);
}

TEST_F(SysfsTest, TheDeviceGoesWithItsSession) {
  auto message = file("message");
  auto events = file("events", O_RDONLY);
  fd_.reset();
  EXPECT_FALSE(fs::exists(folder_));
  char reply[64];
  EXPECT_EQ(::read(message.get(), reply, sizeof reply), -1);
  EXPECT_EQ(errno, ENODEV);
  EXPECT_EQ(::read(events.get(), reply, sizeof reply), -1);
  EXPECT_EQ(errno, ENODEV);
}

// Closed, and events still to come, while others read and write its attributes.
TEST_F(SysfsTest, TheEndWhileItIsUsed) {
  for (unsigned round = 0; round < 50; ++round) {
    fd_ = UniqueFd(::open(RS_CHANNEL_DEVICE, O_RDWR | O_CLOEXEC));
    folder_ = make(fd_.get());
    auto message = file("message");
    std::vector<std::thread> users;
    for (unsigned user = 0; user < 3; ++user)
      users.emplace_back([&] {
        auto bytes = echo(100, 116);
        char reply[4096];
        while (::write(message.get(), bytes.data(), bytes.size()) > 0 &&
               ::read(message.get(), reply, sizeof reply) > 0 && text("events") != "" &&
               write_errno("length", "50") == 0)
          continue;
      });
    for (unsigned each = 0; each < 20; ++each) {
      rs_channel_notify notify{sizeof notify, RS_CHANNEL_VERSION, each * 10, -1, 0};
      ioctl(fd_.get(), RS_CHANNEL_IOC_NOTIFY, &notify);
    }
    usleep(round * 100);
    fd_.reset();
    for (auto& user : users) user.join();
  }
}

TEST_F(SysfsTest, OthersGetWhatFileModesGrant) {
  pid_t child = fork();
  if (child == 0) {
    if (setgid(65534) != 0 || setuid(65534) != 0) _exit(2);
    bool denied = true;
    for (auto name : {"message", "length", "checked", "events", "messages"})
      denied &= !file(name, O_RDONLY) && errno == EACCES;
    _exit(denied ? 0 : 1);
  }
  int status = 0;
  waitpid(child, &status, 0);
  EXPECT_TRUE(WIFEXITED(status) && WEXITSTATUS(status) == 0) << status;
}

}  // namespace
}  // namespace ringside::channels
