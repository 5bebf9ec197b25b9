// core/channel's quick ways: many messages of a ring at once, copies without a call, a service in
// place; each against the slow way, and against a peer that lies.
#include <gtest/gtest.h>

#include <array>
#include <cstring>
#include <deque>
#include <random>
#include <vector>

#include "core/channel/message.hh"
#include "core/channel/ring.hh"

namespace ringside::channel {
namespace {

using Payload = std::vector<std::byte>;

Payload filled(std::size_t size, std::uint64_t sequence) {
  Payload payload(size);
  fill(payload, sequence);
  return payload;
}

TEST(ChannelCopy, IsMemcpyAndWritesNothingElse) {
  auto from = filled(300, 1);
  for (std::size_t size = 0; size <= from.size(); ++size) {
    Payload to(302, std::byte{0xaa}), expected = to;
    channel::copy(to.data() + 1, from.data(), size);
    std::memcpy(expected.data() + 1, from.data(), size);
    ASSERT_EQ(to, expected) << size;
  }
}

TEST(ChannelCopy, ZeroIsMemset) {
  for (std::size_t size = 0; size <= 300; ++size) {
    Payload to(302, std::byte{0xaa}), expected = to;
    channel::zero(to.data() + 1, size);
    std::memset(expected.data() + 1, 0, size);
    ASSERT_EQ(to, expected) << size;
  }
}

TEST(ChannelCopy, MadeDataIsThePatternOrZeroes) {
  for (std::size_t size : {0u, 5u, 64u, 257u}) {
    Payload payload(size, std::byte{0xaa});
    make_payload(payload, 9, true);
    EXPECT_EQ(payload, filled(size, 9)) << size;
    make_payload(payload, 9, false);
    EXPECT_EQ(payload, Payload(size)) << size;
  }
}

Payload message(Header header, std::size_t payload) {
  Payload bytes(kHeader);
  std::memcpy(bytes.data(), &header, kHeader);
  auto behind = filled(payload, header.sequence);
  bytes.insert(bytes.end(), behind.begin(), behind.end());
  return bytes;
}

TEST(ChannelServe, AnswersAnEchoInPlace) {
  Sink sink;
  auto echo = message({20, Type::kEcho, 0, 7}, 20);
  EXPECT_EQ(serve(echo, sink), Type::kReply);
  EXPECT_EQ(echo, message({20, Type::kReply, 0, 7}, 20));
  EXPECT_EQ(sink.counts().messages, 0u);
}

TEST(ChannelServe, TakesData) {
  Sink sink;
  sink.set_checked(true);
  auto good = message({20, Type::kData, 0, 0}, 20), bad = good;
  bad.back() ^= std::byte{1};
  EXPECT_EQ(serve(good, sink), Type::kData);
  EXPECT_EQ(serve(bad, sink), Type::kData);
  EXPECT_EQ(sink.counts().messages, 2u);
  EXPECT_EQ(sink.counts().bytes, 40u);
  EXPECT_EQ(sink.counts().wrong, 1u);
  EXPECT_EQ(sink.counts().repeated, 1u);
}

TEST(ChannelServe, RefusesWhatUsersDoNotSend) {
  Sink sink;
  for (auto type : {Type::kSkip, Type::kReply, Type::kEvent, Type(5), Type(0xffff)}) {
    auto bytes = message({8, type, 0, 0}, 8);
    EXPECT_EQ(serve(bytes, sink), Type::kSkip) << static_cast<int>(type);
  }
  for (Header lie : {Header{8, Type::kData, 1, 0}, Header{7, Type::kData, 0, 0},
                     Header{9, Type::kEcho, 0, 0}, Header{0xffffffff, Type::kData, 0, 0}}) {
    auto bytes = message(lie, 8), before = bytes;
    EXPECT_EQ(serve(bytes, sink), Type::kSkip) << lie.length;
    EXPECT_EQ(bytes, before) << lie.length;
  }
  auto whole = message({0, Type::kEcho, 0, 0}, 0);
  for (std::size_t size = 0; size < kHeader; ++size)
    EXPECT_EQ(serve(std::span(whole).first(size), sink), Type::kSkip) << size;
  EXPECT_EQ(sink.counts().messages, 0u);
}

// A ring between a writer and a reader, with bytes around it that nobody may write to.
struct QuickRingTest : testing::Test {
  static constexpr std::size_t kBytes = 4096, kAround = 64;
  QuickRingTest() { around_.fill(std::byte{0x5a}); }
  ~QuickRingTest() override {
    for (std::size_t at = 0; at < kAround; ++at) {
      EXPECT_EQ(around_[at], std::byte{0x5a}) << "before the ring";
      EXPECT_EQ(around_[kAround + kBytes + at], std::byte{0x5a}) << "behind the ring";
    }
  }
  std::span<std::byte> memory() { return std::span(around_).subspan(kAround, kBytes); }
  void put_raw(std::size_t at, Header header) {
    std::memcpy(memory().data() + at, &header, kHeader);
  }
  // How many of `count` messages of DATA are put, each of `length`, from `first` on.
  std::size_t put(std::uint64_t first, std::size_t length, std::size_t count) {
    std::vector<Payload> held;
    for (std::size_t each = 0; each < count; ++each) held.push_back(filled(length, first + each));
    return writer_.put_each(Type::kData, first, std::vector<Bytes>(held.begin(), held.end()));
  }
  // Has the writer look at the reader's position again, as room() does.
  bool find_room(std::size_t length) {
    auto room = writer_.room(length);
    return room && *room;
  }
  unsigned take(unsigned count, std::vector<std::uint64_t>& numbers) {
    return reader_.take_each(Type::kData, count, [&](std::uint64_t sequence, Bytes payload) {
      EXPECT_TRUE(is_filled(payload, sequence)) << sequence;
      numbers.push_back(sequence);
    });
  }

  Positions positions_{};
  alignas(64) std::array<std::byte, kBytes + 2 * kAround> around_;
  Ring writer_{&positions_, memory()}, reader_{&positions_, memory()};
};

TEST_F(QuickRingTest, PutsNothingBeforeRoomWasFound) {
  EXPECT_EQ(put(0, 8, 1), 0u);
  EXPECT_EQ(writer_.place(8), nullptr);
  ASSERT_TRUE(find_room(8));
  EXPECT_EQ(put(0, 8, 1), 1u);
  EXPECT_NE(writer_.place(8), nullptr);
}

TEST_F(QuickRingTest, PutsUntilItIsFullAndGoesOnAfterTaking) {
  ASSERT_TRUE(find_room(48));
  EXPECT_EQ(put(0, 48, 100), kBytes / 64);
  EXPECT_FALSE(find_room(48)) << "full";
  std::vector<std::uint64_t> numbers;
  EXPECT_EQ(take(10, numbers), 10u);
  ASSERT_TRUE(find_room(48));
  EXPECT_EQ(put(64, 48, 100), 10u);
  EXPECT_EQ(take(1000, numbers), 54u) << "up to the ring's end";
  EXPECT_EQ(take(1000, numbers), 10u);
  EXPECT_EQ(take(1000, numbers), 0u);
  for (std::size_t each = 0; each < numbers.size(); ++each) EXPECT_EQ(numbers[each], each);
}

TEST_F(QuickRingTest, AMessageOfNothingAndTheLargest) {
  for (std::size_t length : {std::size_t{0}, std::size_t{1}, writer_.most()}) {
    std::vector<std::uint64_t> numbers;
    ASSERT_TRUE(find_room(length));
    ASSERT_EQ(put(length, length, 1), 1u) << length;
    while (take(1, numbers) == 0) ASSERT_TRUE(*reader_.peek());
    EXPECT_EQ(numbers, std::vector<std::uint64_t>{length});
  }
  ASSERT_TRUE(find_room(writer_.most()));
  EXPECT_EQ(put(0, writer_.most() + 1, 1), 0u);
  EXPECT_EQ(writer_.place(writer_.most() + 1), nullptr);
}

TEST_F(QuickRingTest, StopsBeforeWhatIsOfAnotherType) {
  Message message;
  EXPECT_FALSE(reader_.next(message)) << "empty";
  ASSERT_TRUE(find_room(8));
  ASSERT_EQ(put(0, 8, 2), 2u);
  auto echo = filled(16, 40);
  Bytes one(echo);
  ASSERT_EQ(writer_.put_each(Type::kEcho, 40, {&one, 1}), 1u);
  ASSERT_EQ(put(2, 8, 1), 1u);
  std::vector<std::uint64_t> numbers;
  EXPECT_EQ(take(9, numbers), 2u);
  EXPECT_EQ(take(9, numbers), 0u);
  ASSERT_TRUE(reader_.next(message));
  EXPECT_EQ(message.header.type, Type::kEcho);
  EXPECT_EQ(message.header.sequence, 40u);
  EXPECT_EQ(message.payload.size(), 16u);
  reader_.take();
  EXPECT_EQ(take(9, numbers), 1u);
  EXPECT_EQ(numbers, (std::vector<std::uint64_t>{0, 1, 2}));
}

// Every way in, against every way out, at every place in the ring.
TEST_F(QuickRingTest, QuickAndSlowWaysMix) {
  std::mt19937 random(11);
  std::deque<std::pair<std::uint64_t, std::size_t>> there;
  std::uint64_t next = 0, taken = 0;
  auto check = [&](std::uint64_t sequence, Bytes payload) {
    ASSERT_FALSE(there.empty());
    EXPECT_EQ(sequence, there.front().first);
    EXPECT_EQ(payload.size(), there.front().second);
    EXPECT_TRUE(is_filled(payload, sequence));
    there.pop_front(), ++taken;
  };
  auto fill_place = [&](std::byte* place, std::size_t length) {
    fill({place, length}, next);
    writer_.put({static_cast<std::uint32_t>(length), Type::kData, 0, next});
    there.emplace_back(next++, length);
  };
  for (int turn = 0; turn < 40'000; ++turn) {
    auto length = random() % 5 ? random() % 100 : random() % (writer_.most() + 1);
    switch (random() % 7) {
      case 0: {
        auto room = writer_.room(length);
        ASSERT_TRUE(room);
        if (*room) fill_place((*room)->data(), length);
        break;
      }
      case 1:
        if (auto* place = writer_.place(length)) fill_place(place, length);
        break;
      case 2:
        for (auto some = put(next, length, random() % 9); some > 0; --some)
          there.emplace_back(next++, length);
        break;
      case 3: {
        auto made = writer_.make_data(next, static_cast<std::uint32_t>(length), true, random() % 9);
        ASSERT_TRUE(made);
        for (auto some = *made; some > 0; --some) there.emplace_back(next++, length);
        break;
      }
      case 4: {
        auto message = reader_.peek();
        ASSERT_TRUE(message);
        ASSERT_EQ(bool(*message), !there.empty());
        if (!*message) break;
        check((*message)->header.sequence, (*message)->payload);
        reader_.take();
        break;
      }
      case 5: {
        Message message;
        if (!reader_.next(message)) break;
        check(message.header.sequence, message.payload);
        reader_.take();
        break;
      }
      default:
        reader_.take_each(Type::kData, random() % 9, check);
    }
  }
  EXPECT_GT(taken, 10'000u);
}

TEST_F(QuickRingTest, TakesDataToASink) {
  Sink sink;
  sink.set_checked(true);
  Payload to(reader_.most());
  std::uint64_t next = 0;
  for (int turn = 0; turn < 500; ++turn) {
    auto made = writer_.make_data(next, static_cast<std::uint32_t>(turn % 200), true, 50);
    ASSERT_TRUE(made);
    next += *made;
    while (reader_.take_data(sink, to.data(), 7) > 0) continue;
    ASSERT_TRUE(reader_.peek());  // over a SKIP
    while (reader_.take_data(sink, to.data(), 7) > 0) continue;
  }
  EXPECT_EQ(sink.counts().messages, next);
  EXPECT_EQ(sink.counts().wrong + sink.counts().missing + sink.counts().repeated, 0u);
  EXPECT_GT(next, 10'000u);
}

TEST_F(QuickRingTest, MakesAsMuchDataAsThereIsRoomFor) {
  EXPECT_EQ(*writer_.make_data(0, 48, false, 1000), kBytes / 64);
  EXPECT_EQ(*writer_.make_data(64, 48, false, 1000), 0u);
  EXPECT_EQ(reader_.take_each(Type::kData, 3,
                              [](std::uint64_t, Bytes payload) {
                                EXPECT_EQ(Payload(payload.begin(), payload.end()), Payload(48));
                              }),
            3u);
  EXPECT_EQ(*writer_.make_data(64, 48, false, 1000), 3u);
  EXPECT_FALSE(writer_.make_data(0, static_cast<std::uint32_t>(writer_.most() + 1), false, 1));
  EXPECT_EQ(*writer_.make_data(0, 8, false, 0), 0u);
}

// A ring may be larger than any message: who takes has memory for a message, not for half the ring.
TEST(ChannelLargeRing, HasNoLargerMessages) {
  std::vector<std::uint64_t> bytes((16u << 20) / 8);
  std::span memory(reinterpret_cast<std::byte*>(bytes.data()), bytes.size() * 8);
  Positions positions{4u << 20, 0};
  Header lie{kMostPayload + 8, Type::kData, 0, 0};
  std::memcpy(memory.data(), &lie, kHeader);
  Ring reader(&positions, memory);
  EXPECT_EQ(reader.most(), kMostPayload);
  auto refuse = [](std::uint64_t, Bytes) { FAIL() << "taken"; };
  EXPECT_EQ(reader.take_each(Type::kData, 9, refuse), 0u);
  Message message;
  EXPECT_FALSE(reader.next(message));
  EXPECT_FALSE(reader.peek());
  EXPECT_FALSE(Ring(&positions, memory).make_data(0, kMostPayload + 1, false, 1));
}

TEST_F(QuickRingTest, PositionsThatLieGiveNothing) {
  put_raw(0, {8, Type::kData, 0, 0});
  for (std::uint64_t lie : {kBytes + 8ul, 1ul << 63, ~0ul - 7, 4ul, 25ul, 8ul}) {
    positions_ = {lie, 0};
    Ring reader(&positions_, memory());
    Message message;
    EXPECT_FALSE(reader.next(message)) << lie;
    std::vector<std::uint64_t> numbers;
    EXPECT_EQ(reader.take_each(Type::kData, 9, [](std::uint64_t, Bytes) { FAIL(); }), 0u) << lie;
    EXPECT_EQ(positions_.taken, 0u);
    EXPECT_FALSE(reader.peek()) << lie;
  }
}

TEST_F(QuickRingTest, AWriterThatGoesBackIsSeenThrough) {
  ASSERT_EQ(*writer_.make_data(0, 8, true, 4), 4u);
  std::vector<std::uint64_t> numbers;
  ASSERT_EQ(take(4, numbers), 4u);
  positions_.written -= 48;
  EXPECT_EQ(take(4, numbers), 0u);
  Message message;
  EXPECT_FALSE(reader_.next(message));
  EXPECT_FALSE(reader_.peek());
}

TEST_F(QuickRingTest, HeadersThatLieAreNotTaken) {
  positions_.written = 64;
  for (Header lie :
       {Header{1 << 20, Type::kData, 0, 0}, Header{49, Type::kData, 0, 0}, Header{8, Type(9), 0, 0},
        Header{8, Type::kData, 1, 0}, Header{0xffffffff, Type::kData, 0, 0},
        Header{0xfffffff0, Type::kData, 0, 0}, Header{8, Type::kSkip, 0, 0}}) {
    put_raw(0, lie);
    Ring reader(&positions_, memory());
    Message message;
    EXPECT_FALSE(reader.next(message)) << lie.length;
    EXPECT_EQ(reader.take_each(Type::kData, 9, [](std::uint64_t, Bytes) { FAIL(); }), 0u);
    EXPECT_EQ(positions_.taken, 0u);
  }
  put_raw(0, {48, Type::kData, 0, 3});
  Ring reader(&positions_, memory());
  Message message;
  ASSERT_TRUE(reader.next(message));
  EXPECT_EQ(message.header.sequence, 3u);
  EXPECT_EQ(message.payload.size(), 48u);
}

// Half a header before the end of what was written, or of the ring.
TEST_F(QuickRingTest, HalfAHeaderIsNone) {
  positions_.written = 8;
  put_raw(0, {0, Type::kData, 0, 0});
  Message message;
  EXPECT_FALSE(reader_.next(message));
  EXPECT_FALSE(reader_.peek());
  Ring writer(&positions_, memory()), reader(&positions_, memory());
  positions_ = {};
  ASSERT_TRUE(*writer.room(kBytes / 2 - 16));
  writer.put({kBytes / 2 - 16, Type::kSkip, 0, 0});
  ASSERT_TRUE(*writer.room(kBytes / 2 - 24));
  writer.put({kBytes / 2 - 24, Type::kData, 0, 0});  // eight bytes before the end
  put_raw(0, {kBytes / 2 - 16, Type::kData, 0, 0});
  EXPECT_EQ(reader.take_each(Type::kData, 9, [](std::uint64_t, Bytes) {}), 2u);
  positions_.written += 8;  // and so much is all that is written there
  Header half{0, Type::kData, 0, 0};
  std::memcpy(memory().data() + kBytes - 8, &half, 8);
  EXPECT_FALSE(reader.next(message));
  EXPECT_FALSE(reader.peek());
}

// The writer writes within the ring whatever the reader says of itself, once and again.
TEST_F(QuickRingTest, AReaderThatLiesDoesNoHarm) {
  std::mt19937_64 random(7);
  for (int turn = 0; turn < 20'000; ++turn) {
    positions_.taken = random() % 3 ? positions_.written - random() % 8 * 64 : random();
    auto length = static_cast<std::uint32_t>(random() % (writer_.most() + 1));
    (void)writer_.make_data(0, length, true, 5);
    put(0, length, 3);
    if (auto* place = writer_.place(length)) {
      std::memset(place, 0xff, length);
      writer_.put({length, Type::kData, 0, 0});
    }
  }
}

TEST_F(QuickRingTest, AWriterBehindALyingReaderStaysBroken) {
  ASSERT_EQ(*writer_.make_data(0, 48, false, 64), 64u);
  positions_.taken = 1u << 20;
  EXPECT_FALSE(writer_.room(48));
  EXPECT_FALSE(writer_.room(48)) << "asked again";
  EXPECT_EQ(writer_.place(48), nullptr);
  EXPECT_EQ(put(64, 48, 1), 0u);
}

}  // namespace
}  // namespace ringside::channel
