// user/oops/pstore: dumps in parts, as backends leave them in folders.
#include "user/oops/pstore.hh"

#include "tests/unit/temporary.hh"

namespace ringside::oops {
namespace {

namespace fs = std::filesystem;

struct PstoreTest : TemporaryTest {
  // `second` of 1970 and later is when the part was written.
  void part(const fs::path& name, const std::string& text, int second) {
    write(folder_ / name, text);
    fs::last_write_time(folder_ / name, fs::file_time_type() + std::chrono::seconds(second));
  }
  Outcome<Dump> last() { return last_dump(std::span(&folder_, 1)); }
};

TEST_F(PstoreTest, PartsAreJoinedOldestFirst) {
  part("dmesg-ramoops-0", "Panic#1 Part1\n<4>third\n", 10);
  part("dmesg-ramoops-1", "Panic#1 Part2\n<4>second\n", 10);
  part("dmesg-ramoops-2", "Panic#1 Part3\n<4>first\n", 11);
  auto dump = last();
  ASSERT_TRUE(dump) << dump.error().message;
  EXPECT_EQ(dump->text, "<4>first\n<4>second\n<4>third\n");
  EXPECT_TRUE(dump->notes.empty());
}

TEST_F(PstoreTest, TheNewestDumpCounts) {
  part("a/dmesg-efi-1", "Oops#1 Part1\nolder\n", 10);
  part("b/dmesg-efi-2", "Oops#1 Part1\nnewer\n", 20);
  part("b/dmesg-efi-3", "Oops#1 Part2\nits beginning\n", 20);
  part("c/dmesg-efi-4", "Oops#2 Part1\nbetween\n", 15);
  EXPECT_EQ(last()->text, "its beginning\nnewer\n");
}

TEST_F(PstoreTest, TwoDumpsOfOneSecond) {
  part("dmesg-efi-1", "Oops#1 Part1\nits end\n", 10);
  part("dmesg-efi-2", "Oops#1 Part2\nits beginning\n", 10);
  part("dmesg-efi-3", "Panic#2 Part1\nend\n", 10);
  part("dmesg-efi-4", "Panic#2 Part2\nbeginning\n", 10);
  EXPECT_EQ(last()->text, "beginning\nend\n");
}

TEST_F(PstoreTest, ALostPartIsMissing) {
  part("dmesg-erst-1", "Panic#2 Part1\nend\n", 10);
  part("dmesg-erst-3", "Panic#2 Part3\nbeginning\n", 12);
  EXPECT_EQ(last()->text, "beginning\nend\n");
}

TEST_F(PstoreTest, WhatIsNoPartIsSaid) {
  part("dmesg-efi-1.enc.z", "\x78\x9c\x01", 30);
  part("dmesg-efi-2", "no header\n", 31);
  part("dmesg-efi-3", "Oops#1 PartX\ntext\n", 32);
  part("console-ramoops-0", "Oops#9 Part1\nnone of ours\n", 33);
  part("dmesg-efi-4", "Oops#1 Part1\ntext\n", 10);
  auto dump = last();
  ASSERT_TRUE(dump) << dump.error().message;
  EXPECT_EQ(dump->text, "text\n");
  EXPECT_EQ(dump->notes.size(), 3u);
}

TEST_F(PstoreTest, NoDumpIsAFailureThatSaysWhere) {
  auto dump = last();
  ASSERT_FALSE(dump);
  EXPECT_EQ(dump.error().status, kNo);
  EXPECT_NE(dump.error().message.find(folder_.native()), std::string::npos);
  EXPECT_FALSE(last_dump({}));
}

}  // namespace
}  // namespace ringside::oops
