// core/kimage/orc: entries of each layout, and tables whose sizes do not fit.
#include <gtest/gtest.h>

#include <limits>

#include "core/kimage/orc.hh"
#include "tests/unit/image_writer.hh"

namespace ringside::kimage {
namespace {

using test::Buffer;
using test::OrcSpec;

constexpr std::uint64_t kText = 0xffff'ffff'8100'0000, kTable = 0xffff'ffff'8300'0000;
constexpr std::uint16_t kSp = 5;  // ORC_REG_SP

// Keeps the bytes that an Orc borrows.
struct Table {
  explicit Table(const std::vector<test::SectionSpec>& sections)
      : bytes(test::elf_file(sections)), orc(Orc::open(*elf::File::open(bytes))) {}
  Buffer bytes;
  Result<Orc> orc;
};

TEST(Orc, FindsTheLastEntryAtOrBelowAnAddress) {
  Table table(test::orc_sections({{kText, 8, 0, kSp | 2 << 8},
                                  {kText + 4, 16, -16, kSp | 1 << 4 | 2 << 8},
                                  {kText + 0x100, 0, 0, 0}},
                                 kTable, true));
  ASSERT_TRUE(table.orc);
  EXPECT_EQ(table.orc->size(), 3u);
  EXPECT_FALSE(table.orc->find(kText - 1));
  EXPECT_FALSE(table.orc->find(0));
  EXPECT_EQ(table.orc->find(kText + 3)->ip, kText);
  auto second = table.orc->find(kText + 0xff);
  ASSERT_TRUE(second);
  EXPECT_EQ(second->ip, kText + 4);
  EXPECT_EQ(second->sp_offset, 16);
  EXPECT_EQ(second->bp_offset, -16);
  EXPECT_EQ(second->sp_reg, kSp);
  EXPECT_EQ(second->bp_reg, 1);
  EXPECT_EQ(second->type, OrcType::kCall);
  EXPECT_EQ(table.orc->find(~0ull)->ip, kText + 0x100);
}

TEST(Orc, ReadsTheTypesOfTheLayoutsWithAndWithoutAHeader) {
  struct {
    bool typed;
    std::uint16_t bits;
    OrcType type;
  } const cases[] = {{false, 0, OrcType::kUndefined},
                     {false, 1 << 10, OrcType::kEndOfStack},
                     {false, kSp, OrcType::kCall},
                     {false, kSp | 1 << 8, OrcType::kRegs},
                     {false, kSp | 2 << 8, OrcType::kRegsPartial},
                     {false, kSp | 3 << 8, OrcType::kUndefined},
                     {true, kSp, OrcType::kUndefined},
                     {true, 1 << 8, OrcType::kEndOfStack},
                     {true, kSp | 2 << 8, OrcType::kCall},
                     {true, kSp | 3 << 8, OrcType::kRegs},
                     {true, kSp | 4 << 8 | 1 << 11, OrcType::kRegsPartial},  // a signal frame
                     {true, kSp | 7 << 8, OrcType::kUndefined}};
  for (const auto& row : cases) {
    Table table(test::orc_sections({{kText, 8, 0, row.bits}}, kTable, row.typed));
    ASSERT_TRUE(table.orc);
    EXPECT_EQ(table.orc->at(0).type, row.type) << row.typed << " " << row.bits;
  }
}

// 6.3 has its signal bit where kernels before it have the end of the stack.
TEST(Orc, TellsTheLayoutOf63ByItsEndOfStack) {
  Table table(test::orc_sections({{kText, 8, 0, kSp | 1 << 10},
                                  {kText + 4, 8, 0, kSp | 1 << 8 | 1 << 10},
                                  {kText + 8, 8, 0, 0},
                                  {kText + 12, 8, 0, 1 << 11}},
                                 kTable, false));
  ASSERT_TRUE(table.orc);
  EXPECT_EQ(table.orc->at(0).type, OrcType::kCall);
  EXPECT_EQ(table.orc->at(1).type, OrcType::kRegs);
  EXPECT_EQ(table.orc->at(2).type, OrcType::kUndefined);
  EXPECT_EQ(table.orc->at(3).type, OrcType::kEndOfStack);
}

TEST(Orc, IsEmptyInAKernelWithoutIt) {
  Table table({{".text", kText, Buffer(16)}});
  ASSERT_TRUE(table.orc);
  EXPECT_EQ(table.orc->size(), 0u);
  EXPECT_FALSE(table.orc->find(kText));
}

TEST(Orc, RefusesTablesThatDoNotAgree) {
  for (std::size_t section : {0, 1})
    for (std::size_t cut : {1, 2, 4, 6}) {
      auto sections = test::orc_sections({{kText, 8, 0, 0}, {kText + 1, 8, 0, 0}}, kTable, true);
      sections[section].data.resize(sections[section].data.size() - cut);
      Table table(sections);
      EXPECT_FALSE(table.orc) << section << " " << cut;
    }
}

TEST(Orc, WrapsAddressesAtBothEndsOfTheAddressSpace) {
  constexpr auto kMax = std::numeric_limits<std::uint64_t>::max();
  Table high(test::orc_sections({{0, 8, 0, 0}, {16, 8, 0, 0}}, kMax - 3, true));
  ASSERT_TRUE(high.orc);
  EXPECT_EQ(high.orc->at(0).ip, 0u);
  EXPECT_EQ(high.orc->at(1).ip, 16u);
  Table low(test::orc_sections({{kMax - 64, 8, 0, 0}, {kMax, 8, 0, 0}}, 0, true));
  ASSERT_TRUE(low.orc);
  EXPECT_EQ(low.orc->at(1).ip, kMax);
  EXPECT_EQ(low.orc->find(kMax - 1)->ip, kMax - 64);
}

TEST(Orc, EndsItsSearchInAnUnsortedTable) {
  std::vector<OrcSpec> entries;
  for (std::uint64_t index = 0; index < 1000; ++index)
    entries.push_back({kText + index * 7919 % 1000, 8, 0, 0});
  Table table(test::orc_sections(entries, kTable, true));
  ASSERT_TRUE(table.orc);
  for (std::uint64_t offset = 0; offset < 1000; ++offset)
    if (auto entry = table.orc->find(kText + offset)) {
      EXPECT_LE(entry->ip, kText + offset);
    }
}

}  // namespace
}  // namespace ringside::kimage
