// A symbol table after the kernel's work, judged by the file's.
#include <gtest/gtest.h>

#include "core/modules/elf64.hh"
#include "core/modules/resolved.hh"

namespace ringside::modules::test {
namespace {

constexpr std::uint64_t kText = 0xffff'ffff'c000'1000, kPercpu = 0x2'0000;

// The null symbol, one in .text (section 1), an absolute, an undefined and a per-CPU one (section
// 2), as simplify_symbols() leaves them.
struct Tables {
  std::vector<Symbol> original = {{},
                                  {1, 0x12, 0, 1, 0x40, 8},
                                  {2, 0x10, 0, kAbsolute, 0x1234, 0},
                                  {3, 0x10, 0, kUndefined, 0, 0},
                                  {4, 0x11, 0, 2, 0x18, 8}};
  std::vector<Symbol> resolved = original;
  std::vector<SectionHeader> sections = std::vector<SectionHeader>(3);
  std::vector<std::uint64_t> values = std::vector<std::uint64_t>(5);

  Tables() {
    sections[1].address = kText;
    resolved[1].value = kText + 0x40;
    resolved[3].value = 0xffff'ffff'8100'0000;
    resolved[4].value = kPercpu + 0x18;
  }
  Result<Nothing> read() {
    return read_resolved({std::as_bytes(std::span(original)), std::as_bytes(std::span(resolved)),
                          std::as_bytes(std::span(sections)), 2, kPercpu},
                         values);
  }
};

TEST(Resolved, GivesTheValuesWhereTheyAgree) {
  Tables tables;
  ASSERT_TRUE(tables.read());
  for (std::size_t each = 0; each < tables.values.size(); ++each)
    EXPECT_EQ(tables.values[each], tables.resolved[each].value) << each;
}

TEST(Resolved, TakesTheKernelsWordForUndefinedSymbols) {
  Tables tables;
  tables.resolved[3].value = 0;  // weak
  EXPECT_TRUE(tables.read());
}

TEST(Resolved, NamesTheSymbolWhoseValueDiffers) {
  for (std::size_t each : {1, 2, 4}) {
    Tables tables;
    tables.resolved[each].value += 8;
    auto read = tables.read();
    ASSERT_FALSE(read);
    EXPECT_STREQ(read.error().what, "value differs");
    EXPECT_EQ(read.error().at, each);
    EXPECT_EQ(read.error().found, read.error().expected + 8);
  }
}

TEST(Resolved, RefusesASymbolThatChangedOtherwise) {
  Tables tables;
  tables.resolved[1].section = 2;
  ASSERT_FALSE(tables.read());
  tables = {};
  tables.resolved[3].info = 0x20;
  ASSERT_FALSE(tables.read());
}

TEST(Resolved, RefusesWhatLiesOutside) {
  Tables tables;
  tables.original[1].section = tables.resolved[1].section = 3;
  auto read = tables.read();
  ASSERT_FALSE(read);
  EXPECT_STREQ(read.error().what, "section index too large");
  tables = {};
  tables.values.resize(6);
  EXPECT_FALSE(tables.read());
  tables = {};
  tables.resolved.pop_back();
  EXPECT_FALSE(tables.read());
}

}  // namespace
}  // namespace ringside::modules::test
