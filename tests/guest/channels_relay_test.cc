// The relay buffers of ringside_channels.ko beyond what every channel does: read(2) and mappings in
// both modes, the order across CPUs, and hostile hands.
#include <fcntl.h>
#include <gtest/gtest.h>
#include <poll.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <optional>
#include <thread>

#include "core/channel/message.hh"
#include "tests/guest/module.hh"
#include "user/base/unique_fd.hh"
#include "user/channels/channel.hh"

namespace ringside::channels {
namespace {

struct RelayTest : testing::Test {
  static constexpr std::uint32_t kBytes = 4096, kCount = 4, kLength = 100;
  static void SetUpTestSuite() { ASSERT_TRUE(guest::load("ringside_channels")); }
  static void TearDownTestSuite() {
    EXPECT_TRUE(guest::unload("ringside_channels"));
    guest::expect_clean_log();
  }
  template <class Call>
  int call_errno(unsigned long command, Call& call) {
    call.size = sizeof(Call), call.version = RS_CHANNEL_VERSION;
    return ioctl(fd_.get(), command, &call) == 0 ? 0 : errno;
  }
  int make(std::uint32_t bytes, std::uint32_t count, std::uint32_t overwrite) {
    rs_channel_relay relay{};
    relay.bytes = bytes, relay.count = count, relay.overwrite = overwrite;
    return call_errno(RS_CHANNEL_IOC_RELAY, relay);
  }
  int setup(std::uint32_t length) {
    rs_channel_setup setup{};
    setup.length = length, setup.checked = 1;
    return call_errno(RS_CHANNEL_IOC_SETUP, setup);
  }
  int produce(std::uint32_t count) {
    rs_channel_produce produce{};
    produce.count = count;
    int error = call_errno(RS_CHANNEL_IOC_PRODUCE, produce);
    lost_ = produce.lost;
    return error;
  }
  int look(std::uint32_t cpu, std::uint32_t release) {
    state_ = {};
    state_.cpu = cpu, state_.release = release;
    return call_errno(RS_CHANNEL_IOC_RELAY_STATE, state_);
  }
  UniqueFd file(unsigned cpu) {
    rs_channel_status status{};
    EXPECT_EQ(call_errno(RS_CHANNEL_IOC_STATUS, status), 0);
    auto path = RS_CHANNEL_DEBUGFS "/relay-" + std::to_string(status.number) + "-";
    return UniqueFd(::open((path + std::to_string(cpu)).c_str(), O_RDONLY | O_CLOEXEC));
  }
  // Numbers of the messages that read(2) gives, `piece` bytes at a time.
  static std::vector<std::uint64_t> read_all(int fd, std::size_t piece) {
    std::vector<std::byte> all, some(piece);
    for (ssize_t got; (got = ::read(fd, some.data(), piece)) > 0;)
      all.insert(all.end(), some.begin(), some.begin() + got);
    return numbers_in(all);
  }
  static std::vector<std::uint64_t> numbers_in(Bytes run) {
    std::vector<std::uint64_t> numbers;
    auto next = channel::read_next(run);
    for (; next && *next; next = channel::read_next(run)) {
      numbers.push_back((*next)->header.sequence);
      EXPECT_TRUE(channel::is_filled((*next)->payload, numbers.back()));
    }
    EXPECT_TRUE(next) << numbers.size() << " messages, then none";
    return numbers;
  }

  UniqueFd fd_{::open(RS_CHANNEL_DEVICE, O_RDWR | O_CLOEXEC)};
  std::optional<guest::OnOneCpu> cpu_{std::in_place, 0u};
  rs_channel_relay_state state_{};
  std::uint64_t lost_ = 0;
};

TEST_F(RelayTest, ReadGivesTheOldestWhereAFullOneDrops) {
  ASSERT_EQ(make(kBytes, kCount, 0), 0);
  ASSERT_EQ(setup(kLength), 0);
  for (std::size_t piece : {1u, 7u, 120u, 4096u, 65536u}) {
    auto relay = file(0);
    ASSERT_TRUE(relay);
    ASSERT_EQ(setup(kLength), 0);
    ASSERT_EQ(produce(1000), 0);
    auto numbers = read_all(relay.get(), piece);
    EXPECT_EQ(numbers.size(), kBytes / 120 * kCount) << piece;
    EXPECT_EQ(numbers.size() + lost_, 1000u);
    for (std::size_t each = 0; each < numbers.size(); ++each) ASSERT_EQ(numbers[each], each);
  }
}

TEST_F(RelayTest, ReadGivesTheNewestWhereAFullOneOverwrites) {
  ASSERT_EQ(make(kBytes, kCount, 1), 0);
  for (std::size_t piece : {1u, 7u, 120u, 4096u, 65536u}) {
    auto relay = file(0);
    ASSERT_TRUE(relay);
    ASSERT_EQ(setup(kLength), 0);
    ASSERT_EQ(produce(1000), 0);
    auto numbers = read_all(relay.get(), piece);
    ASSERT_FALSE(numbers.empty());
    EXPECT_EQ(numbers.size() + lost_, 1000u) << piece;
    for (std::size_t each = 0; each < numbers.size(); ++each)
      ASSERT_EQ(numbers[each], lost_ + each) << piece;
  }
}

TEST_F(RelayTest, AMappingShowsWhatWasFinished) {
  for (std::uint32_t overwrite : {0u, 1u}) {
    fd_ = UniqueFd(::open(RS_CHANNEL_DEVICE, O_RDWR | O_CLOEXEC));
    ASSERT_EQ(make(kBytes, kCount, overwrite), 0);
    ASSERT_EQ(setup(kLength), 0);
    auto relay = file(0);
    auto* memory = static_cast<std::byte*>(
        mmap(nullptr, kBytes * kCount, PROT_READ, MAP_SHARED, relay.get(), 0));
    ASSERT_NE(memory, MAP_FAILED);
    ASSERT_EQ(produce(70), 0);  // 34 a sub-buffer
    ASSERT_EQ(look(0, 0), 0);
    EXPECT_EQ(state_.produced, 3u);
    EXPECT_EQ(state_.taken, 0u);
    pollfd wanted{relay.get(), POLLIN, 0};
    EXPECT_EQ(poll(&wanted, 1, 0), 1);
    EXPECT_EQ(numbers_in({memory, kBytes}).size(), 34u);
    EXPECT_EQ(numbers_in({memory + 2 * kBytes, kBytes}), (std::vector<std::uint64_t>{68, 69}));
    EXPECT_EQ(look(0, 4), EINVAL) << "not so many";
    EXPECT_EQ(look(0, 3), 0);
    EXPECT_EQ(state_.taken, 3u);
    ASSERT_EQ(produce(1000), 0);
    ASSERT_EQ(look(0, 0), 0);
    EXPECT_EQ(state_.produced - state_.taken, kCount - overwrite);
    auto first = numbers_in({memory + state_.taken % kCount * kBytes, kBytes});
    EXPECT_EQ(first.at(0), overwrite ? 70 + lost_ : 70);
    munmap(memory, kBytes * kCount);
  }
}

TEST_F(RelayTest, TheOrderAcrossCpusIsThatOfTheNumbers) {
  if (sysconf(_SC_NPROCESSORS_ONLN) < 2) GTEST_SKIP() << "one CPU";
  auto channel = open("relay");
  ASSERT_TRUE(channel) << channel.error().message;
  ASSERT_TRUE((*channel)->setup(kLength, true));
  std::uint64_t next = 0;
  std::vector<std::byte> payload;
  for (unsigned round = 0; round < 50; ++round) {
    for (unsigned part = 0; part < 3; ++part) {
      cpu_->move_to((round + part) % 2);
      ASSERT_TRUE((*channel)->produce(10 + part));
    }
    for (auto end = next + 33; next < end; ++next) {
      auto received = (*channel)->receive(payload);
      ASSERT_TRUE(received) << received.error().message;
      ASSERT_EQ(*received, next);
      ASSERT_TRUE(channel::is_filled(payload, next));
    }
  }
}

TEST_F(RelayTest, SizesThatCannotBe) {
  EXPECT_EQ(produce(1), ENODATA);
  EXPECT_EQ(look(0, 0), ENODATA);
  for (std::uint32_t bytes : {0u, 1u, 4095u, 4097u, RS_CHANNEL_RING_MAX, ~0u, ~0u - 4095})
    EXPECT_EQ(make(bytes, 2, 0), EINVAL) << bytes;
  for (std::uint32_t count : {0u, 1u, 4097u, ~0u}) EXPECT_EQ(make(4096, count, 0), EINVAL) << count;
  EXPECT_EQ(make(4096, 2, 2), EINVAL);
  rs_channel_relay reserved{};
  reserved.bytes = 4096, reserved.count = 2, reserved.reserved = 1;
  EXPECT_EQ(call_errno(RS_CHANNEL_IOC_RELAY, reserved), EINVAL);
  ASSERT_EQ(make(4096, 2, 0), 0);
  EXPECT_EQ(make(4096, 2, 0), EBUSY);
  for (std::uint32_t cpu : {4096u, 1u << 20, ~0u}) EXPECT_EQ(look(cpu, 0), ENXIO) << cpu;
  EXPECT_EQ(look(0, ~0u), EINVAL);
  ASSERT_EQ(setup(4096), 0);
  EXPECT_EQ(produce(1), EMSGSIZE);
  rs_channel_produce produce{};
  produce.way = 77;
  EXPECT_EQ(call_errno(RS_CHANNEL_IOC_PRODUCE, produce), EINVAL);
  produce.way = RS_CHANNEL_WAY_RELAY, produce.reserved = 1;
  EXPECT_EQ(call_errno(RS_CHANNEL_IOC_PRODUCE, produce), EINVAL);
}

// relay's own mmap would show what lies behind the buffer.
TEST_F(RelayTest, OnlyTheWholeIsMapped) {
  ASSERT_EQ(make(kBytes, kCount, 0), 0);
  auto relay = file(0);
  constexpr std::size_t kAll = kBytes * kCount;
  for (off_t at : {4096l, 16384l, 1l << 30, 1l << 45}) {
    EXPECT_EQ(mmap(nullptr, kAll, PROT_READ, MAP_SHARED, relay.get(), at), MAP_FAILED) << at;
  }
  for (std::size_t bytes : {kAll - 4096, kAll + 4096, std::size_t{4096}}) {
    EXPECT_EQ(mmap(nullptr, bytes, PROT_READ, MAP_SHARED, relay.get(), 0), MAP_FAILED) << bytes;
  }
}

// Three hands at once, and the session closed under them: read, give back and write over.
TEST_F(RelayTest, ReadersWritersAndTheEnd) {
  cpu_.reset();
  for (unsigned round = 0; round < 20; ++round) {
    fd_ = UniqueFd(::open(RS_CHANNEL_DEVICE, O_RDWR | O_CLOEXEC));
    ASSERT_EQ(make(kBytes, 2 + round % 3, round % 2), 0);
    auto relay = file(0);
    std::atomic<bool> done = false;
    std::thread reader([&] {
      std::vector<std::byte> some(100'000);
      for (std::size_t turn = 0; !done; ++turn)
        EXPECT_GE(::read(relay.get(), some.data(), turn * 997 % some.size()), 0);
    });
    std::thread releaser([&] {
      for (std::uint32_t turn = 0; !done; ++turn) {
        rs_channel_relay_state state{sizeof state, RS_CHANNEL_VERSION, 0, turn % 3, 0, 0};
        EXPECT_TRUE(ioctl(fd_.get(), RS_CHANNEL_IOC_RELAY_STATE, &state) == 0 || errno == EINVAL);
      }
    });
    for (std::uint32_t turn = 0; turn < 300; ++turn) {
      setup(turn * 37 % 4000);
      produce(turn % 100);
    }
    done = true;
    releaser.join();
    fd_.reset();
    reader.join();
    std::byte one[1];
    EXPECT_GE(::read(relay.get(), one, 1), 0) << "the file outlives its session";
  }
}

TEST_F(RelayTest, AMappingOutlivesItsSessionAndHoldsTheModule) {
  ASSERT_EQ(make(kBytes, kCount, 0), 0);
  ASSERT_EQ(setup(kLength), 0);
  ASSERT_EQ(produce(10), 0);
  auto relay = file(0);
  auto* memory = static_cast<std::byte*>(
      mmap(nullptr, kBytes * kCount, PROT_READ, MAP_SHARED, relay.get(), 0));
  ASSERT_NE(memory, MAP_FAILED);
  relay.reset(), fd_.reset();
  EXPECT_FALSE(guest::unload("ringside_channels"));
  EXPECT_EQ(numbers_in({memory, kBytes}).size(), 10u);
  munmap(memory, kBytes * kCount);
}

}  // namespace
}  // namespace ringside::channels
