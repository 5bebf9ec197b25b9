// The line index: every address of made-up code comes back as it went in; equal code gives equal
// bytes; damage is refused or stays harmless.
#include <gtest/gtest.h>

#include "tests/unit/line_code.hh"

namespace ringside {
namespace {

using dwarf::kNone;
using lines::LineIndex;
using test::IndexBytes;
using test::MadeCode;

// "function|path:line" for each frame of the segment, innermost first.
std::string expected(const dwarf::Code& code, const dwarf::Segment& segment) {
  if (segment.is_gap()) return "";
  std::string text;
  auto path = segment.path, line = segment.line;
  for (auto scope = segment.scope;;) {
    const auto* at = scope == kNone ? nullptr : &code.scopes[scope];
    text += at && at->function != kNone ? std::string(code.functions[at->function].name) : "?";
    text += "|" + (path == kNone ? "?" : std::string(code.paths[path])) + ":" +
            std::to_string(line) + " ";
    if (!at || at->parent == kNone) return text;
    path = at->call_path;
    line = at->call_line;
    scope = at->parent;
  }
}

std::string found(const LineIndex& index, std::uint64_t address) {
  lines::Frames frames;
  EXPECT_TRUE(index.find(address, frames)) << address;
  ksyms::Scratch scratch;
  std::string text;
  for (std::uint32_t i = 0; i < frames.count; ++i) {
    const auto& frame = frames.items[i];
    std::string name(index.function_name(frame.function, scratch));
    std::string path(index.path_name(frame.path, scratch));
    text += (name.empty() ? "?" : name) + "|" + (path.empty() ? "?" : path) + ":" +
            std::to_string(frame.line) + " ";
  }
  return text;
}

LineIndex opened(const IndexBytes& bytes) {
  LineIndex index;
  auto status = index.open(bytes.bytes());
  EXPECT_TRUE(status) << (status ? "" : status.error().what);
  return index;
}

void expect_whole(const LineIndex& index) {
  for (std::uint32_t block = 0; block < index.blocks(); ++block) {
    auto status = index.check_block(block);
    EXPECT_TRUE(status) << block << ": " << (status ? "" : status.error().what);
  }
}

TEST(LineIndexTest, GivesBackWhatWentIn) {
  MadeCode made;
  made.fill(0xffff'ffff'8100'0000, 700, 1);
  auto bytes = test::index_of(std::span(&made.code, 1));
  ASSERT_TRUE(bytes);
  auto index = opened(*bytes);
  expect_whole(index);
  auto segments = made.code.segments.items();
  for (std::size_t i = 0; i + 1 < segments.size(); ++i) {
    auto text = expected(made.code, segments[i]);
    EXPECT_EQ(found(index, segments[i].address), text);
    EXPECT_EQ(found(index, segments[i + 1].address - 1), text);
  }
}

TEST(LineIndexTest, NothingOutsideOfTheCode) {
  MadeCode made;
  made.fill(0x1000, 10, 2);
  auto bytes = test::index_of(std::span(&made.code, 1));
  ASSERT_TRUE(bytes);
  auto index = opened(*bytes);
  auto end = made.code.segments.back().address;
  for (auto address : {std::uint64_t{0}, std::uint64_t{0xfff}, end, end + 1, ~std::uint64_t{0}})
    EXPECT_EQ(found(index, address), "") << address;
}

TEST(LineIndexTest, NoCodeAtAll) {
  auto bytes = test::index_of({});
  ASSERT_TRUE(bytes);
  auto index = opened(*bytes);
  EXPECT_EQ(index.blocks(), 0u);
  EXPECT_EQ(found(index, 0), "");
}

TEST(LineIndexTest, EqualHoweverTheUnitsAreShared) {
  MadeCode together, first, second;
  together.fill(0x10'0000, 50, 3);
  together.fill(0x4000'0000, 50, 4);
  second.fill(0x10'0000, 50, 3);
  first.fill(0x4000'0000, 50, 4);
  dwarf::Code apart[] = {first.code, second.code};
  auto one = test::index_of(std::span(&together.code, 1)), two = test::index_of(apart);
  ASSERT_TRUE(one && two);
  ASSERT_EQ(one->bytes().size(), two->bytes().size());
  EXPECT_EQ(std::memcmp(one->bytes().data(), two->bytes().data(), one->bytes().size()), 0);
}

TEST(LineIndexTest, DeepChainsKeepTheOutermostFrames) {
  MadeCode made;
  auto path = made.path("a.c");
  auto scope = made.scope({.function = made.function("outer", path, 1)});
  for (std::uint32_t i = 0; i < 2 * lines::kMaxFrames; ++i)
    scope = made.scope({scope, made.function("in" + std::to_string(i), path, i), path, 1000 + i});
  made.segment(0x1000, scope, path, 7);
  made.gap(0x1010);
  auto bytes = test::index_of(std::span(&made.code, 1));
  ASSERT_TRUE(bytes);
  auto text = found(opened(*bytes), 0x1005);
  EXPECT_TRUE(text.ends_with(" in0|a.c:1001 outer|a.c:1000 ")) << text;
  EXPECT_TRUE(text.starts_with("in30|a.c:1031 ")) << text;
}

TEST(LineIndexTest, SectionsByName) {
  MadeCode made;
  made.fill(0x1000, 3, 5);
  lines::NamedSection sections[] = {{".text", 0x1000, 0x500}, {".init.text", 0x1500, 0x20}};
  auto bytes = test::index_of(std::span(&made.code, 1), sections);
  ASSERT_TRUE(bytes);
  auto index = opened(*bytes);
  ksyms::Scratch scratch;
  EXPECT_EQ(index.section_address(".init.text", scratch), 0x1500u);
  EXPECT_EQ(index.section_address(".text", scratch), 0x1000u);
  EXPECT_FALSE(index.section_address(".data", scratch));
}

TEST(LineIndexTest, CodeSpreadOver4GiBIsRefused) {
  MadeCode made;
  made.fill(0x1000, 3, 6);
  made.fill(0x2'0000'0000, 3, 7);
  auto bytes = test::index_of(std::span(&made.code, 1));
  ASSERT_FALSE(bytes);
  EXPECT_STREQ(bytes.error().what, "code spread too far");
}

TEST(LineIndexTest, EveryTruncationIsRefused) {
  MadeCode made;
  made.fill(0x1000, 20, 8);
  auto bytes = test::index_of(std::span(&made.code, 1));
  ASSERT_TRUE(bytes);
  for (std::size_t size = 0; size < bytes->bytes().size(); size += 5) {
    LineIndex index;
    EXPECT_FALSE(index.open(bytes->bytes().first(size))) << size;
  }
}

TEST(LineIndexTest, FlippedBitsAreHarmless) {
  MadeCode made;
  made.fill(0x100, 12, 9);
  auto good = test::index_of(std::span(&made.code, 1));
  ASSERT_TRUE(good);
  std::size_t refused = 0;
  for (std::size_t at = 0; at < good->bytes().size(); at += 3) {
    auto bytes = *good;
    bytes[at] ^= std::byte{0x41};
    LineIndex index;
    if (index.open(bytes.bytes()))
      test::exercise(index);
    else
      ++refused;
  }
  EXPECT_GT(refused, 50u);
}

}  // namespace
}  // namespace ringside
