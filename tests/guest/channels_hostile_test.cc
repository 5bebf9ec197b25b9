// ringside_channels.ko under hostile hands: every entry with lengths, pointers, types and shared
// memory that cannot be. Each gives an error and nothing else, and the service goes on.
#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <csignal>
#include <cstring>
#include <random>
#include <thread>

#include "core/channel/message.hh"
#include "tests/guest/module.hh"
#include "user/base/unique_fd.hh"
#include "user/channels/channel.hh"

namespace ringside::channels {
namespace {

struct HostileChannelTest : testing::Test {
  static void SetUpTestSuite() { ASSERT_TRUE(guest::load("ringside_channels")); }
  static void TearDownTestSuite() {
    EXPECT_TRUE(guest::unload("ringside_channels"));
    guest::expect_clean_log();
  }

  template <class Call>
  int call_errno(unsigned long command, Call call) {
    return ioctl(fd_.get(), command, &call) == 0 ? 0 : errno;
  }
  template <class Call>
  static Call of() {
    Call call{};
    call.size = sizeof(Call), call.version = RS_CHANNEL_VERSION;
    return call;
  }
  rs_channel_send send_of(const void* message, std::uint32_t bytes) {
    auto send = of<rs_channel_send>();
    send.message = reinterpret_cast<std::uintptr_t>(message), send.bytes = bytes;
    send.reply = reinterpret_cast<std::uintptr_t>(reply_), send.room = sizeof reply_;
    return send;
  }
  // What the kernel says of a message that lies.
  int told(rs_message header, std::uint32_t bytes) {
    std::vector<std::byte> message(std::max<std::size_t>(bytes, sizeof header));
    std::memcpy(message.data(), &header, sizeof header);
    return call_errno(RS_CHANNEL_IOC_SEND, send_of(message.data(), bytes));
  }

  UniqueFd fd_{::open(RS_CHANNEL_DEVICE, O_RDWR | O_CLOEXEC)};
  std::byte reply_[4096];
};

TEST_F(HostileChannelTest, SizesVersionsAndReservedBytes) {
  rs_message good{0, RS_MESSAGE_ECHO, 0, 0};
  auto send = send_of(&good, sizeof good);
  EXPECT_EQ(call_errno(RS_CHANNEL_IOC_SEND, send), 0);
  auto wrong = [&](auto change) {
    auto changed = send;
    change(changed);
    return call_errno(RS_CHANNEL_IOC_SEND, changed);
  };
  EXPECT_EQ(wrong([](auto& c) { ++c.size; }), EINVAL);
  EXPECT_EQ(wrong([](auto& c) { ++c.version; }), EINVAL);
  EXPECT_EQ(wrong([](auto& c) { c.reserved = 1; }), EINVAL);
  EXPECT_EQ(call_errno(_IOWR('R', 0x51, rs_message), send), ENOTTY);
  EXPECT_EQ(call_errno(_IOWR('R', 0x7f, rs_channel_send), send), ENOTTY);
  auto setup = of<rs_channel_setup>();
  setup.checked = 2;
  EXPECT_EQ(call_errno(RS_CHANNEL_IOC_SETUP, setup), EINVAL);
  setup.checked = 0, setup.length = RS_CHANNEL_PAYLOAD_MAX + 1;
  EXPECT_EQ(call_errno(RS_CHANNEL_IOC_SETUP, setup), EINVAL);
  auto notify = of<rs_channel_notify>();
  notify.delay = RS_CHANNEL_DELAY_MAX + 1, notify.eventfd = -1;
  EXPECT_EQ(call_errno(RS_CHANNEL_IOC_NOTIFY, notify), EINVAL);
  notify.delay = 0, notify.eventfd = 12345;
  EXPECT_EQ(call_errno(RS_CHANNEL_IOC_NOTIFY, notify), EBADF);
  notify.eventfd = fd_.get();
  EXPECT_EQ(call_errno(RS_CHANNEL_IOC_NOTIFY, notify), EINVAL) << "no eventfd";
}

TEST_F(HostileChannelTest, MessagesThatLie) {
  for (std::uint16_t type : {0, 2, 4, 5, 0x8001, 0xffff})
    EXPECT_EQ(told({0, type, 0, 0}, 16), EBADMSG) << type;
  EXPECT_EQ(told({0, RS_MESSAGE_ECHO, 1, 0}, 16), EBADMSG);
  for (std::uint32_t length : {1u, 0x7fff'ffffu, 0xffff'fff0u, 0xffff'ffffu})
    EXPECT_EQ(told({length, RS_MESSAGE_ECHO, 0, 0}, 16), EBADMSG) << length;
  EXPECT_EQ(told({8, RS_MESSAGE_ECHO, 0, 0}, 32), EBADMSG) << "more than it says";
  for (std::uint32_t bytes = 0; bytes < 16; ++bytes)
    EXPECT_EQ(told({0, RS_MESSAGE_ECHO, 0, 0}, bytes), EBADMSG) << bytes;
  rs_message good{0, RS_MESSAGE_ECHO, 0, 0};
  EXPECT_EQ(call_errno(RS_CHANNEL_IOC_SEND, send_of(&good, ~0u)), EMSGSIZE);
  auto narrow = send_of(&good, sizeof good);
  narrow.room = 15;
  EXPECT_EQ(call_errno(RS_CHANNEL_IOC_SEND, narrow), EMSGSIZE);
}

TEST_F(HostileChannelTest, PagesThatAreNotThere) {
  auto* memory = static_cast<std::byte*>(
      mmap(nullptr, 8192, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0));
  munmap(memory + 4096, 4096);
  auto* edge = memory + 4096 - sizeof(rs_message);
  rs_message header{100, RS_MESSAGE_ECHO, 0, 0};
  std::memcpy(edge, &header, sizeof header);
  EXPECT_EQ(call_errno(RS_CHANNEL_IOC_SEND, send_of(edge, 116)), EFAULT);
  EXPECT_EQ(call_errno(RS_CHANNEL_IOC_SEND, send_of(nullptr, 16)), EFAULT);
  rs_message good{0, RS_MESSAGE_ECHO, 0, 0};
  auto send = send_of(&good, sizeof good);
  send.reply = reinterpret_cast<std::uintptr_t>(memory) + 4096;
  EXPECT_EQ(call_errno(RS_CHANNEL_IOC_SEND, send), EFAULT);
  EXPECT_EQ(ioctl(fd_.get(), RS_CHANNEL_IOC_SEND, 8) == 0 ? 0 : errno, EFAULT);
  for (const char* path : {RS_CHANNEL_PROC, RS_CHANNEL_DEBUGFS "/message"}) {
    UniqueFd file(::open(path, O_RDWR));
    ASSERT_TRUE(file) << path;
    EXPECT_EQ(::write(file.get(), edge, 116), -1);
    EXPECT_EQ(errno, EFAULT) << path;
    EXPECT_EQ(::write(file.get(), &good, 3), -1);
    EXPECT_EQ(errno, EBADMSG) << path;
    EXPECT_EQ(::read(file.get(), memory + 4096, 100), -1) << path;
  }
  munmap(memory, 4096);
}

TEST_F(HostileChannelTest, Rings) {
  auto rings = of<rs_channel_rings>();
  EXPECT_EQ(call_errno(RS_CHANNEL_IOC_KICK, of<rs_channel_kick>()), ENODATA);
  EXPECT_EQ(mmap(nullptr, 4096, PROT_READ, MAP_SHARED, fd_.get(), 0), MAP_FAILED);
  for (std::uint32_t bytes : {0u, 1u, 2048u, 4097u, 12288u, RS_CHANNEL_RING_MAX * 2, ~0u}) {
    rings.bytes = bytes;
    EXPECT_EQ(call_errno(RS_CHANNEL_IOC_RINGS, rings), EINVAL) << bytes;
  }
  rings.bytes = 4096;
  EXPECT_EQ(call_errno(RS_CHANNEL_IOC_RINGS, rings), 0);
  EXPECT_EQ(call_errno(RS_CHANNEL_IOC_RINGS, rings), EBUSY);
  EXPECT_EQ(mmap(nullptr, 5 * 4096, PROT_READ, MAP_SHARED, fd_.get(), 0), MAP_FAILED);
  EXPECT_EQ(mmap(nullptr, 4096, PROT_READ, MAP_SHARED, fd_.get(), 1ul << 40), MAP_FAILED);
}

struct MappedRing {
  explicit MappedRing(int fd, std::uint32_t bytes = 4096) {
    rs_channel_rings rings{};
    rings.size = sizeof rings, rings.version = RS_CHANNEL_VERSION, rings.bytes = bytes;
    EXPECT_EQ(ioctl(fd, RS_CHANNEL_IOC_RINGS, &rings), 0);
    bytes_ = rings.mapping;
    memory =
        static_cast<std::byte*>(mmap(nullptr, bytes_, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0));
  }
  ~MappedRing() { munmap(memory, bytes_); }
  std::byte* memory;
  std::size_t bytes_;
};

// A ring may be larger than two messages are; a message is no larger for it.
TEST_F(HostileChannelTest, AMessageThatIsTooLargeForAnythingButTheRing) {
  UniqueFd fd(::open(RS_CHANNEL_DEVICE, O_RDWR | O_CLOEXEC));
  MappedRing ring(fd.get(), RS_CHANNEL_RING_MAX);
  auto kick = of<rs_channel_kick>();
  kick.eventfd = -1;
  for (auto type : {RS_MESSAGE_DATA, RS_MESSAGE_ECHO})
    for (std::uint32_t beyond : {1u, 8u, RS_CHANNEL_PAYLOAD_MAX}) {
      rs_message header{RS_CHANNEL_PAYLOAD_MAX + beyond, static_cast<__u16>(type), 0, 0};
      std::uint64_t written = 4u << 20;
      std::memcpy(ring.memory + 4096, &header, sizeof header);
      std::memcpy(ring.memory, &written, sizeof written);
      EXPECT_EQ(ioctl(fd.get(), RS_CHANNEL_IOC_KICK, &kick) == 0 ? 0 : errno, EBADMSG) << beyond;
    }
}

// Random bytes in positions and messages, then a kick; and the same while kicks are under way.
TEST_F(HostileChannelTest, SharedMemoryThatChanges) {
  std::mt19937_64 random(5);
  for (int round = 0; round < 300; ++round) {
    UniqueFd fd(::open(RS_CHANNEL_DEVICE, O_RDWR | O_CLOEXEC));
    MappedRing ring(fd.get());
    std::atomic<bool> done = false;
    std::thread changer([&] {
      std::mt19937_64 own(static_cast<unsigned>(round));
      while (!done) {
        auto at = own() % 4 ? 4096 + own() % 64 : own() % (ring.bytes_ - 8);
        std::uint64_t value = own() % 3 ? own() % 5000 & ~7ul : own();
        std::memcpy(ring.memory + at / 8 * 8, &value, 8);
      }
    });
    for (int kicks = 0; kicks < 30; ++kicks) {
      std::uint64_t written = random() % 8 * 8 + static_cast<std::uint64_t>(kicks) * 64;
      std::memcpy(ring.memory, &written, 8);
      rs_channel_kick kick{};
      kick.size = sizeof kick, kick.version = RS_CHANNEL_VERSION;
      kick.stream = 3, kick.eventfd = -1;
      if (ioctl(fd.get(), RS_CHANNEL_IOC_KICK, &kick) != 0) {
        EXPECT_TRUE(errno == EBADMSG) << errno;
      }
    }
    done = true;
    changer.join();
  }
  auto channel = open("ring");
  ASSERT_TRUE(channel);
  std::vector<std::byte> payload(100), reply;
  EXPECT_TRUE((*channel)->call(payload, reply)) << "the service goes on";
}

// Mapped memory outlives its file.
TEST_F(HostileChannelTest, AMappingOutlivesItsFile) {
  auto fd = std::make_unique<UniqueFd>(::open(RS_CHANNEL_DEVICE, O_RDWR | O_CLOEXEC));
  MappedRing ring(fd->get());
  fd.reset();
  std::memset(ring.memory, 0x5a, ring.bytes_);
  EXPECT_EQ(ring.memory[ring.bytes_ - 1], std::byte{0x5a});
}

// Whatever a call was asked for, its caller can be killed.
TEST_F(HostileChannelTest, WhoAsksForTooMuchCanBeKilled) {
  for (std::uint32_t way : {RS_CHANNEL_WAY_RELAY, RS_CHANNEL_WAY_TRACEPOINT}) {
    pid_t child = fork();
    if (child == 0) {
      auto relay = of<rs_channel_relay>();
      relay.bytes = 2 * RS_CHANNEL_PAYLOAD_MAX, relay.count = 2;
      auto setup = of<rs_channel_setup>();
      setup.length = RS_CHANNEL_PAYLOAD_MAX, setup.checked = 1;
      auto produce = of<rs_channel_produce>();
      produce.way = way, produce.count = ~0u;
      if (call_errno(RS_CHANNEL_IOC_RELAY, relay) == 0 &&
          call_errno(RS_CHANNEL_IOC_SETUP, setup) == 0)
        call_errno(RS_CHANNEL_IOC_PRODUCE, produce);
      _exit(1);
    }
    usleep(200'000);
    kill(child, SIGKILL);
    int status = 0;
    ASSERT_EQ(waitpid(child, &status, 0), child);
    EXPECT_TRUE(WIFSIGNALED(status)) << way;
    fd_ = UniqueFd(::open(RS_CHANNEL_DEVICE, O_RDWR | O_CLOEXEC));  // its relay buffers are there
  }
}

// The tracepoint is there for whoever may load programs; nobody has to.
TEST_F(HostileChannelTest, ATracepointThatNobodyListensTo) {
  auto produce = of<rs_channel_produce>();
  produce.way = RS_CHANNEL_WAY_TRACEPOINT, produce.count = 1000;
  EXPECT_EQ(call_errno(RS_CHANNEL_IOC_PRODUCE, produce), 0);
  auto status = of<rs_channel_status>(), other = status;
  UniqueFd another(::open(RS_CHANNEL_DEVICE, O_RDWR | O_CLOEXEC));
  ASSERT_EQ(ioctl(fd_.get(), RS_CHANNEL_IOC_STATUS, &status), 0);
  ASSERT_EQ(ioctl(another.get(), RS_CHANNEL_IOC_STATUS, &other), 0);
  EXPECT_EQ(status.counts.messages, 0u);
  EXPECT_GT(other.number, status.number);
}

TEST_F(HostileChannelTest, OthersGetWhatFileModesGrant) {
  pid_t child = fork();
  if (child == 0) {
    if (setgid(65534) != 0 || setuid(65534) != 0) _exit(2);
    bool denied = true;
    for (const char* path : {RS_CHANNEL_DEVICE, RS_CHANNEL_PROC, RS_CHANNEL_DEBUGFS "/message"})
      denied &= ::open(path, O_RDONLY) < 0 && errno == EACCES;
    _exit(denied ? 0 : 1);
  }
  int status = 0;
  waitpid(child, &status, 0);
  EXPECT_TRUE(WIFEXITED(status) && WEXITSTATUS(status) == 0) << status;
}

}  // namespace
}  // namespace ringside::channels
