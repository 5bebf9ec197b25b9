// io_uring's commands of /dev/ringside-channel under hostile hands: SEND_AT and RECEIVE_AT with
// lengths, pages and bits that cannot be, and parameters that change while the kernel reads them.
#include <fcntl.h>
#include <gtest/gtest.h>
#include <liburing.h>
#include <sys/ioctl.h>
#include <sys/mman.h>

#include <array>
#include <atomic>
#include <cerrno>
#include <cstring>
#include <thread>

#include "core/channel/message.hh"
#include "tests/guest/module.hh"
#include "user/base/unique_fd.hh"
#include "user/channels/channel.hh"

namespace ringside::channels {
namespace {

struct UringChannelTest : testing::Test {
  static void SetUpTestSuite() { ASSERT_TRUE(guest::load("ringside_channels")); }
  static void TearDownTestSuite() {
    EXPECT_TRUE(guest::unload("ringside_channels"));
    guest::expect_clean_log();
  }

  UringChannelTest() {
    EXPECT_EQ(io_uring_queue_init(8, &ring_, 0), 0);
    memory_ = static_cast<std::byte*>(
        mmap(nullptr, 8192, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0));
    munmap(memory_ + 4096, 4096);  // the page behind is not there
  }
  ~UringChannelTest() override {
    io_uring_queue_exit(&ring_);
    munmap(memory_, 4096);
  }
  // What the kernel says of one command: 0, or the error, negative.
  template <class Parameters>
  int done_by(io_uring& ring, unsigned command, const Parameters& parameters, unsigned flags = 0) {
    auto* entry = io_uring_get_sqe(&ring);
    io_uring_prep_rw(IORING_OP_URING_CMD, entry, fd_.get(), nullptr, 0, 0);
    entry->cmd_op = command;
    entry->flags = static_cast<__u8>(flags);
    std::memcpy(entry->cmd, &parameters, sizeof parameters);
    io_uring_cqe* completion = nullptr;
    EXPECT_GE(io_uring_submit_and_wait(&ring, 1), 1);
    EXPECT_EQ(io_uring_wait_cqe(&ring, &completion), 0);
    int result = completion->res;
    io_uring_cqe_seen(&ring, completion);
    return result;
  }
  int done(unsigned command, rs_channel_at at, unsigned flags = 0) {
    return done_by(ring_, command, at, flags);
  }
  int send(const void* message, std::uint32_t bytes, std::uint32_t reserved = 0) {
    return done(RS_CHANNEL_URING_SEND_AT,
                {reinterpret_cast<std::uintptr_t>(message), bytes, reserved});
  }
  int receive(void* room, std::uint32_t bytes, std::uint32_t reserved = 0) {
    return done(RS_CHANNEL_URING_RECEIVE_AT,
                {reinterpret_cast<std::uintptr_t>(room), bytes, reserved});
  }
  int set_up(std::uint32_t length) {
    rs_channel_setup setup{};
    setup.size = sizeof setup, setup.version = RS_CHANNEL_VERSION;
    setup.length = length, setup.checked = 1;
    return ioctl(fd_.get(), RS_CHANNEL_IOC_SETUP, &setup);
  }
  rs_channel_counts counts() {
    rs_channel_status status{};
    status.size = sizeof status, status.version = RS_CHANNEL_VERSION;
    EXPECT_EQ(ioctl(fd_.get(), RS_CHANNEL_IOC_STATUS, &status), 0);
    return status.counts;
  }

  UniqueFd fd_{::open(RS_CHANNEL_DEVICE, O_RDWR | O_CLOEXEC)};
  io_uring ring_{};
  std::byte* memory_;
};

TEST_F(UringChannelTest, GoodOnesAreDone) {
  ASSERT_EQ(set_up(0), 0);
  rs_message message{0, RS_MESSAGE_DATA, 0, 0}, back{7, 7, 7, 7};
  EXPECT_EQ(send(&message, sizeof message), 0);
  message.sequence = 1;
  auto at = rs_channel_at{reinterpret_cast<std::uintptr_t>(&message), sizeof message, 0};
  EXPECT_EQ(done(RS_CHANNEL_URING_SEND_AT, at, IOSQE_ASYNC), 0) << "by a worker";
  EXPECT_EQ(counts().messages, 2u);
  EXPECT_EQ(counts().missing + counts().wrong + counts().repeated, 0u);
  EXPECT_EQ(receive(&back, sizeof back), 0);
  EXPECT_EQ(back.type, RS_MESSAGE_DATA);
  EXPECT_EQ(back.length, 0u);
}

TEST_F(UringChannelTest, LengthsThatLie) {
  ASSERT_EQ(set_up(100), 0);
  rs_message data{0, RS_MESSAGE_DATA, 0, 0};
  for (std::uint32_t bytes = 0; bytes < sizeof data; ++bytes)
    EXPECT_EQ(send(&data, bytes), -EBADMSG) << bytes;
  for (std::uint32_t bytes : {RS_CHANNEL_PAYLOAD_MAX + 17, 0x8000'0000u, ~0u})
    EXPECT_EQ(send(&data, bytes), -EMSGSIZE) << bytes;
  for (std::uint32_t length : {1u, 0x7fff'ffffu, ~0u}) {
    data.length = length;
    EXPECT_EQ(send(&data, sizeof data), -EBADMSG) << length;
  }
  for (std::uint32_t room : {0u, 1u, 16u, 115u})
    EXPECT_EQ(receive(memory_, room), -EMSGSIZE) << room;
  EXPECT_EQ(counts().messages, 0u);
  EXPECT_EQ(receive(memory_, 116), 0);
  auto message = channel::read_message({memory_, 116});
  ASSERT_TRUE(message);
  EXPECT_EQ(message->header.sequence, 0u) << "what was refused took no number";
  EXPECT_TRUE(channel::is_filled(message->payload, 0));
  EXPECT_EQ(receive(memory_, 4096), 0) << "more room than it needs";
}

TEST_F(UringChannelTest, PagesThatAreNotThere) {
  ASSERT_EQ(set_up(1000), 0);
  auto* edge = memory_ + 4096 - sizeof(rs_message);
  for (std::uint32_t length : {8u, 200u, 100'000u}) {
    rs_message header{length, RS_MESSAGE_DATA, 0, 0};
    std::memcpy(edge, &header, sizeof header);
    EXPECT_EQ(send(edge, 16 + length), -EFAULT) << length;
  }
  EXPECT_EQ(send(nullptr, 16), -EFAULT);
  EXPECT_EQ(send(reinterpret_cast<void*>(0xffff'8880'0000'0000), 16), -EFAULT) << "the kernel's";
  EXPECT_EQ(send(reinterpret_cast<void*>(~0ul - 7), 16), -EFAULT) << "over the end";
  EXPECT_EQ(receive(edge, 1016), -EFAULT);
  EXPECT_EQ(receive(reinterpret_cast<void*>(0xffff'8880'0000'0000), 1016), -EFAULT);
  ASSERT_EQ(set_up(8), 0);
  EXPECT_EQ(receive(edge, 24), -EFAULT) << "a small one";
  EXPECT_EQ(receive(nullptr, 24), -EFAULT);
  EXPECT_EQ(counts().messages, 0u);
}

TEST_F(UringChannelTest, WhatIsNotForThem) {
  ASSERT_EQ(set_up(0), 0);
  rs_message message{0, RS_MESSAGE_DATA, 0, 0}, echo{0, RS_MESSAGE_ECHO, 0, 0};
  EXPECT_EQ(send(&message, sizeof message, 1), -EINVAL);
  EXPECT_EQ(receive(&message, sizeof message, 1), -EINVAL);
  EXPECT_EQ(send(&echo, sizeof echo), -EMSGSIZE) << "no room for a reply";
  for (std::uint16_t type : {RS_MESSAGE_SKIP, RS_MESSAGE_REPLY, RS_MESSAGE_EVENT}) {
    rs_message other{0, type, 0, 0};
    EXPECT_EQ(send(&other, sizeof other), -EBADMSG) << type;
  }
  rs_channel_at at{reinterpret_cast<std::uintptr_t>(&message), sizeof message, 0};
  EXPECT_EQ(done(_IOW('R', 0x73, rs_channel_at), at), -ENOTTY);
  EXPECT_EQ(done(RS_CHANNEL_URING_SEND, at), -EINVAL) << "an entry without room for a message";
  EXPECT_EQ(done(_IOWR('R', 0x70, rs_channel_at), at), -ENOTTY);
  EXPECT_EQ(done(RS_CHANNEL_IOC_WAIT, at), -EOPNOTSUPP);
  EXPECT_EQ(done(RS_CHANNEL_IOC_SEND, at), -EINVAL) << "no structure of that call's";
  EXPECT_EQ(ioctl(fd_.get(), RS_CHANNEL_URING_SEND_AT, &at), -1) << "no ioctl";
  EXPECT_EQ(errno, ENOTTY);
}

struct SmallMessage {
  rs_message header;
  std::array<std::byte, RS_CHANNEL_URING_SMALL> payload;
};

// A ring whose entries have room for a message.
struct UringSmallTest : UringChannelTest {
  UringSmallTest() { EXPECT_EQ(io_uring_queue_init(8, &wide_, IORING_SETUP_SQE128), 0); }
  ~UringSmallTest() override { io_uring_queue_exit(&wide_); }
  int send(std::uint32_t length, unsigned type, std::uint64_t sequence, unsigned flags = 0) {
    SmallMessage message{{length, static_cast<__u16>(type), 0, sequence}, {}};
    if (length <= message.payload.size())
      channel::fill(std::span(message.payload).first(length), sequence);
    return done_by(wide_, RS_CHANNEL_URING_SEND, message, flags);
  }
  io_uring wide_{};
};

TEST_F(UringSmallTest, AMessageLiesInItsEntry) {
  ASSERT_EQ(set_up(0), 0);
  std::uint64_t sequence = 0, bytes = 0;
  for (std::uint32_t length : {0u, 1u, 8u, 63u, 64u}) {
    EXPECT_EQ(send(length, RS_MESSAGE_DATA, sequence++), 0) << length;
    EXPECT_EQ(send(length, RS_MESSAGE_DATA, sequence++, IOSQE_ASYNC), 0) << "by a worker";
    bytes += 2 * length;
  }
  EXPECT_EQ(counts().messages, sequence);
  EXPECT_EQ(counts().bytes, bytes);
  EXPECT_EQ(counts().missing + counts().wrong + counts().repeated, 0u);
}

TEST_F(UringSmallTest, WhatAnEntryDoesNotHold) {
  ASSERT_EQ(set_up(0), 0);
  for (std::uint32_t length : {65u, 1000u, 0x7fff'ffffu, ~0u})
    EXPECT_EQ(send(length, RS_MESSAGE_DATA, 0), -EMSGSIZE) << length;
  EXPECT_EQ(send(8, RS_MESSAGE_ECHO, 0), -EMSGSIZE) << "no room for a reply";
  for (unsigned type : {0u, 2u, 4u, 5u, 0xffffu}) EXPECT_EQ(send(8, type, 0), -EBADMSG) << type;
  SmallMessage reserved{{8, RS_MESSAGE_DATA, 1, 0}, {}};
  EXPECT_EQ(done_by(wide_, RS_CHANNEL_URING_SEND, reserved), -EBADMSG);
  EXPECT_EQ(counts().messages, 0u);
}

// Another thread writes to the parameters, where the kernel may still look, and to the message.
TEST_F(UringChannelTest, WhatChangesMeanwhile) {
  ASSERT_EQ(set_up(64), 0);
  alignas(8) std::byte message[4096]{};
  std::atomic<bool> ended = false;
  std::thread changer([&] {
    std::uint64_t turn = 0;
    while (!ended) {
      ++turn;
      rs_message header{static_cast<__u32>(turn % 5 ? turn % 300 : ~0u),
                        static_cast<__u16>(turn % 4), static_cast<__u16>(turn % 7 == 0), turn};
      std::memcpy(message, &header, sizeof header);
      rs_channel_at at{reinterpret_cast<std::uintptr_t>(turn % 3 ? message : nullptr),
                       static_cast<__u32>(turn % 11 ? turn % 300 : ~0u), turn % 13 == 0};
      for (unsigned each = 0; each < 8; ++each)
        std::memcpy(ring_.sq.sqes[each].cmd, &at, sizeof at);
    }
  });
  for (int each = 0; each < 20'000; ++each) {
    bool sends = each % 2;
    int result = sends ? send(message, 100) : receive(message + 1024, 80);
    bool known = result == -EBADMSG || result == -EMSGSIZE || result == -EFAULT ||
                 result == -EINVAL || result == 0;
    EXPECT_TRUE(known) << result;
  }
  ended = true;
  changer.join();
  auto channel = open("uring");
  ASSERT_TRUE(channel);
  std::vector<std::byte> payload(100), reply;
  EXPECT_TRUE((*channel)->call(payload, reply)) << "the service goes on";
}

}  // namespace
}  // namespace ringside::channels
