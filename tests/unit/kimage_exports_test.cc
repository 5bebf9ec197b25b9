// core/kimage/exports on tables that are written here: CRCs, GPL split, namespaces, damage.
#include <gtest/gtest.h>

#include <limits>

#include "core/kimage/exports.hh"
#include "tests/unit/image_writer.hh"

namespace ringside::kimage {
namespace {

using test::Buffer;
using test::ExportSpec;
using test::poke;
using test::SectionSpec;

constexpr std::uint64_t kText = 0xffff'ffff'8100'0000, kTables = 0xffff'ffff'8280'0000;

std::vector<ExportSpec> three_exports() {
  return {{"alpha", "", kText, 0x1111'1111, false},
          {"beta", "", kText + 0x100, 0x2222'2222, false},
          {"gamma", "SPACE", kText + 0x200, 0x3333'3333, true}};
}

// Opens the exports of `sections`, which `change` has had in its hands; reads every one of them.
struct Opened {
  Buffer bytes;
  std::optional<Error> error;
  std::vector<Export> read;  // up to the first error
};
Opened open_exports(const std::vector<SectionSpec>& sections) {
  Opened result{test::elf_file(sections), {}, {}};
  auto file = elf::File::open(result.bytes);
  if (!file) return result.error = file.error(), result;
  auto exports = Exports::open(*file);
  if (!exports) return result.error = exports.error(), result;
  for (std::uint32_t index = 0; index < exports->size(); ++index) {
    auto entry = exports->at(index);
    if (!entry) return result.error = entry.error(), result;
    result.read.push_back(*entry);
  }
  return result;
}

constexpr std::size_t kPlain = 0, kPlainCrcs = 1, kStrings = 4;  // of export_sections

TEST(Exports, GivesNamesAddressesCrcsLicencesAndNamespaces) {
  auto opened = open_exports(test::export_sections(three_exports(), kTables));
  ASSERT_FALSE(opened.error) << opened.error->what;
  auto expected = three_exports();
  ASSERT_EQ(opened.read.size(), expected.size());
  for (std::size_t index = 0; index < expected.size(); ++index) {
    const auto& entry = opened.read[index];
    EXPECT_EQ(std::string(entry.name), expected[index].name);
    EXPECT_EQ(std::string(entry.name_space), expected[index].name_space);
    EXPECT_EQ(entry.address, expected[index].address);
    EXPECT_TRUE(entry.has_crc);
    EXPECT_EQ(entry.crc, expected[index].crc);
    EXPECT_EQ(entry.gpl_only, expected[index].gpl_only);
  }
}

TEST(Exports, HasNoneWhereTheKernelHasNoTables) {
  auto opened = open_exports({{".text", kText, Buffer(16)}});
  EXPECT_FALSE(opened.error);
  EXPECT_TRUE(opened.read.empty());
}

TEST(Exports, HasNoCrcsWhereTheKernelHasNone) {
  auto sections = test::export_sections(three_exports(), kTables);
  sections.erase(sections.begin() + kPlainCrcs);
  auto opened = open_exports(sections);
  ASSERT_FALSE(opened.error);
  EXPECT_FALSE(opened.read[0].has_crc);
  EXPECT_TRUE(opened.read[2].has_crc);
}

TEST(Exports, RefusesTablesThatDoNotAgree) {
  auto sections = test::export_sections(three_exports(), kTables);
  sections[kPlain].data.pop_back();
  EXPECT_STREQ(open_exports(sections).error->part, "__ksymtab");
  sections = test::export_sections(three_exports(), kTables);
  sections[kPlainCrcs].data.resize(4);
  EXPECT_STREQ(open_exports(sections).error->part, "__kcrctab");
}

TEST(Exports, RefusesANameOutsideTheStrings) {
  constexpr auto kMin = std::numeric_limits<std::int32_t>::min();
  constexpr auto kMax = std::numeric_limits<std::int32_t>::max();
  for (std::uint64_t field : {4, 8})
    for (std::int32_t offset : {kMin, kMax, -1, 1}) {
      auto sections = test::export_sections(three_exports(), kTables);
      poke(sections[kPlain].data, field, offset);
      EXPECT_STREQ(open_exports(sections).error->part, "__ksymtab_strings") << offset;
    }
}

TEST(Exports, RefusesNamesWithoutStringsOrWithoutAnEnd) {
  auto sections = test::export_sections(three_exports(), kTables);
  sections[kStrings].data.pop_back();
  EXPECT_STREQ(open_exports(sections).error->what, "string does not end");
  sections.pop_back();
  EXPECT_TRUE(open_exports(sections).error);
}

TEST(Exports, TakesTablesAtTheEndsOfTheAddressSpace) {
  for (std::uint64_t address :
       {std::uint64_t{0}, std::numeric_limits<std::uint64_t>::max() - 0x20020}) {
    auto opened = open_exports(test::export_sections(three_exports(), address));
    ASSERT_FALSE(opened.error);
    EXPECT_EQ(std::string(opened.read[2].name), "gamma");
  }
}

TEST(Exports, RefusesAnIndexBeyondTheLast) {
  auto bytes = test::elf_file(test::export_sections(three_exports(), kTables));
  auto file = elf::File::open(bytes);
  ASSERT_TRUE(file);
  auto exports = Exports::open(*file);
  ASSERT_TRUE(exports);
  EXPECT_FALSE(exports->at(3));
  EXPECT_FALSE(exports->at(0xffff'ffff));
}

}  // namespace
}  // namespace ringside::kimage
