// ringside_channels.ko in a stock kernel: every channel by its four services, under stress and
// under hostile hands. Runs as root in a guest. RINGSIDE_MESSAGES (10,000): how many a channel
// carries.
#include <fcntl.h>
#include <gtest/gtest.h>
#include <poll.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <cstdlib>
#include <cstring>
#include <random>
#include <thread>

#include "core/channel/message.hh"
#include "tests/guest/module.hh"
#include "user/base/unique_fd.hh"
#include "user/channels/channel.hh"

namespace ringside::channels {
namespace {

using namespace std::chrono_literals;
using Payload = std::vector<std::byte>;

std::uint64_t messages() {
  const char* text = std::getenv("RINGSIDE_MESSAGES");
  return text ? std::strtoull(text, nullptr, 10) : 10'000;
}

Payload filled(std::size_t size, std::uint64_t sequence) {
  Payload payload(size);
  channel::fill(payload, sequence);
  return payload;
}

struct ChannelTest : testing::TestWithParam<const Kind*> {
  static void SetUpTestSuite() { ASSERT_TRUE(guest::load("ringside_channels")); }
  static void TearDownTestSuite() {
    EXPECT_TRUE(guest::unload("ringside_channels"));
    guest::expect_clean_log();
  }
  void SetUp() override {
    if (GetParam()->name == "bpf" && !guest::kernel_has("bpf_trace_run4"))
      GTEST_SKIP() << "this kernel has no BPF programs on tracepoints (CONFIG_BPF_EVENTS)";
    ASSERT_TRUE(!GetParam()->lab || guest::load(own_module()));
  }
  void TearDown() override { EXPECT_TRUE(!GetParam()->lab || guest::unload(own_module())); }
  static std::string own_module() { return "ringside_channels_" + std::string(GetParam()->name); }

  std::unique_ptr<Channel> opened() {
    auto channel = open(GetParam()->name);
    EXPECT_TRUE(channel) << channel.error().message;
    return channel ? *std::move(channel) : nullptr;
  }
  const Ability& ability() const { return GetParam()->ability; }
  // Sizes that differ in all that matters: none, less than a word, odd, a page and more, the most.
  std::vector<std::size_t> sizes() const {
    std::vector<std::size_t> all{0, 1, 8, 63, 64, 1024, 4096, 65000 - channel::kHeader};
    while (all.back() >= ability().most) all.pop_back();
    all.push_back(ability().most);
    return all;
  }
};

std::vector<const Kind*> all_kinds() {
  std::vector<const Kind*> all;
  for (const auto& kind : kinds()) all.push_back(&kind);
  return all;
}
INSTANTIATE_TEST_SUITE_P(Every, ChannelTest, testing::ValuesIn(all_kinds()),
                         [](const auto& kind) { return std::string(kind.param->name); });

TEST_P(ChannelTest, Echo) {
  auto channel = opened();
  ASSERT_TRUE(channel);
  Payload reply;
  if (!ability().echo) {
    EXPECT_EQ(channel->call({}, reply).error().status, kNo);
    GTEST_SKIP() << GetParam()->name << " has no echo";
  }
  for (auto size : sizes()) {
    auto payload = filled(size, size);
    auto called = channel->call(payload, reply);
    ASSERT_TRUE(called) << size << ": " << called.error().message;
    ASSERT_EQ(reply, payload) << size;
  }
}

TEST_P(ChannelTest, MoreThanTheMostIsRefused) {
  auto channel = opened();
  ASSERT_TRUE(channel);
  if (!ability().echo) GTEST_SKIP() << GetParam()->name << " has no echo";
  Payload reply;
  EXPECT_FALSE(channel->call(filled(ability().most + 1, 0), reply));
}

TEST_P(ChannelTest, Sink) {
  auto channel = opened();
  ASSERT_TRUE(channel);
  if (!ability().sink) {
    EXPECT_EQ(channel->send({}).error().status, kNo);
    GTEST_SKIP() << GetParam()->name << " takes no data";
  }
  for (auto size : sizes()) {
    ASSERT_TRUE(channel->setup(0, true));
    for (std::uint64_t sequence = 0; sequence < 5; ++sequence) {
      auto sent = channel->send(filled(size, sequence));
      ASSERT_TRUE(sent) << size << ": " << sent.error().message;
    }
    ASSERT_TRUE(channel->flush());
    auto counts = channel->counts();
    ASSERT_TRUE(counts) << counts.error().message;
    EXPECT_EQ(counts->messages, 5u);
    EXPECT_EQ(counts->bytes, 5 * size);
    EXPECT_EQ(counts->wrong + counts->missing + counts->repeated, 0u) << size;
  }
}

TEST_P(ChannelTest, SinkSeesWhatIsWrong) {
  auto channel = opened();
  ASSERT_TRUE(channel);
  if (!ability().sink) GTEST_SKIP() << GetParam()->name << " takes no data";
  ASSERT_TRUE(channel->setup(0, true));
  ASSERT_TRUE(channel->send(filled(64, 0)));
  ASSERT_TRUE(channel->send(filled(64, 7)));  // it is the second
  ASSERT_TRUE(channel->flush());
  EXPECT_EQ(channel->counts()->wrong, 1u);
}

TEST_P(ChannelTest, Stream) {
  auto channel = opened();
  ASSERT_TRUE(channel);
  Payload payload;
  if (!ability().stream) {
    EXPECT_EQ(channel->receive(payload).error().status, kNo);
    GTEST_SKIP() << GetParam()->name << " has no stream";
  }
  for (auto size : sizes()) {
    ASSERT_TRUE(channel->setup(static_cast<std::uint32_t>(size), true));
    for (std::uint64_t sequence = 0; sequence < 5; ++sequence) {
      auto received = channel->receive(payload);
      ASSERT_TRUE(received) << size << ": " << received.error().message;
      ASSERT_EQ(*received, sequence) << size;
      ASSERT_EQ(payload, filled(size, sequence)) << size;
    }
  }
}

TEST_P(ChannelTest, Notify) {
  auto channel = opened();
  ASSERT_TRUE(channel);
  if (!ability().notify) {
    EXPECT_EQ(channel->notify(0us).error().status, kNo);
    GTEST_SKIP() << GetParam()->name << " does not notify";
  }
  auto nothing = channel->wait(1000us);
  ASSERT_TRUE(nothing) << nothing.error().message;
  EXPECT_FALSE(*nothing) << "nothing was asked for";
  for (std::uint64_t each = 0; each < 3; ++each) {
    auto asked = channel->notify(2000us);
    ASSERT_TRUE(asked) << asked.error().message;
    pollfd wanted{channel->descriptor(), channel->readiness(), 0};
    EXPECT_EQ(poll(&wanted, 1, 20'000), 1) << each;
    auto event = channel->wait(20s);
    ASSERT_TRUE(event) << event.error().message;
    ASSERT_TRUE(*event) << each;
    EXPECT_EQ((*event)->sequence, each);
  }
}

// Nothing lost, doubled or out of order, whatever the sizes.
TEST_P(ChannelTest, Many) {
  auto channel = opened();
  ASSERT_TRUE(channel);
  std::mt19937 random(1);
  Payload payload, reply;
  if (ability().sink) {
    ASSERT_TRUE(channel->setup(0, true));
    for (std::uint64_t sequence = 0; sequence < messages(); ++sequence) {
      payload.resize(random() % 300);
      channel::fill(payload, sequence);
      ASSERT_TRUE(channel->send(payload)) << sequence;
    }
    ASSERT_TRUE(channel->flush());
    auto counts = channel->counts();
    ASSERT_TRUE(counts) << counts.error().message;
    EXPECT_EQ(counts->messages, messages());
    EXPECT_EQ(counts->wrong + counts->missing + counts->repeated, 0u);
  }
  if (!ability().stream) return;
  ASSERT_TRUE(channel->setup(200, true));
  for (std::uint64_t sequence = 0; sequence < messages(); ++sequence) {
    auto received = channel->receive(payload);
    ASSERT_TRUE(received) << received.error().message;
    ASSERT_EQ(*received, sequence);
    ASSERT_TRUE(channel::is_filled(payload, sequence)) << sequence;
    if (sequence % 64 == 0 && ability().echo && GetParam()->name != "ring") {
      ASSERT_TRUE(channel->call(payload, reply));
      ASSERT_EQ(reply, payload);
    }
  }
}

// What has no room, or is not taken in time, is lost: as many as are told, and no others.
TEST_P(ChannelTest, LossIsCounted) {
  auto channel = opened();
  ASSERT_TRUE(channel);
  if (ability().loss == Loss::kNone) {
    EXPECT_EQ(channel->produce(1).error().status, kNo);
    GTEST_SKIP() << GetParam()->name << " loses nothing";
  }
  constexpr std::uint32_t kSent = 20'000;
  for (int round = 0; round < 3; ++round) {
    ASSERT_TRUE(channel->setup(1000, true));
    for (int part = 0; part < 4; ++part) ASSERT_TRUE(channel->produce(kSent / 4));
    auto lost = channel->lost();
    ASSERT_TRUE(lost) << lost.error().message;
    EXPECT_GT(*lost, kSent / 20);
    EXPECT_LT(*lost, kSent);
    Payload payload;
    std::uint64_t came = 0, next = 0;
    while (next < kSent) {
      auto received = channel->receive(payload);
      ASSERT_TRUE(received) << received.error().message;
      ASSERT_GE(*received, next) << "order";
      ASSERT_TRUE(channel::is_filled(payload, *received)) << *received;
      if (*received >= kSent) break;
      if (came == 0 && ability().loss == Loss::kNewest) {
        EXPECT_EQ(*received, 0u) << "the oldest are there";
      }
      ++came, next = *received + 1;
    }
    if (ability().loss == Loss::kOldest) {
      EXPECT_EQ(next, kSent) << "the newest are there";
    }
    EXPECT_EQ(came + *lost, kSent) << "told: " << *lost;
  }
}

// The sizes' payloads, all at once and as many as a batch has, and more.
TEST_P(ChannelTest, SendAll) {
  auto channel = opened();
  ASSERT_TRUE(channel);
  if (!ability().sink) GTEST_SKIP() << GetParam()->name << " takes no data";
  for (unsigned batch : {1u, 3u, ability().sink_batch}) {
    channel->set_batch(batch);
    ASSERT_TRUE(channel->setup(0, true));
    std::vector<Payload> held;
    for (auto size : sizes()) held.push_back(filled(size, held.size()));
    for (std::size_t more = 0; more < 2 * batch + 5; ++more)
      held.push_back(filled(more % 100, held.size()));
    std::vector<Bytes> payloads(held.begin(), held.end());
    auto sent = channel->send_all(payloads);
    ASSERT_TRUE(sent) << batch << ": " << sent.error().message;
    ASSERT_TRUE(channel->send_all({}));
    ASSERT_TRUE(channel->flush());
    auto counts = channel->counts();
    ASSERT_TRUE(counts) << counts.error().message;
    EXPECT_EQ(counts->messages, held.size()) << batch;
    EXPECT_EQ(counts->wrong + counts->missing + counts->repeated, 0u) << batch;
  }
}

TEST_P(ChannelTest, SendAllStopsAtWhatIsTooLarge) {
  auto channel = opened();
  ASSERT_TRUE(channel);
  if (!ability().sink) GTEST_SKIP() << GetParam()->name << " takes no data";
  ASSERT_TRUE(channel->setup(0, true));
  auto good = filled(8, 0), large = filled(ability().most + 1, 1);
  Bytes payloads[] = {good, large};
  auto sent = channel->send_all(payloads);
  EXPECT_FALSE(sent && channel->flush());
}

// Each in place, in its order, with receive() between.
TEST_P(ChannelTest, ReceiveEach) {
  auto channel = opened();
  ASSERT_TRUE(channel);
  auto nothing = [](std::uint64_t, Bytes) {};
  if (!ability().stream) {
    EXPECT_EQ(channel->receive_each(1, nothing).error().status, kNo);
    GTEST_SKIP() << GetParam()->name << " has no stream";
  }
  Payload payload;
  for (unsigned batch : {1u, 3u, ability().batch})
    for (auto size : sizes()) {
      channel->set_batch(batch);
      ASSERT_TRUE(channel->setup(static_cast<std::uint32_t>(size), true));
      std::uint64_t next = 0, wrong = 0;
      auto take = [&](std::uint64_t sequence, Bytes bytes) {
        wrong += sequence != next++ || bytes.size() != size || !channel::is_filled(bytes, sequence);
      };
      for (std::uint64_t count : {0u, 1u, 7u, size < 5000 ? 2 * batch : 5}) {
        auto received = channel->receive_each(count, take);
        ASSERT_TRUE(received) << size << ": " << received.error().message;
        auto one = channel->receive(payload);
        ASSERT_TRUE(one) << size << ": " << one.error().message;
        take(*one, payload);
      }
      EXPECT_EQ(wrong, 0u) << size << " in batches of " << batch;
    }
}

TEST_P(ChannelTest, EightStreamsAtOnce) {
  if (!ability().stream) GTEST_SKIP() << GetParam()->name << " has no stream";
  std::vector<std::thread> clients;
  std::atomic<int> good = 0;
  for (unsigned client = 0; client < 8; ++client)
    clients.emplace_back([&, client] {
      auto channel = open(GetParam()->name);
      Payload payload;
      if (!channel || !(*channel)->setup(100 + client, true)) return;
      for (std::uint64_t each = 0; each < 500; ++each) {
        auto received = (*channel)->receive(payload);
        if (!received || *received != each || payload != filled(100 + client, each)) return;
      }
      ++good;
    });
  for (auto& client : clients) client.join();
  EXPECT_EQ(good, 8);
}

TEST_P(ChannelTest, EightClientsAtOnce) {
  if (!ability().echo) GTEST_SKIP() << GetParam()->name << " has no echo";
  std::vector<std::thread> clients;
  std::atomic<int> good = 0;
  for (unsigned client = 0; client < 8; ++client)
    clients.emplace_back([&, client] {
      auto channel = open(GetParam()->name);
      Payload reply;
      for (unsigned each = 0; channel && each < 200; ++each) {
        auto payload = filled(100 + client, client * 1000 + each);
        if (!(*channel)->call(payload, reply) || reply != payload) return;
      }
      good += bool(channel);
    });
  for (auto& client : clients) client.join();
  EXPECT_EQ(good, 8);
}

TEST_P(ChannelTest, AClientKilledMidMessage) {
  if (!ability().sink) GTEST_SKIP() << GetParam()->name << " takes no data";
  for (int each = 0; each < 20; ++each) {
    pid_t child = fork();
    if (child == 0) {
      auto channel = open(GetParam()->name);
      auto payload = filled(4000, 0);
      while (channel && (*channel)->send(payload)) continue;
      _exit(1);
    }
    usleep(3000 + 1000 * static_cast<unsigned>(each));
    kill(child, SIGKILL);
    int status = 0;
    ASSERT_EQ(waitpid(child, &status, 0), child);
    EXPECT_TRUE(WIFSIGNALED(status)) << each;
  }
  auto channel = opened();
  ASSERT_TRUE(channel);
  ASSERT_TRUE(channel->setup(0, true));
  ASSERT_TRUE(channel->send(filled(10, 0)));
  ASSERT_TRUE(channel->flush());
  EXPECT_EQ(channel->counts()->messages, 1u);
}

// Work that io_uring leaves to a task wakes it up, though no signal came.
TEST(ChannelWait, IsNotInterruptedByWorkOfTheTask) {
  ASSERT_TRUE(guest::load("ringside_channels"));
  Payload payload;
  for (int each = 0; each < 200; ++each) {
    if (auto uring = open("uring")) {
      ASSERT_TRUE((*uring)->setup(4096, false));
      ASSERT_TRUE((*uring)->receive(payload));
    }
    auto channel = open("ioctl");
    ASSERT_TRUE(channel) << channel.error().message;
    auto event = (*channel)->wait(1000us);
    ASSERT_TRUE(event) << each << ": " << event.error().message;
    EXPECT_FALSE(*event);
  }
  EXPECT_TRUE(guest::unload("ringside_channels"));
}

TEST_P(ChannelTest, TheModuleStaysWhileItIsUsed) {
  auto channel = opened();
  ASSERT_TRUE(channel);
  EXPECT_FALSE(guest::unload("ringside_channels"));
}

}  // namespace
}  // namespace ringside::channels
