// core/channel: messages and their judgement, the ring between two sides, and a peer that lies.
#include <gtest/gtest.h>

#include <memory>
#include <random>
#include <vector>

#include "core/channel/message.hh"
#include "core/channel/ring.hh"

namespace ringside::channel {
namespace {

std::vector<std::byte> message(Type type, std::uint64_t sequence, std::size_t length) {
  Header header{static_cast<std::uint32_t>(length), type, 0, sequence};
  std::vector<std::byte> bytes(kHeader + length);
  std::memcpy(bytes.data(), &header, kHeader);
  fill(std::span(bytes).subspan(kHeader), sequence);
  return bytes;
}

TEST(ChannelMessage, IsReadWhereItIsWhole) {
  auto bytes = message(Type::kData, 7, 100);
  auto read = read_message(bytes);
  ASSERT_TRUE(read);
  EXPECT_EQ(read->header.sequence, 7u);
  EXPECT_EQ(read->payload.size(), 100u);
  EXPECT_TRUE(is_filled(read->payload, 7));
  for (std::size_t size = 0; size < bytes.size(); ++size)
    EXPECT_FALSE(read_message(Bytes(bytes).first(size))) << size;
}

TEST(ChannelMessage, UnknownTypesAndReservedBytesAreRefused) {
  for (auto [at, value] : {std::pair(4, 5), {5, 1}, {6, 1}, {7, 1}, {2, 0x11}, {3, 1}}) {
    auto bytes = message(Type::kData, 0, 8);
    bytes[static_cast<std::size_t>(at)] = static_cast<std::byte>(value);
    EXPECT_FALSE(read_message(bytes)) << at;
  }
}

TEST(ChannelMessage, AreReadOneBehindAnotherUpToASkip) {
  std::vector<std::byte> run;
  for (std::uint64_t sequence = 0; sequence < 5; ++sequence) {
    auto bytes = message(Type::kData, sequence, sequence * 3);
    run.insert(run.end(), bytes.begin(), bytes.end());
    run.resize((run.size() + 7) / 8 * 8);
  }
  auto count = [](Bytes rest) {
    std::uint64_t sequence = 0;
    for (auto next = read_next(rest); next && *next; next = read_next(rest), ++sequence)
      EXPECT_EQ((*next)->header.sequence, sequence);
    return sequence;
  };
  EXPECT_EQ(count(run), 5u);
  auto whole = run;
  Header skip{0, Type::kSkip, 0, 0};
  for (std::size_t bytes : {8u, 16u, 64u}) {
    run = whole;
    run.resize(whole.size() + bytes, std::byte{0xff});
    std::memcpy(run.data() + whole.size(), &skip, 8);
    EXPECT_EQ(count(run), 5u) << bytes;
  }
  for (std::size_t cut = whole.size() - 5; cut > whole.size() - 12; --cut)
    EXPECT_EQ(count(Bytes(whole).first(cut)), 4u) << cut;
  Bytes nothing;
  EXPECT_FALSE(*read_next(nothing));
}

// What is read quickly is what is read, whatever the bytes.
TEST(ChannelMessage, ReadQuicklyAgreesWithReadNext) {
  std::mt19937 random(3);
  unsigned quick = 0;
  for (int round = 0; round < 20'000; ++round) {
    auto bytes = message(static_cast<Type>(random() % 6), random(), random() % 40);
    bytes.resize(bytes.size() + random() % 20);
    if (random() % 2) bytes[random() % 8] = static_cast<std::byte>(random());
    Bytes one = bytes, other = bytes;
    Message message{};
    if (!read_quickly(one, message)) continue;
    auto next = read_next(other);
    ASSERT_TRUE(next && *next);
    EXPECT_EQ((*next)->header.sequence, message.header.sequence);
    EXPECT_EQ((*next)->payload.data(), message.payload.data());
    EXPECT_EQ((*next)->payload.size(), message.payload.size());
    EXPECT_EQ(one.size(), other.size());
    ++quick;
  }
  EXPECT_GT(quick, 1000u);
}

TEST(ChannelMessage, ThePatternIsItsSequences) {
  for (std::size_t size : {1u, 7u, 8u, 9u, 64u, 1000u}) {
    std::vector<std::byte> payload(size);
    fill(payload, 5);
    EXPECT_TRUE(is_filled(payload, 5)) << size;
    EXPECT_FALSE(is_filled(payload, 6)) << size;
    for (std::size_t at = 0; at < size; ++at) {
      payload[at] ^= std::byte{1};
      EXPECT_FALSE(is_filled(payload, 5)) << at;
      payload[at] ^= std::byte{1};
    }
  }
}

void take(Sink& sink, std::uint64_t sequence, std::uint64_t pattern) {
  auto bytes = message(Type::kData, pattern, 32);
  sink.take(sequence, read_message(bytes)->payload);
}

TEST(ChannelSink, CountsWhatIsWrongMissingAndRepeated) {
  Sink sink;
  sink.set_checked(true);
  take(sink, 0, 0);
  take(sink, 1, 9);  // wrong
  take(sink, 4, 4);  // 2 and 3 are missing
  take(sink, 4, 4);
  take(sink, 1, 1);
  const auto& counts = sink.counts();
  EXPECT_EQ(counts.messages, 5u);
  EXPECT_EQ(counts.bytes, 5u * 32);
  EXPECT_EQ(counts.wrong, 1u);
  EXPECT_EQ(counts.missing, 2u);
  EXPECT_EQ(counts.repeated, 2u);
}

// A ring with both its sides in one process.
struct RingTest : testing::Test {
  static constexpr std::size_t kBytes = 4096;
  bool put(std::uint64_t sequence, std::size_t length) {
    auto room = writer_.room(length);
    EXPECT_TRUE(room);
    if (!room || !*room) return false;
    fill(**room, sequence);
    writer_.put({static_cast<std::uint32_t>(length), Type::kData, 0, sequence});
    return true;
  }
  // The sequence of the message that is taken; -1 where there is none.
  std::int64_t get(std::size_t length) {
    auto next = reader_.peek();
    EXPECT_TRUE(next);
    if (!next || !*next) return -1;
    EXPECT_EQ((*next)->payload.size(), length);
    EXPECT_TRUE(is_filled((*next)->payload, (*next)->header.sequence));
    auto sequence = static_cast<std::int64_t>((*next)->header.sequence);
    reader_.take();
    return sequence;
  }
  void put_raw(std::size_t at, Header header) {
    std::memcpy(memory_.data() + at, &header, kHeader);
  }

  Positions positions_{};
  alignas(8) std::array<std::byte, kBytes> memory_{};
  Ring writer_{&positions_, memory_}, reader_{&positions_, memory_};
};

TEST_F(RingTest, GivesWhatWasPutInItsOrder) {
  EXPECT_EQ(get(0), -1);
  for (std::uint64_t sequence = 0; sequence < 10'000; ++sequence) {
    auto length = sequence * 37 % writer_.most();
    ASSERT_TRUE(put(sequence, length)) << sequence;
    ASSERT_EQ(get(length), static_cast<std::int64_t>(sequence));
  }
}

TEST_F(RingTest, IsFullAndGoesOn) {
  std::uint64_t in = 0, out = 0;
  std::mt19937 random(3);
  std::vector<std::size_t> lengths;
  for (int turn = 0; turn < 2000; ++turn) {
    while (true) {
      auto length = random() % 700;
      if (!put(in, length)) break;
      lengths.push_back(length), ++in;
    }
    for (auto some = random() % 5 + 1; some > 0 && out < in; --some, ++out)
      ASSERT_EQ(get(lengths[out]), static_cast<std::int64_t>(out));
  }
  EXPECT_GT(in, 4000u);
}

TEST_F(RingTest, TheLargestFitsAnEmptyRingWhereverItIs) {
  for (std::size_t before = 0; before < kBytes; before += 8) {
    ASSERT_TRUE(put(1, before % writer_.most()));
    get(before % writer_.most());
    ASSERT_TRUE(put(2, writer_.most())) << before;
    ASSERT_EQ(get(writer_.most()), 2);
  }
  EXPECT_FALSE(writer_.room(writer_.most() + 1));
}

TEST_F(RingTest, PositionsThatCannotBeAreRefused) {
  for (std::uint64_t lie : {kBytes + 8ul, 1ul << 63, ~0ul - 7, 4ul}) {
    positions_ = {lie, 0};
    EXPECT_FALSE(Ring(&positions_, memory_).peek()) << lie;
  }
  Ring full(&positions_, memory_);
  positions_ = {0, 0};
  for (int each = 0; each < 4; ++each) {
    ASSERT_TRUE(full.room(1000)) << each;
    full.put({1000, Type::kData, 0, 0});
    if (each == 2) positions_.taken = 1 << 20;
  }
  SUCCEED();
}

TEST_F(RingTest, AWriterThatLiesIsSeenThrough) {
  positions_.written = 64;
  for (Header lie : {Header{1 << 20, Type::kData, 0, 0}, Header{100, Type::kData, 0, 0},
                     Header{8, Type(9), 0, 0}, Header{8, Type::kData, 1, 0},
                     Header{0xffffffff, Type::kEcho, 0, 0}, Header{0, Type::kSkip, 0, 0}}) {
    put_raw(0, lie);
    EXPECT_FALSE(Ring(&positions_, memory_).peek()) << lie.length;
  }
  put_raw(0, {48, Type::kData, 0, 3});
  auto good = Ring(&positions_, memory_).peek();
  ASSERT_TRUE(good && *good);
  EXPECT_EQ((*good)->header.sequence, 3u);
}

}  // namespace
}  // namespace ringside::channel
