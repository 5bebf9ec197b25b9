// A frame in words: the text to the letter, in rooms of every size, and of damaged indexes; paths
// cut to what a kernel's tree has.
#include <gtest/gtest.h>

#include <algorithm>

#include "core/lines/text.hh"
#include "tests/unit/line_code.hh"

namespace ringside {
namespace {

using dwarf::kNone;
using lines::LineIndex;
using test::IndexBytes;
using test::MadeCode;

constexpr std::string_view kSymbol = "read_pages+0x130/0x260";
constexpr std::size_t kRoom = 4096;  // the kernel's: RS_OOPS_TEXT_MAX

// The text in a room of `size` bytes, whose neighbours must stay as they are. The work holds what
// the last frame left in it.
std::string text_in(std::size_t size, const LineIndex* index, std::uint64_t address,
                    std::string_view symbol = kSymbol) {
  static lines::FrameWork work;
  constexpr std::size_t kGuard = 64;
  std::string memory(kGuard + size + kGuard, '~');
  auto room = std::span(memory).subspan(kGuard, size);
  auto bytes = lines::frame_text(index, address, symbol, work, room);
  EXPECT_LE(bytes, size);
  EXPECT_EQ(memory.substr(0, kGuard), std::string(kGuard, '~'));
  EXPECT_EQ(memory.substr(kGuard + size), std::string(kGuard, '~'));
  return memory.substr(kGuard, std::min(bytes, size));
}

// Segments of 16 bytes from 0x1000 on, each of another kind.
constexpr std::uint64_t kPlain = 0x1000, kOneInlined = 0x1010, kInlined = 0x1020, kNoLine = 0x1030,
                        kNothing = 0x1040, kGap = 0x1050, kUnnamed = 0x1060, kLast = 0x1070;

class LinesTextTest : public testing::Test {
 protected:
  LinesTextTest() {
    auto path = made_.path("/build/linux-6.1/mm/readahead.c"), header = made_.path("./fs/inner.h");
    auto outer = made_.scope({.function = made_.function("read_pages", path, 100)});
    auto middle = made_.scope({outer, made_.function("folio_put", path, 7), path, 177});
    auto inner = made_.scope({middle, made_.function("put_ref", header, 9), path, 1190});
    auto unnamed = made_.scope({outer, kNone, kNone, 0});
    made_.segment(kPlain, outer, path, 142);
    made_.segment(kOneInlined, middle, path, 8);
    made_.segment(kInlined, inner, header, 4'294'967'295);
    made_.segment(kNoLine, outer, path, 0);
    made_.segment(kNothing, outer, kNone, 5);
    made_.gap(kGap);
    made_.segment(kUnnamed, unnamed, kNone, 0);
    made_.gap(kLast);
    open();
  }

  void open() {
    auto built = test::index_of(std::span(&made_.code, 1));
    ASSERT_TRUE(built) << built.error().what;
    bytes_.emplace(*built);
    auto opened = index_.open(bytes_->bytes());
    ASSERT_TRUE(opened) << opened.error().what;
  }
  std::string text(std::uint64_t address) const { return text_in(kRoom, &index_, address); }

  MadeCode made_{1 << 20};
  std::optional<IndexBytes> bytes_;
  LineIndex index_;
};

TEST_F(LinesTextTest, TheSymbolAloneWithoutAnIndex) {
  EXPECT_EQ(text_in(kRoom, nullptr, kInlined), " read_pages+0x130/0x260\n");
}

TEST_F(LinesTextTest, ALine) {
  EXPECT_EQ(text(kPlain), " read_pages+0x130/0x260  # mm/readahead.c:142\n");
  EXPECT_EQ(text(kPlain + 15), text(kPlain));
}

TEST_F(LinesTextTest, AnInlinedFunction) {
  EXPECT_EQ(text(kOneInlined),
            " read_pages+0x130/0x260  # mm/readahead.c:8\n"
            "     inlined folio_put into read_pages at mm/readahead.c:177\n");
}

TEST_F(LinesTextTest, SeveralInlinedFunctionsTheInnermostFirst) {
  EXPECT_EQ(text(kInlined),
            " read_pages+0x130/0x260  # fs/inner.h:4294967295\n"
            "     inlined put_ref into folio_put at mm/readahead.c:1190\n"
            "     inlined folio_put into read_pages at mm/readahead.c:177\n");
}

TEST_F(LinesTextTest, WhatIsNotKnownIsAskedFor) {
  EXPECT_EQ(text(kNoLine), " read_pages+0x130/0x260  # mm/readahead.c:?\n");
  EXPECT_EQ(text(kNothing), " read_pages+0x130/0x260  # ?:5\n");
  EXPECT_EQ(text(kUnnamed),
            " read_pages+0x130/0x260  # ?:?\n"
            "     inlined ? into read_pages at ?:?\n");
}

// After a frame of several levels, so that nothing of it may be left over.
TEST_F(LinesTextTest, TheSymbolAloneWhereThereIsNoLine) {
  for (auto address : {std::uint64_t{0}, kPlain - 1, kGap, kGap + 15, kLast, ~std::uint64_t{0}}) {
    EXPECT_EQ(std::ranges::count(text(kInlined), '\n'), 3);
    EXPECT_EQ(text(address), " read_pages+0x130/0x260\n") << address;
  }
}

TEST_F(LinesTextTest, TheSymbolIsTakenAsItIs) {
  EXPECT_EQ(text_in(kRoom, &index_, kPlain, "0xffffffffc0000123"),
            " 0xffffffffc0000123  # mm/readahead.c:142\n");
  EXPECT_EQ(text_in(kRoom, nullptr, 0, "f+0x1/0x2 [some_module]"), " f+0x1/0x2 [some_module]\n");
}

TEST_F(LinesTextTest, TheWorkNeedNotBeSet) {
  for (int fill : {0x00, 0xa5, 0xff}) {
    lines::FrameWork work;
    std::memset(static_cast<void*>(&work), fill, sizeof(work));
    std::string room(kRoom, '~');
    room.resize(lines::frame_text(&index_, kInlined, kSymbol, work, room));
    EXPECT_EQ(room, text(kInlined)) << fill;
  }
}

// The text in a room is the whole one's first lines, as many as it holds.
void expect_whole_lines(const std::string& whole, const std::string& part, std::size_t size) {
  EXPECT_TRUE(whole.starts_with(part)) << size << ": " << part;
  EXPECT_TRUE(part.empty() || part.ends_with('\n')) << size << ": " << part;
  auto fits = whole.substr(0, size);
  EXPECT_GE(part.size(), fits.rfind('\n') + 1) << size << ": " << part;
}

TEST_F(LinesTextTest, WholeLinesInARoomOfAnySize) {
  for (auto address : {kPlain, kOneInlined, kInlined, kGap, kUnnamed}) {
    auto whole = text(address);
    for (std::size_t size = 0; size <= whole.size() + 2; ++size)
      expect_whole_lines(whole, text_in(size, &index_, address), size);
  }
  std::string alone = text_in(kRoom, nullptr, 0);
  for (std::size_t size = 0; size <= alone.size() + 2; ++size)
    expect_whole_lines(alone, text_in(size, nullptr, 0), size);
}

// What follows a line that does not fit is left out too, though it were shorter.
TEST_F(LinesTextTest, NothingAfterALineThatDoesNotFit) {
  std::string symbol(200, 's');
  EXPECT_EQ(text_in(150, &index_, kInlined, symbol), "");
  EXPECT_EQ(text_in(150, nullptr, 0, symbol), "");
  EXPECT_EQ(text_in(kRoom, nullptr, 0, std::string(kRoom, 's')), "");
  EXPECT_EQ(text_in(kRoom, nullptr, 0, std::string(100'000, 's')), "");
}

TEST_F(LinesTextTest, AsManyLevelsAsAFrameHas) {
  MadeCode deep(1 << 20);
  auto path = deep.path("mm/a.c");
  auto scope = deep.scope({.function = deep.function("f0", path, 1)});
  for (std::uint32_t i = 1; i < lines::kMaxFrames; ++i)
    scope = deep.scope({scope, deep.function("f" + std::to_string(i), path, i), path, 1000 + i});
  deep.segment(0x1000, scope, path, 7);
  deep.gap(0x1010);
  auto built = test::index_of(std::span(&deep.code, 1));
  ASSERT_TRUE(built && index_.open(built->bytes()));
  auto whole = text(0x1000);
  EXPECT_EQ(std::ranges::count(whole, '\n'), 32);
  EXPECT_TRUE(whole.ends_with("\n     inlined f1 into f0 at mm/a.c:1001\n")) << whole;
  for (std::size_t size = 0; size <= whole.size() + 2; ++size)
    expect_whole_lines(whole, text_in(size, &index_, 0x1000), size);
}

// A chain whose names are as long as names can be: more than the kernel's room holds.
TEST_F(LinesTextTest, VeryLongNames) {
  MadeCode made(1 << 20);
  auto path = made.path("fs/" + std::string(2000, 'p')), header = made.path("mm/h.h");
  std::string name(2000, 'n'), cut(ksyms::kMaxName, 'n');
  auto outer = made.scope({.function = made.function(name, path, 1)});
  auto inner = made.scope({outer, made.function("inner", header, 2), path, 3});
  made.segment(0x1000, inner, header, 4);
  made.segment(0x1010, outer, path, 5);
  made.gap(0x1020);
  auto built = test::index_of(std::span(&made.code, 1));
  ASSERT_TRUE(built && index_.open(built->bytes()));
  auto long_path = "fs/" + std::string(ksyms::kMaxName - 3, 'p');
  auto whole = text_in(1 << 16, &index_, 0x1000);
  EXPECT_EQ(whole, " read_pages+0x130/0x260  # mm/h.h:4\n     inlined inner into " + cut + " at " +
                       long_path + ":3\n");
  EXPECT_EQ(text_in(1 << 16, &index_, 0x1010), " read_pages+0x130/0x260  # " + long_path + ":5\n");
  for (std::size_t size = 0; size <= whole.size() + 2; ++size)
    expect_whole_lines(whole, text_in(size, &index_, 0x1000), size);
}

// Where an index opens and a look-up finds its block damaged, the symbol is what is left.
TEST_F(LinesTextTest, TheSymbolAloneFromADamagedBlock) {
  std::size_t damaged = 0;
  for (std::size_t bit = 0; bit < bytes_->bytes().size() * 8; ++bit) {
    auto bytes = *bytes_;
    bytes[bit / 8] ^= std::byte{1} << bit % 8;
    LineIndex index;
    lines::Frames frames;
    if (!index.open(bytes.bytes()) || index.find(kInlined, frames)) continue;
    ++damaged;
    EXPECT_EQ(text_in(kRoom, &index, kInlined), " read_pages+0x130/0x260\n") << bit;
  }
  EXPECT_GT(damaged, 5u);
}

struct Cut {
  const char *path, *left;
};

constexpr Cut kCuts[] = {
    {"fs/ext4/file.c", "fs/ext4/file.c"},
    {"./fs/ext4/file.c", "fs/ext4/file.c"},
    {"../fs/ext4/file.c", "fs/ext4/file.c"},
    {"/build/linux-6.1/fs/ext4/file.c", "fs/ext4/file.c"},
    {"/build/linux-6.1/arch/x86/mm/fault.c", "arch/x86/mm/fault.c"},  // the first folder counts
    {"arch/x86/kernel/process.c", "arch/x86/kernel/process.c"},
    {"/work/ringside/kernel/oops/trace.c", "kernel/oops/trace.c"},
    {"/a/b/c/d/e/io_uring/rw.c", "io_uring/rw.c"},
};

TEST(InTree, FromTheFolderOnThatAKernelsTreeHas) {
  for (auto [path, left] : kCuts) EXPECT_EQ(lines::in_tree(path), left) << path;
}

constexpr const char* kWhole[] = {
    "",
    "/",
    "//",
    ".",
    "file.c",
    "/file.c",
    "./file.c",
    "/home/me/loop.c",
    "myfs/file.c",       // no part of its own
    "fsx/file.c",        //
    "FS/file.c",         //
    "fs",                // the file itself
    "/build/linux/fs",   //
    "/lib/modules/x.c",  // where a machine's root has such folders
    "/init",
    "/init/x.c",
    "/fs/x.c",
};

TEST(InTree, AsItIsWhereThereIsNone) {
  for (const auto* path : kWhole) EXPECT_EQ(lines::in_tree(path), path) << path;
}

TEST(InTree, EveryFolderOfATreeThatHasCode) {
  for (std::string folder :
       {"arch", "block", "certs", "crypto", "drivers", "fs", "include", "init", "io_uring", "ipc",
        "kernel", "lib", "mm", "net", "rust", "security", "sound", "virt"}) {
    auto path = "/build/linux-6.12/" + folder + "/a/b.c";
    EXPECT_EQ(lines::in_tree(path), folder + "/a/b.c");
    EXPECT_EQ(lines::in_tree(folder + "/b.c"), folder + "/b.c");
  }
}

TEST(InTree, IsPartOfThePathItself) {
  std::string path = std::string(100'000, 'x') + "/" + std::string(5000, 'y') + "/mm/slub.c";
  auto left = lines::in_tree(path);
  EXPECT_EQ(left, "mm/slub.c");
  EXPECT_EQ(left.data() + left.size(), path.data() + path.size());
}

}  // namespace
}  // namespace ringside
