// ringside_channels_syscall.ko: a system call of our own, under hostile hands; others go on, and it
// comes and goes while they do.
#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/ioctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <csignal>
#include <cstring>
#include <fstream>
#include <thread>

#include "tests/guest/module.hh"
#include "user/base/unique_fd.hh"
#include "user/channels/channel.hh"

namespace ringside::channels {
namespace {

constexpr auto kModule = "ringside_channels_syscall";

long enter(long fd, unsigned long operation, const void* message, unsigned long bytes, void* reply,
           unsigned long room) {
  return syscall(RS_CHANNEL_SYSCALL, fd, operation, message, bytes, reply, room);
}
// The errno of a call, 0 where it succeeds.
int entered(long fd, unsigned long operation, const void* message, unsigned long bytes, void* reply,
            unsigned long room) {
  return enter(fd, operation, message, bytes, reply, room) < 0 ? errno : 0;
}

struct SyscallTest : testing::Test {
  static void SetUpTestSuite() { ASSERT_TRUE(guest::load("ringside_channels")); }
  static void TearDownTestSuite() {
    EXPECT_TRUE(guest::unload("ringside_channels"));
    guest::expect_clean_log();
  }
  void SetUp() override { ASSERT_TRUE(guest::load(kModule)); }
  void TearDown() override { EXPECT_TRUE(guest::unload(kModule)); }

  // QEMU's TCG goes on, at times, executing a breakpoint that the kernel has put into its text and
  // taken away again, where another CPU runs into it meanwhile: both spin for ever (seen on 6.1).
  guest::OnOneCpu cpu_{0};
  UniqueFd fd_{::open(RS_CHANNEL_DEVICE, O_RDWR | O_CLOEXEC)};
  rs_message echo_{8, RS_MESSAGE_ECHO, 0, 3};
  std::byte reply_[4096] = {};
};

TEST_F(SyscallTest, ArgumentsThatCannotBe) {
  struct {
    rs_message head{8, RS_MESSAGE_ECHO, 0, 3};
    char payload[8] = "seven..";
  } good;
  EXPECT_EQ(enter(fd_.get(), RS_CHANNEL_SEND, &good, 24, reply_, sizeof reply_), 24);
  EXPECT_EQ(std::memcmp(reply_ + 16, good.payload, 8), 0);
  for (long fd : {-1l, 1000l, -100l}) EXPECT_EQ(entered(fd, 0, &good, 24, reply_, 64), EBADF) << fd;
  for (const char* other : {"/dev/null", RS_CHANNEL_PROC, "/"}) {
    UniqueFd file(::open(other, O_RDONLY));
    EXPECT_EQ(entered(file.get(), 0, &good, 24, reply_, 64), ENOTTY) << other;
  }
  UniqueFd path(::open(RS_CHANNEL_DEVICE, O_PATH));
  EXPECT_EQ(entered(path.get(), 0, &good, 24, reply_, 64), EBADF);
  for (unsigned long operation : {2ul, ~0ul, 1ul << 32})
    EXPECT_EQ(entered(fd_.get(), operation, &good, 24, reply_, 64), EINVAL) << operation;
  EXPECT_EQ(entered(fd_.get(), RS_CHANNEL_RECEIVE, &good, 0, reply_, 64), EINVAL);
  EXPECT_EQ(entered(fd_.get(), RS_CHANNEL_RECEIVE, nullptr, 1, reply_, 64), EINVAL);
}

TEST_F(SyscallTest, LengthsAndPagesThatCannotBe) {
  auto send = [&](const void* message, unsigned long bytes, void* reply, unsigned long room) {
    return entered(fd_.get(), RS_CHANNEL_SEND, message, bytes, reply, room);
  };
  for (unsigned long bytes : {RS_CHANNEL_PAYLOAD_MAX + 17ul, 1ul << 32, (1ul << 32) + 24, ~0ul})
    EXPECT_EQ(send(&echo_, bytes, reply_, 64), EMSGSIZE) << bytes;
  for (unsigned long bytes : {0ul, 1ul, 15ul, 16ul})
    EXPECT_EQ(send(&echo_, bytes, reply_, 64), EBADMSG) << bytes;
  rs_message empty{0, RS_MESSAGE_ECHO, 0, 3};
  EXPECT_EQ(send(&empty, 16, reply_, 15), EMSGSIZE);
  EXPECT_EQ(send(&empty, 16, reply_, ~0ul), 0);
  EXPECT_EQ(send(nullptr, 16, reply_, 64), EFAULT);
  EXPECT_EQ(send(&empty, 16, nullptr, 64), EFAULT);
  auto kernel = reinterpret_cast<void*>(0xffffffff81000000ul);
  EXPECT_EQ(send(kernel, 16, reply_, 64), EFAULT);
  EXPECT_EQ(send(&empty, 16, kernel, 64), EFAULT);
  EXPECT_EQ(entered(fd_.get(), RS_CHANNEL_RECEIVE, nullptr, 0, kernel, 64), EFAULT);
  EXPECT_EQ(entered(fd_.get(), RS_CHANNEL_RECEIVE, nullptr, 0, reply_, 15), EMSGSIZE);
  EXPECT_EQ(enter(fd_.get(), RS_CHANNEL_RECEIVE, nullptr, 0, reply_, ~0ul), 16);
}

TEST_F(SyscallTest, OtherNumbersGoOn) {
  for (long hole : {399l, 401l, 336l, 1000l, -1l}) {
    EXPECT_EQ(syscall(hole, 0, 0, 0, 0, 0, 0), -1) << hole;
    EXPECT_EQ(errno, ENOSYS) << hole;
  }
  EXPECT_EQ(syscall(SYS_getpid), getpid());
  std::ofstream enabled("/proc/sys/kernel/ftrace_enabled");
  enabled << "0" << std::flush;
  EXPECT_FALSE(enabled) << "hooked, for good";
}

TEST_F(SyscallTest, WithoutTheModuleThereIsNone) {
  ASSERT_TRUE(guest::unload(kModule));
  EXPECT_EQ(entered(fd_.get(), 0, &echo_, 16, reply_, 64), ENOSYS);
  auto channel = open("syscall");
  ASSERT_FALSE(channel);
  EXPECT_NE(channel.error().message.find("ringside_channels_syscall.ko"), std::string::npos);
  ASSERT_TRUE(guest::load(kModule));
}

// A child that does not end by itself: what it calls takes for ever, or sleeps behind such a call.
template <class Call>
pid_t child_that(Call call) {
  pid_t child = fork();
  if (child != 0) return child;
  call();
  _exit(1);
}
// The number of the system call that a process sleeps in; -1 while it runs.
long sleeps_in(pid_t process) {
  long number = -1;
  std::ifstream("/proc/" + std::to_string(process) + "/syscall") >> number;
  return number;
}
bool killed(pid_t child) {
  int status = 0;
  kill(child, SIGKILL);
  return waitpid(child, &status, 0) == child && WIFSIGNALED(status);
}

TEST_F(SyscallTest, WhoSleepsInItHoldsTheModuleAndCanBeKilled) {
  int device = fd_.get();
  pid_t busy = child_that([&] {  // with the session's lock
    rs_channel_produce produce{
        sizeof produce, RS_CHANNEL_VERSION, RS_CHANNEL_WAY_TRACEPOINT, ~0u, 0, 0};
    ioctl(device, RS_CHANNEL_IOC_PRODUCE, &produce);
  });
  usleep(200'000);
  pid_t sleeper = child_that([&] {
    rs_message empty{0, RS_MESSAGE_ECHO, 0, 3};
    enter(device, RS_CHANNEL_SEND, &empty, 16, reply_, sizeof reply_);
  });
  EXPECT_TRUE(guest::soon([&] { return sleeps_in(sleeper) == RS_CHANNEL_SYSCALL; }));
  EXPECT_FALSE(guest::unload(kModule));
  EXPECT_TRUE(killed(sleeper));
  EXPECT_TRUE(killed(busy));
}

TEST_F(SyscallTest, ItComesAndGoesWhileItIsCalled) {
  std::atomic<bool> done = false;
  std::vector<std::thread> callers;
  for (int caller = 0; caller < 3; ++caller)
    callers.emplace_back([&] {
      rs_message empty{0, RS_MESSAGE_ECHO, 0, 3};
      std::byte reply[64];
      for (unsigned turn = 1; !done; ++turn) {
        if (turn % 32 == 0) usleep(2000);  // else it is always in use
        auto got = enter(fd_.get(), RS_CHANNEL_SEND, &empty, 16, reply, sizeof reply);
        EXPECT_TRUE(got == 16 || (got < 0 && errno == ENOSYS)) << got << " " << errno;
      }
    });
  int gone = 0;
  for (int round = 0; round < 100 && gone < 5; ++round) {
    if (!guest::unload(kModule)) continue;  // in use just then
    ++gone;
    ASSERT_TRUE(guest::load(kModule));
  }
  done = true;
  for (auto& caller : callers) caller.join();
  EXPECT_EQ(gone, 5);
}

}  // namespace
}  // namespace ringside::channels
