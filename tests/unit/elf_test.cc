// core/elf: what a file that was written here holds, and what a damaged one is told.
#include "core/elf/file.hh"
#include "core/elf/note.hh"

#include <gtest/gtest.h>

#include <chrono>
#include <limits>

#include "tests/unit/image_writer.hh"

namespace ringside::elf {
namespace {

using test::Buffer;
using test::poke;

constexpr std::uint64_t kShoff = 40, kShentsize = 58, kShnum = 60, kShstrndx = 62;

Buffer three_sections() {
  Buffer text(16, std::byte{0x90});
  return test::elf_file({{".text", 0x1000, text},
                         {".bss", 0x2000, {}, 8, 0x100},
                         {".rodata", 0x3000, Buffer(8, std::byte{1})}});
}

// Reads everything that can be asked of `file`; true where all of it was there.
bool read_all(Bytes bytes) {
  auto file = File::open(bytes);
  if (!file) return false;
  bool good = true;
  for (std::uint32_t index = 0; index < file->section_count(); ++index)
    good &= static_cast<bool>(file->section(index));
  good &= static_cast<bool>(file->find(".nowhere"));
  good &= static_cast<bool>(file->covering(0x1008));
  return good;
}

std::string text_of(std::string_view text) {
  return std::string(text);
}

TEST(ElfFile, GivesSectionsByIndexNameAndAddress) {
  auto bytes = three_sections();
  auto file = File::open(bytes);
  ASSERT_TRUE(file);
  EXPECT_EQ(file->machine(), 62);
  EXPECT_EQ(file->type(), 2);
  EXPECT_EQ(file->section_count(), 5u);
  auto text = file->find(".text");
  ASSERT_TRUE(text && *text);
  EXPECT_EQ((*text)->address, 0x1000u);
  EXPECT_EQ((*text)->data.size(), 16u);
  EXPECT_EQ((*text)->data[0], std::byte{0x90});
  auto covering = file->covering(0x3007);
  ASSERT_TRUE(covering && *covering);
  EXPECT_EQ(text_of((*covering)->name), ".rodata");
  auto behind = file->covering(0x3008);
  ASSERT_TRUE(behind);
  EXPECT_FALSE(*behind);
  EXPECT_FALSE(file->section(5));
}

TEST(ElfFile, KeepsTheSizeOfASectionWithoutContents) {
  auto bytes = three_sections();
  auto file = File::open(bytes);
  ASSERT_TRUE(file);
  auto bss = file->find(".bss");
  ASSERT_TRUE(bss && *bss);
  EXPECT_EQ((*bss)->size, 0x100u);
  EXPECT_TRUE((*bss)->data.empty());
  auto covering = file->covering(0x2010);
  ASSERT_TRUE(covering);
  EXPECT_FALSE(*covering);
}

TEST(ElfFile, RefusesEveryTruncation) {
  auto bytes = three_sections();
  ASSERT_TRUE(read_all(bytes));
  for (std::size_t size = 0; size < bytes.size(); ++size)
    EXPECT_FALSE(read_all(Buffer(bytes.begin(), bytes.begin() + size))) << size;
}

TEST(ElfFile, RefusesOtherFormats) {
  struct {
    std::uint64_t at;
    std::uint8_t value;
  } const cases[] = {{0, 0x7e}, {4, 1}, {5, 2}};  // magic, 32 bits, big-endian
  for (const auto& change : cases) {
    auto bytes = three_sections();
    poke(bytes, change.at, change.value);
    EXPECT_FALSE(File::open(bytes)) << change.at;
  }
}

TEST(ElfFile, NamesTheFieldOfABadHeader) {
  auto bytes = three_sections();
  poke<std::uint16_t>(bytes, kShentsize, 40);
  EXPECT_EQ(test::error_of(File::open(bytes)).at, kShentsize);
  bytes = three_sections();
  poke<std::uint16_t>(bytes, kShstrndx, 5);
  EXPECT_STREQ(test::error_of(File::open(bytes)).part, "e_shstrndx");
  bytes = three_sections();
  poke<std::uint16_t>(bytes, kShnum, 0);
  EXPECT_FALSE(File::open(bytes));
  bytes = three_sections();
  poke<std::uint16_t>(bytes, kShnum, 0xffff);
  EXPECT_STREQ(test::error_of(File::open(bytes)).part, "section header table");
}

TEST(ElfFile, RefusesTablesAndSectionsBeyondTheEnd) {
  constexpr auto kMax = std::numeric_limits<std::uint64_t>::max();
  for (std::uint64_t offset : {kMax, kMax - 63, kMax - 319, std::uint64_t{1} << 63}) {
    auto bytes = three_sections();
    poke(bytes, kShoff, offset);
    EXPECT_FALSE(File::open(bytes)) << offset;
  }
  for (std::uint64_t field : {24, 32}) {  // sh_offset, sh_size
    auto bytes = three_sections();
    poke(bytes, test::section_header_at(bytes, 1) + field, kMax - 7);
    auto file = File::open(bytes);
    ASSERT_TRUE(file);
    EXPECT_FALSE(file->section(1)) << field;
    EXPECT_FALSE(file->find(".rodata")) << "a bad section before it is no reason to look on";
  }
}

TEST(ElfFile, RefusesANameOutsideTheNameTable) {
  auto bytes = three_sections();
  poke<std::uint32_t>(bytes, test::section_header_at(bytes, 1), 0xffff'ffff);
  auto file = File::open(bytes);
  ASSERT_TRUE(file);
  EXPECT_STREQ(test::error_of(file->section(1)).part, "section names");
}

TEST(ElfFile, CoversNothingByWrappingAround) {
  auto bytes =
      test::elf_file({{".high", std::numeric_limits<std::uint64_t>::max() - 3, Buffer(16)}});
  auto file = File::open(bytes);
  ASSERT_TRUE(file);
  auto inside = file->covering(std::numeric_limits<std::uint64_t>::max());
  ASSERT_TRUE(inside);
  EXPECT_TRUE(*inside);
}

// Every section is named by the start of one long name: linear only where names have a limit.
TEST(ElfFile, TakesLinearTimeOverEndlessNames) {
  auto bytes = three_sections();
  auto names_at = bytes.size();
  bytes.resize(names_at + (8u << 20), std::byte{'x'});
  bytes.push_back({});
  auto names = bytes.size() - names_at, table = bytes.size();
  constexpr std::uint16_t kSections = 20'000;
  bytes.resize(table + kSections * test::kSectionHeader);
  poke(bytes, kShoff, std::uint64_t{table});
  poke(bytes, kShnum, kSections);
  poke<std::uint16_t>(bytes, kShstrndx, 0);
  poke<std::uint32_t>(bytes, table + 4, 3);
  poke(bytes, table + 24, std::uint64_t{names_at});
  poke(bytes, table + 32, std::uint64_t{names});
  auto file = File::open(bytes);
  ASSERT_TRUE(file);
  auto start = std::chrono::steady_clock::now();
  EXPECT_FALSE(file->find(".text"));
  EXPECT_LT(std::chrono::steady_clock::now() - start, std::chrono::seconds(5));
}

TEST(BuildIdNote, FindsTheGnuNoteBehindOthers) {
  auto notes = test::note("Linux", 3, as_bytes("no id"));
  auto second = test::note("GNU", 3, as_bytes("12345678901234567890"));
  notes.insert(notes.end(), second.begin(), second.end());
  auto id = build_id_note(notes);
  ASSERT_TRUE(id && *id);
  EXPECT_EQ((*id)->size(), 20u);
  EXPECT_EQ((**id)[1], std::byte{'2'});
}

TEST(BuildIdNote, SaysNoneWhereThereIsNone) {
  for (const auto& notes :
       {Buffer(), test::note("GNU", 4, as_bytes("x")), test::note("XNU", 3, {})}) {
    auto id = build_id_note(notes);
    ASSERT_TRUE(id);
    EXPECT_FALSE(*id);
  }
}

TEST(BuildIdNote, RefusesSizesPastTheEnd) {
  for (std::uint64_t field : {0, 4})
    for (std::uint32_t size : {0xffff'ffffu, 0x8000'0000u, 64u}) {
      auto notes = test::note("GNU", 3, as_bytes("1234"));
      poke(notes, field, size);
      EXPECT_FALSE(build_id_note(notes)) << field << " " << size;
    }
}

TEST(BuildIdNote, NeverReadsBehindATruncatedNote) {
  auto whole = test::note("GNU", 3, as_bytes("12345678901234567890"));
  for (std::size_t size = 0; size < whole.size(); ++size) {
    auto id = build_id_note(Buffer(whole.begin(), whole.begin() + size));
    EXPECT_FALSE(id && *id) << size;
  }
}

}  // namespace
}  // namespace ringside::elf
