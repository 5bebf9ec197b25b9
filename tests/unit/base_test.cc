// core/base: bounded reads, checked sums, the arena: each at its bounds and past them. user/base:
// what grows by pages.
#include <gtest/gtest.h>

#include <array>

#include "core/base/arena.hh"
#include "core/base/bytes.hh"
#include "user/base/page_buffer.hh"

namespace ringside {
namespace {

TEST(Fits, AcceptsWhatLiesInsideAndNeverOverflows) {
  EXPECT_TRUE(fits(0, 0, 0));
  EXPECT_TRUE(fits(4, 4, 8));
  EXPECT_FALSE(fits(4, 5, 8));
  EXPECT_FALSE(fits(9, 0, 8));
  EXPECT_FALSE(fits(UINT64_MAX, 2, 8));
  EXPECT_FALSE(fits(2, UINT64_MAX, 8));
}

TEST(Read, NamesThePartAndTheOffsetWhereItFails) {
  std::array<std::byte, 6> memory{std::byte{1}, std::byte{2}};
  auto value = read<std::uint16_t>(memory, 0, "header");
  ASSERT_TRUE(value);
  EXPECT_EQ(*value, 0x0201);
  auto past = read<std::uint32_t>(memory, 3, "header");
  ASSERT_FALSE(past);
  EXPECT_STREQ(past.error().part, "header");
  EXPECT_EQ(past.error().at, 3u);
  EXPECT_EQ(past.error().expected, 4u);
  EXPECT_EQ(past.error().found, 3u);
}

TEST(ReadString, RefusesAStringWithoutEnd) {
  auto text = as_bytes(std::string_view("ab\0cd", 5));
  auto first = read_string(text, 0, "names");
  ASSERT_TRUE(first);
  EXPECT_EQ(*first, "ab");
  EXPECT_FALSE(read_string(text, 3, "names"));
  EXPECT_FALSE(read_string(text, 99, "names"));
}

TEST(Arena, AlignsZeroesAndStopsAtItsEnd) {
  alignas(8) std::array<std::byte, 64> memory;
  memory.fill(std::byte{0xff});
  Arena arena(memory);
  auto one = arena.take<char>(1);
  auto words = arena.take<std::uint64_t>(3);
  ASSERT_TRUE(one && words);
  EXPECT_EQ(reinterpret_cast<std::uintptr_t>(words->data()) % alignof(std::uint64_t), 0u);
  EXPECT_EQ((*words)[2], 0u);
  EXPECT_EQ(arena.used(), 32u);
  EXPECT_FALSE(arena.take<std::uint64_t>(5));
  EXPECT_FALSE(arena.take<std::uint64_t>(UINT64_MAX / 2));
  EXPECT_TRUE(arena.take<std::uint64_t>(4));
}

Result<int> doubled(Result<int> input) {
  auto value = TRY(std::move(input));
  return value * 2;
}

TEST(Try, PassesValuesOnAndErrorsBack) {
  EXPECT_EQ(*doubled(21), 42);
  auto failed = doubled(Error{"too odd", "input", 7});
  ASSERT_FALSE(failed);
  EXPECT_STREQ(failed.error().what, "too odd");
}

TEST(Result, IsFilledInPlaceOrFails) {
  Result<std::array<int, 3>> result(std::in_place);
  ASSERT_TRUE(result);
  EXPECT_EQ((*result)[2], 0);
  result.fail({"too late", "input"});
  ASSERT_FALSE(result);
  EXPECT_STREQ(result.error().what, "too late");
}

TEST(PageBuffer, KeepsItsBytesHoweverItGrowsAndMoves) {
  PageBuffer buffer(3);
  for (std::size_t at = 0; at < 3; ++at) buffer.data()[at] = std::byte(at + 1);
  for (std::size_t size : {4096u, 4097u, 50u << 20}) buffer.resize(size);
  buffer.data()[buffer.size() - 1] = std::byte{9};
  PageBuffer other(std::move(buffer));
  EXPECT_TRUE(buffer.empty());
  EXPECT_EQ(other.size(), 50u << 20);
  EXPECT_EQ(other.bytes()[2], std::byte{3});
  EXPECT_EQ(other.bytes().back(), std::byte{9});
  other.resize(2);
  EXPECT_EQ(other.bytes().size(), 2u);
  EXPECT_THROW(other.resize(SIZE_MAX), std::bad_alloc);
  EXPECT_THROW(other.resize(std::size_t{1} << 60), std::bad_alloc);
  EXPECT_EQ(other.bytes()[1], std::byte{2});
}

}  // namespace
}  // namespace ringside
