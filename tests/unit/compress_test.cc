// user/compress: each format comes back as it was packed; damage, truncation and bombs are refused.
#include "user/compress/unpack.hh"

#include <gtest/gtest.h>

#include "tests/unit/image_writer.hh"

namespace ringside::compress {
namespace {

using test::Buffer;
using test::LzopBlock;

constexpr Packing kPackings[] = {Packing::kGzip, Packing::kXz,    Packing::kZstd, Packing::kLz4,
                                 Packing::kLzo,  Packing::kBzip2, Packing::kLzma};

// `size` bytes that pack, though not to nothing.
Buffer sample(std::size_t size) {
  Buffer data(size);
  std::uint32_t state = 1;
  for (auto& byte : data) {
    state = state * 1'664'525 + 1'013'904'223;
    byte = static_cast<std::byte>(state >> 30 ? 'a' : state >> 24);
  }
  return data;
}

// What unpack says about data that it must not take; empty where it did.
std::string refusal(Bytes data, Packing packing, std::uint64_t limit = kUnpackLimit) {
  auto result = unpack(data, packing, "made", limit);
  return result ? "" : result.error().message;
}

bool holds(const std::string& text, const std::string& part) {
  return text.find(part) != text.npos;
}

bool holds(const PageBuffer& buffer, Bytes bytes) {
  return buffer.size() == bytes.size() && std::equal(bytes.begin(), bytes.end(), buffer.data());
}

class Unpack : public testing::TestWithParam<Packing> {};
INSTANTIATE_TEST_SUITE_P(EveryPacking, Unpack, testing::ValuesIn(kPackings));

TEST_P(Unpack, GivesBackWhatWasPacked) {
  for (std::size_t size : {1, 5, 4096, 300'000}) {
    auto data = sample(size);
    auto result = unpack(test::pack(data, GetParam()), GetParam(), "made");
    ASSERT_TRUE(result) << result.error().message;
    EXPECT_TRUE(holds(*result, data)) << size;
  }
}

TEST_P(Unpack, GivesBackMoreThanItsFirstBufferHolds) {
  Buffer data((17u << 20) + 3, std::byte{7});
  auto result = unpack(test::pack(data, GetParam()), GetParam(), "made");
  ASSERT_TRUE(result) << result.error().message;
  EXPECT_TRUE(holds(*result, data));
}

TEST_P(Unpack, IgnoresWhatFollowsTheStream) {
  auto data = sample(5000);
  auto packed = test::pack(data, GetParam());
  for (std::size_t extra : {1, 3, 4, 64}) {
    auto longer = packed;
    longer.resize(packed.size() + extra, std::byte{0x5a});
    auto result = unpack(longer, GetParam(), "made");
    ASSERT_TRUE(result) << result.error().message;
    EXPECT_TRUE(holds(*result, data)) << extra;
  }
}

// Small outputs, so that each of the many tries is cheap.
TEST_P(Unpack, RefusesEveryTruncation) {
  auto packed = test::pack(sample(2000), GetParam());
  for (std::size_t size = 0; size < packed.size(); ++size) {
    Buffer cut(packed.begin(), packed.begin() + size);
    EXPECT_TRUE(holds(refusal(cut, GetParam(), 4096), "damaged or truncated")) << size;
  }
}

TEST_P(Unpack, SurvivesEveryDamagedByte) {
  auto data = sample(600);
  auto packed = test::pack(data, GetParam());
  for (auto& byte : packed) {
    auto good = byte;
    byte = ~byte;
    auto result = unpack(packed, GetParam(), "made", 4096);
    if (result) {
      EXPECT_LE(result->size(), 4096u);
    }
    byte = good;
  }
}

TEST_P(Unpack, StopsAtTheLimitAndSaysSo) {
  Buffer bomb(1u << 20);
  auto packed = test::pack(bomb, GetParam());
  auto exact = unpack(packed, GetParam(), "made", bomb.size());
  ASSERT_TRUE(exact) << exact.error().message;
  EXPECT_EQ(exact->size(), bomb.size());
  for (std::uint64_t limit : {std::uint64_t{1}, std::uint64_t{65536}, bomb.size() - 1})
    EXPECT_TRUE(holds(refusal(packed, GetParam(), limit), "made: unpacks to more than")) << limit;
}

TEST(UnpackNothing, CopiesWhatIsNotPacked) {
  auto data = sample(100);
  auto result = unpack(data, Packing::kNone, "made");
  ASSERT_TRUE(result);
  EXPECT_TRUE(holds(*result, data));
}

TEST(UnpackLz4, RefusesBlockSizesThatLie) {
  auto packed = test::pack(sample(5000), Packing::kLz4);
  for (std::uint32_t size : {0xffff'ffffu, 0x7fff'ffffu, 0x0100'0000u, 1u, 0u}) {
    auto lying = packed;
    test::poke(lying, 4, size);
    EXPECT_TRUE(holds(refusal(lying, Packing::kLz4), "damaged or truncated lz4")) << size;
  }
}

TEST(UnpackLz4, GoesOnBehindAFullBlock) {
  Buffer data(16u << 20, std::byte{3});  // two full blocks, and nothing but the input's end behind
  auto result = unpack(test::pack(data, Packing::kLz4), Packing::kLz4, "made");
  ASSERT_TRUE(result);
  EXPECT_TRUE(holds(*result, data));
}

TEST(UnpackLzo, ReadsEveryHeaderAndChecksumLayout) {
  auto data = as_bytes("stored");
  for (std::uint32_t flags : {0x0u, 0x1u, 0x3u, 0x103u, 0x303u, 0x800u, 0xb03u})
    for (std::uint16_t version : {0x0900, 0x0940, 0x1030}) {
      auto file = test::lzop_file({{6, 6, Buffer(data.begin(), data.end())}}, flags, version);
      auto result = unpack(file, Packing::kLzo, "made");
      ASSERT_TRUE(result) << flags << " " << version;
      EXPECT_EQ(result->size(), 6u);
    }
}

TEST(UnpackLzo, RefusesBlockSizesThatLie) {
  Buffer six(6, std::byte{'x'});
  const LzopBlock lies[] = {{5, 6, six},            // packed is larger than unpacked
                            {7, 6, six},            // not what it unpacks to
                            {0xffff'ffff, 6, six},  // more memory than the kernel would give
                            {(256u << 10) + 1, 6, six},
                            {6, 0xffff'ffff, six},  // past the end
                            {6, 64, six},
                            {0xffff'ffff, 0xffff'ffff, six}};
  for (const auto& lie : lies) {
    auto file = test::lzop_file({lie}, 0);
    EXPECT_TRUE(holds(refusal(file, Packing::kLzo), "damaged or truncated lzo")) << lie.size;
  }
}

TEST(UnpackLzo, RefusesABlockThatUnpacksToLessThanItSays) {
  auto packed = test::pack(Buffer(1000, std::byte{1}), Packing::kLzo);
  constexpr std::uint64_t kFirstSize = 9 + 2 + 2 + 2 + 1 + 1 + 4 + 4 + 8 + 1 + 7 + 4;
  ASSERT_EQ(load<std::uint32_t>(packed, kFirstSize), __builtin_bswap32(1000));
  test::poke(packed, kFirstSize, __builtin_bswap32(1001));
  EXPECT_TRUE(holds(refusal(packed, Packing::kLzo), "damaged"));
}

// The dictionary that an .lzma header asks for (here 2 GiB) is not taken at its word.
TEST(UnpackLzma, RefusesADictionaryOfGigabytes) {
  auto packed = test::pack(sample(100), Packing::kLzma);
  test::poke<std::uint32_t>(packed, 1, 0x8000'0000);
  EXPECT_FALSE(refusal(packed, Packing::kLzma).empty());
}

}  // namespace
}  // namespace ringside::compress
