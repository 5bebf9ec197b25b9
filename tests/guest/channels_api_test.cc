// Channels by libringside, as a program of somebody else's has them.
#include <gtest/gtest.h>
#include <poll.h>

#include <cstring>

#include "ringside/ringside.hh"
#include "tests/guest/module.hh"

namespace {

using namespace std::chrono_literals;

struct ChannelApiTest : testing::TestWithParam<const char*> {
  static void SetUpTestSuite() { ASSERT_TRUE(ringside::guest::load("ringside_channels")); }
  static void TearDownTestSuite() {
    EXPECT_TRUE(ringside::guest::unload("ringside_channels"));
    ringside::guest::expect_clean_log();
  }
  ringside::Channel opened() {
    auto channel = ringside::Channel::open(GetParam());
    EXPECT_TRUE(channel) << channel.error().message;
    return std::move(*channel);
  }
};
INSTANTIATE_TEST_SUITE_P(Some, ChannelApiTest, testing::Values("ioctl", "ring", "relay", "eventfd"),
                         [](const auto& name) { return std::string(name.param); });

TEST_P(ChannelApiTest, DoesWhatItSaysAndSaysWhatItCannot) {
  auto channel = opened();
  auto can = channel.ability();
  auto reply = channel.call("some text", 9);
  EXPECT_EQ(bool(reply), can.echo);
  if (reply) {
    EXPECT_EQ(std::string(reply->begin(), reply->end()), "some text");
  } else {
    EXPECT_EQ(reply.error().status, RINGSIDE_USAGE) << reply.error().message;
  }
  auto sent = channel.send("text", 4);
  EXPECT_EQ(sent ? sent->status : RINGSIDE_YES, can.sink ? RINGSIDE_YES : RINGSIDE_USAGE);
  EXPECT_FALSE(channel.flush());
  auto message = channel.receive();
  EXPECT_EQ(bool(message), can.stream);
  if (message) {
    EXPECT_EQ(message->payload.size(), 0u) << "as long as nothing is set up";
  }
  auto told = channel.notify(1ms);
  EXPECT_EQ(told ? told->status : RINGSIDE_YES, can.notify ? RINGSIDE_YES : RINGSIDE_USAGE);
  EXPECT_EQ(channel.descriptor() >= 0, can.notify);
}

TEST_P(ChannelApiTest, EventsComeInTimeOrNot) {
  auto channel = opened();
  if (!channel.ability().notify) GTEST_SKIP() << GetParam() << " has no events";
  auto none = channel.wait(1ms);
  ASSERT_TRUE(none) << none.error().message;
  EXPECT_FALSE(*none);
  ASSERT_FALSE(channel.notify(1ms));
  pollfd wanted{channel.descriptor(), channel.poll_events(), 0};
  EXPECT_EQ(poll(&wanted, 1, 20'000), 1);
  auto event = channel.wait(20s);
  ASSERT_TRUE(event && *event);
  EXPECT_EQ((*event)->sequence, 0u);
}

TEST_P(ChannelApiTest, StreamsInOrderAndKeepsWhatHasNoRoom) {
  ringside_channel* channel = nullptr;
  ASSERT_EQ(ringside_channel_open(GetParam(), &channel, nullptr), RINGSIDE_YES);
  ringside_ability can = RINGSIDE_ABILITY_INIT;
  ASSERT_EQ(ringside_channel_ability(channel, &can), RINGSIDE_YES);
  unsigned char room[100];
  std::uint64_t size = 100, sequence = 7;
  ringside_error error = RINGSIDE_ERROR_INIT;
  if (can.stream) {
    ASSERT_EQ(ringside_channel_setup(channel, 100, nullptr), RINGSIDE_YES);
    EXPECT_EQ(ringside_channel_receive(channel, room, &size, nullptr, nullptr), RINGSIDE_YES);
    size = 99;
    EXPECT_EQ(ringside_channel_receive(channel, room, &size, &sequence, &error), RINGSIDE_USAGE);
    EXPECT_EQ(size, 100u) << "what it needs";
    EXPECT_NE(std::strstr(error.message, "100 bytes"), nullptr) << error.message;
    EXPECT_EQ(ringside_channel_receive(channel, room, &size, &sequence, nullptr), RINGSIDE_YES);
    EXPECT_EQ(sequence, 1u) << "none was lost";
  }
  size = 3;
  EXPECT_EQ(ringside_channel_call(channel, "text", 4, room, &size, &error), RINGSIDE_USAGE);
  EXPECT_EQ(ringside_channel_send(channel, "", can.most + 1, &error), RINGSIDE_USAGE);
  ringside_channel_close(channel);
}

}  // namespace
