// The ABI of the channels (include/ringside/uapi/channel.h), every byte of it: what is here may not
// change.
#include <gtest/gtest.h>

#include <cstddef>

#include "include/ringside/uapi/channel.h"

namespace {

TEST(UapiChannel, Message) {
  EXPECT_EQ(sizeof(rs_message), 16u);
  EXPECT_EQ(offsetof(rs_message, length), 0u);
  EXPECT_EQ(offsetof(rs_message, type), 4u);
  EXPECT_EQ(offsetof(rs_message, reserved), 6u);
  EXPECT_EQ(offsetof(rs_message, sequence), 8u);
}

TEST(UapiChannel, ChannelSetup) {
  EXPECT_EQ(sizeof(rs_channel_setup), 24u);
  EXPECT_EQ(offsetof(rs_channel_setup, size), 0u);
  EXPECT_EQ(offsetof(rs_channel_setup, version), 4u);
  EXPECT_EQ(offsetof(rs_channel_setup, length), 8u);
  EXPECT_EQ(offsetof(rs_channel_setup, checked), 12u);
  EXPECT_EQ(offsetof(rs_channel_setup, reserved), 16u);
}

TEST(UapiChannel, ChannelSend) {
  EXPECT_EQ(sizeof(rs_channel_send), 40u);
  EXPECT_EQ(offsetof(rs_channel_send, size), 0u);
  EXPECT_EQ(offsetof(rs_channel_send, version), 4u);
  EXPECT_EQ(offsetof(rs_channel_send, message), 8u);
  EXPECT_EQ(offsetof(rs_channel_send, reply), 16u);
  EXPECT_EQ(offsetof(rs_channel_send, bytes), 24u);
  EXPECT_EQ(offsetof(rs_channel_send, room), 28u);
  EXPECT_EQ(offsetof(rs_channel_send, reserved), 32u);
}

TEST(UapiChannel, ChannelReceive) {
  EXPECT_EQ(sizeof(rs_channel_receive), 32u);
  EXPECT_EQ(offsetof(rs_channel_receive, size), 0u);
  EXPECT_EQ(offsetof(rs_channel_receive, version), 4u);
  EXPECT_EQ(offsetof(rs_channel_receive, message), 8u);
  EXPECT_EQ(offsetof(rs_channel_receive, room), 16u);
  EXPECT_EQ(offsetof(rs_channel_receive, bytes), 20u);
  EXPECT_EQ(offsetof(rs_channel_receive, reserved), 24u);
}

TEST(UapiChannel, ChannelNotify) {
  EXPECT_EQ(sizeof(rs_channel_notify), 24u);
  EXPECT_EQ(offsetof(rs_channel_notify, size), 0u);
  EXPECT_EQ(offsetof(rs_channel_notify, version), 4u);
  EXPECT_EQ(offsetof(rs_channel_notify, delay), 8u);
  EXPECT_EQ(offsetof(rs_channel_notify, eventfd), 12u);
  EXPECT_EQ(offsetof(rs_channel_notify, reserved), 16u);
}

TEST(UapiChannel, ChannelWait) {
  EXPECT_EQ(sizeof(rs_channel_wait), 32u);
  EXPECT_EQ(offsetof(rs_channel_wait, size), 0u);
  EXPECT_EQ(offsetof(rs_channel_wait, version), 4u);
  EXPECT_EQ(offsetof(rs_channel_wait, timeout), 8u);
  EXPECT_EQ(offsetof(rs_channel_wait, reserved), 12u);
  EXPECT_EQ(offsetof(rs_channel_wait, sequence), 16u);
  EXPECT_EQ(offsetof(rs_channel_wait, signal_ns), 24u);
}

TEST(UapiChannel, ChannelCounts) {
  EXPECT_EQ(sizeof(rs_channel_counts), 40u);
  EXPECT_EQ(offsetof(rs_channel_counts, messages), 0u);
  EXPECT_EQ(offsetof(rs_channel_counts, bytes), 8u);
  EXPECT_EQ(offsetof(rs_channel_counts, wrong), 16u);
  EXPECT_EQ(offsetof(rs_channel_counts, missing), 24u);
  EXPECT_EQ(offsetof(rs_channel_counts, repeated), 32u);
}

TEST(UapiChannel, ChannelStatus) {
  EXPECT_EQ(sizeof(rs_channel_status), 56u);
  EXPECT_EQ(offsetof(rs_channel_status, size), 0u);
  EXPECT_EQ(offsetof(rs_channel_status, version), 4u);
  EXPECT_EQ(offsetof(rs_channel_status, counts), 8u);
  EXPECT_EQ(offsetof(rs_channel_status, number), 48u);
}

TEST(UapiChannel, ChannelRings) {
  EXPECT_EQ(sizeof(rs_channel_rings), 24u);
  EXPECT_EQ(offsetof(rs_channel_rings, size), 0u);
  EXPECT_EQ(offsetof(rs_channel_rings, version), 4u);
  EXPECT_EQ(offsetof(rs_channel_rings, bytes), 8u);
  EXPECT_EQ(offsetof(rs_channel_rings, reserved), 12u);
  EXPECT_EQ(offsetof(rs_channel_rings, mapping), 16u);
}

TEST(UapiChannel, ChannelKick) {
  EXPECT_EQ(sizeof(rs_channel_kick), 24u);
  EXPECT_EQ(offsetof(rs_channel_kick, size), 0u);
  EXPECT_EQ(offsetof(rs_channel_kick, version), 4u);
  EXPECT_EQ(offsetof(rs_channel_kick, stream), 8u);
  EXPECT_EQ(offsetof(rs_channel_kick, taken), 12u);
  EXPECT_EQ(offsetof(rs_channel_kick, eventfd), 16u);
  EXPECT_EQ(offsetof(rs_channel_kick, reserved), 20u);
}

TEST(UapiChannel, ChannelRelay) {
  EXPECT_EQ(sizeof(rs_channel_relay), 24u);
  EXPECT_EQ(offsetof(rs_channel_relay, size), 0u);
  EXPECT_EQ(offsetof(rs_channel_relay, version), 4u);
  EXPECT_EQ(offsetof(rs_channel_relay, bytes), 8u);
  EXPECT_EQ(offsetof(rs_channel_relay, count), 12u);
  EXPECT_EQ(offsetof(rs_channel_relay, overwrite), 16u);
  EXPECT_EQ(offsetof(rs_channel_relay, reserved), 20u);
}

TEST(UapiChannel, ChannelRelayState) {
  EXPECT_EQ(sizeof(rs_channel_relay_state), 32u);
  EXPECT_EQ(offsetof(rs_channel_relay_state, size), 0u);
  EXPECT_EQ(offsetof(rs_channel_relay_state, version), 4u);
  EXPECT_EQ(offsetof(rs_channel_relay_state, cpu), 8u);
  EXPECT_EQ(offsetof(rs_channel_relay_state, release), 12u);
  EXPECT_EQ(offsetof(rs_channel_relay_state, produced), 16u);
  EXPECT_EQ(offsetof(rs_channel_relay_state, taken), 24u);
}

TEST(UapiChannel, ChannelProduce) {
  EXPECT_EQ(sizeof(rs_channel_produce), 32u);
  EXPECT_EQ(offsetof(rs_channel_produce, size), 0u);
  EXPECT_EQ(offsetof(rs_channel_produce, version), 4u);
  EXPECT_EQ(offsetof(rs_channel_produce, way), 8u);
  EXPECT_EQ(offsetof(rs_channel_produce, count), 12u);
  EXPECT_EQ(offsetof(rs_channel_produce, lost), 16u);
  EXPECT_EQ(offsetof(rs_channel_produce, reserved), 24u);
}

TEST(UapiChannel, ChannelDevice) {
  EXPECT_EQ(sizeof(rs_channel_device), 16u);
  EXPECT_EQ(offsetof(rs_channel_device, size), 0u);
  EXPECT_EQ(offsetof(rs_channel_device, version), 4u);
  EXPECT_EQ(offsetof(rs_channel_device, number), 8u);
}

TEST(UapiChannel, ChannelAt) {
  EXPECT_EQ(sizeof(rs_channel_at), 16u) << "what an SQE of 64 bytes has room for";
  EXPECT_EQ(offsetof(rs_channel_at, message), 0u);
  EXPECT_EQ(offsetof(rs_channel_at, bytes), 8u);
  EXPECT_EQ(offsetof(rs_channel_at, reserved), 12u);
}

TEST(UapiChannel, Ring) {
  EXPECT_EQ(sizeof(rs_ring), 128u);
  EXPECT_EQ(offsetof(rs_ring, written), 0u);
  EXPECT_EQ(offsetof(rs_ring, taken), 64u);
}

TEST(UapiChannel, Numbers) {
  EXPECT_EQ(RS_CHANNEL_VERSION, 1);
  EXPECT_EQ(RS_MESSAGE_SKIP, 0);
  EXPECT_EQ(RS_MESSAGE_ECHO, 1);
  EXPECT_EQ(RS_MESSAGE_REPLY, 2);
  EXPECT_EQ(RS_MESSAGE_DATA, 3);
  EXPECT_EQ(RS_MESSAGE_EVENT, 4);
  EXPECT_EQ(RS_CHANNEL_SYSCALL, 400);
  EXPECT_EQ(RS_CHANNEL_SEND, 0);
  EXPECT_EQ(RS_CHANNEL_RECEIVE, 1);
  EXPECT_EQ(RS_CHANNEL_WAY_RELAY, 0);
  EXPECT_EQ(RS_CHANNEL_WAY_TRACEPOINT, 1);
  EXPECT_EQ(RS_CHANNEL_CMD_MESSAGE, 1);
  EXPECT_EQ(RS_CHANNEL_CMD_EVENT, 2);
  EXPECT_EQ(RS_CHANNEL_CMD_COUNTS, 3);
  EXPECT_EQ(RS_CHANNEL_A_MESSAGE, 1);
  EXPECT_EQ(RS_CHANNEL_A_LENGTH, 2);
  EXPECT_EQ(RS_CHANNEL_A_COUNT, 3);
  EXPECT_EQ(RS_CHANNEL_A_CHECKED, 4);
  EXPECT_EQ(RS_CHANNEL_A_FIRST, 5);
  EXPECT_EQ(RS_CHANNEL_A_COUNTS, 6);
}

TEST(UapiChannel, Calls) {
  EXPECT_EQ(RS_CHANNEL_IOC_SETUP, 0x40185250u);
  EXPECT_EQ(RS_CHANNEL_IOC_SEND, 0x40285251u);
  EXPECT_EQ(RS_CHANNEL_IOC_RECEIVE, 0xc0205252u);
  EXPECT_EQ(RS_CHANNEL_IOC_NOTIFY, 0x40185253u);
  EXPECT_EQ(RS_CHANNEL_IOC_WAIT, 0xc0205254u);
  EXPECT_EQ(RS_CHANNEL_IOC_STATUS, 0xc0385255u);
  EXPECT_EQ(RS_CHANNEL_IOC_RINGS, 0xc0185256u);
  EXPECT_EQ(RS_CHANNEL_IOC_KICK, 0xc0185257u);
  EXPECT_EQ(RS_CHANNEL_IOC_RELAY, 0xc0185258u);
  EXPECT_EQ(RS_CHANNEL_IOC_RELAY_STATE, 0xc0205259u);
  EXPECT_EQ(RS_CHANNEL_IOC_PRODUCE, 0xc020525au);
  EXPECT_EQ(RS_CHANNEL_IOC_DEVICE, 0xc010525bu);
  EXPECT_EQ(RS_CHANNEL_URING_SEND_AT, 0x40105270u);
  EXPECT_EQ(RS_CHANNEL_URING_RECEIVE_AT, 0x40105271u);
}

}  // namespace
