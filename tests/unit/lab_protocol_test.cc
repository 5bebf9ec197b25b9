// The lab's protocol: what is encoded comes back, however it is cut; what is hostile is refused.
#include "lab/protocol.hh"

#include <gtest/gtest.h>

namespace ringside::lab {
namespace {

std::vector<Message> decode_in_steps(const std::string& bytes, std::size_t step) {
  Decoder decoder(kControlLimit);
  std::vector<Message> messages;
  for (std::size_t at = 0; at < bytes.size(); at += step) {
    decoder.feed(std::string_view(bytes).substr(at, step));
    for (;;) {
      auto message = decoder.next();
      EXPECT_TRUE(message) << message.error().what;
      if (!message || !*message) break;
      messages.push_back(**message);
    }
  }
  return messages;
}

TEST(LabProtocol, MessagesSurviveEveryCut) {
  std::string binary("\0\xff\n\r\x1b", 5);
  auto bytes = encode(Type::kHello, 0, "6.1.0") + encode(Type::kData, 7, binary) +
               encode(Type::kEof, 7) + encode(Type::kData, 8, std::string(kDataLimit, 'x'));
  for (std::size_t step : {1ul, 3ul, 13ul, 4096ul, bytes.size()}) {
    auto messages = decode_in_steps(bytes, step);
    ASSERT_EQ(messages.size(), 4u) << step;
    EXPECT_EQ(messages[0].payload, "6.1.0");
    EXPECT_EQ(messages[1].payload, binary);
    EXPECT_EQ(messages[1].run, 7u);
    EXPECT_EQ(messages[2].type, Type::kEof);
    EXPECT_EQ(messages[3].payload.size(), kDataLimit);
  }
}

TEST(LabProtocol, WireFormatIsFixed) {
  EXPECT_EQ(encode(Type::kData, 0x01020304, "ab"),
            std::string("\x01\x09\0\0\x04\x03\x02\x01\x02\0\0\0ab", 14));
}

const char* refusal(std::string bytes, std::uint32_t limit = kDataLimit) {
  Decoder decoder(limit);
  decoder.feed(bytes);
  auto message = decoder.next();
  return message ? nullptr : message.error().what;
}

TEST(LabProtocol, HostileHeadersAreRefused) {
  auto good = encode(Type::kData, 1, "x");
  EXPECT_EQ(refusal(good), nullptr);
  auto changed = [&](std::size_t at, char value) {
    auto bytes = good;
    bytes[at] = value;
    return bytes;
  };
  EXPECT_STREQ(refusal(changed(0, 2)), "unknown version");
  EXPECT_STREQ(refusal(changed(0, 0)), "unknown version");
  EXPECT_STREQ(refusal(changed(1, 0)), "unknown type");
  EXPECT_STREQ(refusal(changed(1, 11)), "unknown type");
  EXPECT_STREQ(refusal(changed(2, 1)), "reserved field is not zero");
  EXPECT_STREQ(refusal(changed(3, 1)), "reserved field is not zero");
  EXPECT_STREQ(refusal(changed(11, '\x80')), "payload too large");
  EXPECT_STREQ(refusal(encode(Type::kData, 1, std::string(kDataLimit + 1, 'x'))),
               "payload too large");
}

TEST(LabProtocol, TooLargeIsRefusedBeforeItsBytesCome) {
  auto header = encode(Type::kData, 1, std::string(kDataLimit + 1, 'x')).substr(0, kHeaderSize);
  EXPECT_STREQ(refusal(header), "payload too large");
}

TEST(LabProtocol, ErrorsStay) {
  Decoder decoder(kDataLimit);
  decoder.feed(std::string(kHeaderSize, '\0'));
  EXPECT_FALSE(decoder.next());
  decoder.feed(encode(Type::kEof, 1));
  EXPECT_FALSE(decoder.next());
}

TEST(LabProtocol, CommandRoundTrip) {
  Command command{{"sh", "-c", "echo \"$X\"", ""}, {"X=a b", "EMPTY="}, "/some where"};
  auto back = decode_command(encode(command));
  ASSERT_TRUE(back);
  EXPECT_EQ(back->argv, command.argv);
  EXPECT_EQ(back->environment, command.environment);
  EXPECT_EQ(back->directory, command.directory);
}

TEST(LabProtocol, ConfigRoundTrip) {
  BootConfig config{
      {"/lab/virtio.ko"}, {{"tag0", "/", false}, {"tag1", "/a\tb\nc", true}}, true, true};
  auto back = decode_config(encode(config));
  ASSERT_TRUE(back);
  EXPECT_EQ(back->modules, config.modules);
  ASSERT_EQ(back->shares.size(), 2u);
  EXPECT_EQ(back->shares[1].path, "/a\tb\nc");
  EXPECT_TRUE(back->shares[1].writable);
  EXPECT_FALSE(back->shares[0].writable);
  EXPECT_TRUE(back->root_on_disk);
  EXPECT_TRUE(back->nmi);
}

// A payload cut anywhere, or with a byte too many, is refused.
template <class Decode>
void expect_exact(const std::string& payload, Decode decode) {
  EXPECT_TRUE(decode(payload));
  for (std::size_t size = 0; size < payload.size(); ++size)
    EXPECT_FALSE(decode(std::string_view(payload).substr(0, size))) << size;
  EXPECT_FALSE(decode(payload + '\0'));
}

TEST(LabProtocol, CutPayloadsAreRefused) {
  expect_exact(encode(Command{{"a", "bc"}, {"D=e"}, "/f"}), decode_command);
  expect_exact(encode(Exit{9, 0, 128}), decode_exit);
  expect_exact(encode_u32(9), decode_u32);
  expect_exact(encode(BootConfig{{"m"}, {{"t", "/p", false}}, false, true}), decode_config);
}

TEST(LabProtocol, FalseCountsAreRefused) {
  auto payload = encode(Command{{"a"}, {}, "/"});
  payload[5] = payload[6] = payload[7] = '\x7f';  // the count of argv
  EXPECT_FALSE(decode_command(payload));
  EXPECT_FALSE(decode_command(encode(Command{{}, {}, "/"})));
}

TEST(LabProtocol, ImpossibleExitsAreRefused) {
  EXPECT_FALSE(decode_exit(encode(Exit{65, 0, 0})));
  EXPECT_FALSE(decode_exit(encode(Exit{0, 256, 0})));
  auto exit = decode_exit(encode(Exit{0, 255, 1ull << 40}));
  ASSERT_TRUE(exit);
  EXPECT_EQ(exit->status, 255u);
  EXPECT_EQ(exit->tainted, 1ull << 40);
}

}  // namespace
}  // namespace ringside::lab
