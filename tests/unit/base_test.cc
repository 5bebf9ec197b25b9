// core/base: bounded reads, checked sums, the arena: each at its bounds and past them.
#include <gtest/gtest.h>

#include <array>

#include "core/base/arena.hh"
#include "core/base/bytes.hh"

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

}  // namespace
}  // namespace ringside
