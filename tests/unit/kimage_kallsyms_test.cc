// core/kimage/kallsyms: tables of each layout, written here, are found and read back.
#include <gtest/gtest.h>

#include <chrono>
#include <sstream>

#include "core/kimage/kallsyms.hh"
#include "tests/unit/image_writer.hh"

namespace ringside::kimage {
namespace {

using test::Buffer;
using test::KallsymsLayout;
using test::KallsymsSpec;
using test::poke;
using test::SymbolSpec;

constexpr KallsymsLayout kLayouts[] = {KallsymsLayout::kBefore62, KallsymsLayout::kBefore64,
                                       KallsymsLayout::kSince64};

// All symbols, or as many as come before an error.
std::vector<SymbolSpec> walk(const Kallsyms& tables) {
  std::vector<SymbolSpec> symbols;
  Kallsyms::Cursor cursor(tables);
  for (auto next = cursor.next(); next && *next; next = cursor.next())
    symbols.push_back({(*next)->address, (*next)->type, std::string((*next)->name)});
  return symbols;
}

// One line a symbol: what a difference is read from.
std::string listing(const std::vector<SymbolSpec>& symbols) {
  std::ostringstream out;
  for (const auto& symbol : symbols)
    out << std::hex << symbol.address << ' ' << symbol.type << ' ' << symbol.name << '\n';
  return out.str();
}

void expect_symbols(const Buffer& rodata, const std::vector<SymbolSpec>& symbols) {
  auto tables = Kallsyms::locate(rodata);
  ASSERT_TRUE(tables) << tables.error().what << " in " << tables.error().part;
  EXPECT_EQ(tables->size(), symbols.size());
  EXPECT_EQ(listing(walk(*tables)), listing(symbols));
}

Buffer between(const Buffer& tables, std::size_t before, std::size_t behind) {
  Buffer rodata(before);
  rodata.insert(rodata.end(), tables.begin(), tables.end());
  rodata.resize(rodata.size() + behind);
  return rodata;
}

TEST(Kallsyms, ReadsEveryLayoutWithNothingAroundIt) {
  for (auto layout : kLayouts)
    for (std::size_t count : {256, 257, 511, 512, 2000})
      for (bool percpu : {true, false}) {
        auto symbols = test::kernel_symbols(count, percpu);
        SCOPED_TRACE(testing::Message()
                     << static_cast<int>(layout) << " " << count << " " << percpu);
        expect_symbols(test::kallsyms_tables(symbols, {layout, percpu}), symbols);
      }
}

TEST(Kallsyms, ReadsThemAmidOtherData) {
  auto symbols = test::kernel_symbols(700);
  for (auto layout : kLayouts)
    for (std::size_t before : {8, 64, 4096})
      for (std::size_t behind : {0, 1, 8, 4096})
        expect_symbols(between(test::kallsyms_tables(symbols, {layout}), before, behind), symbols);
}

TEST(Kallsyms, ReadsNamesOfTwoByteLengths) {
  auto symbols = test::kernel_symbols(300);
  std::string name;
  for (int letter = 0; letter < 400; ++letter) name += static_cast<char>('A' + letter * 7 % 26);
  symbols[100].name = name;
  for (auto layout : kLayouts) expect_symbols(test::kallsyms_tables(symbols, {layout}), symbols);
}

TEST(Kallsyms, TellsWhatTheTablesCost) {
  auto symbols = test::kernel_symbols(512);
  auto with = Kallsyms::locate(test::kallsyms_tables(symbols, {KallsymsLayout::kBefore64}));
  auto without = Kallsyms::locate(test::kallsyms_tables(symbols, {KallsymsLayout::kBefore62}));
  auto since = Kallsyms::locate(test::kallsyms_tables(symbols, {KallsymsLayout::kSince64}));
  ASSERT_TRUE(with && without && since);
  EXPECT_EQ(with->bytes(), without->bytes() + 512 * 3);
  EXPECT_EQ(since->bytes(), with->bytes());
}

TEST(Kallsyms, RefusesEveryTruncationThatCutsATable) {
  auto symbols = test::kernel_symbols(256);
  for (auto layout : kLayouts) {
    auto whole = test::kallsyms_tables(symbols, {layout});
    bool since_64 = layout == KallsymsLayout::kSince64;
    auto needed = whole.size() - (since_64 ? 256 * 3 : 0);  // sequences behind are not read
    for (std::size_t size = 0; size < needed; ++size)
      ASSERT_FALSE(Kallsyms::locate(Buffer(whole.begin(), whole.begin() + size))) << size;
    EXPECT_TRUE(Kallsyms::locate(Buffer(whole.begin(), whole.begin() + needed)));
  }
}

TEST(Kallsyms, RefusesTablesWhoseFrontIsCutOff) {
  auto symbols = test::kernel_symbols(256);
  for (auto layout : kLayouts) {
    auto whole = test::kallsyms_tables(symbols, {layout});
    for (std::size_t cut = 8; cut < whole.size(); cut += 8)
      ASSERT_FALSE(Kallsyms::locate(Buffer(whole.begin() + cut, whole.end()))) << cut;
  }
}

// Any single damaged byte: refused or read, but never a read outside (the sanitizers watch).
TEST(Kallsyms, SurvivesEveryDamagedByte) {
  auto symbols = test::kernel_symbols(256);
  for (auto layout : kLayouts) {
    auto rodata = test::kallsyms_tables(symbols, {layout});
    for (auto& byte : rodata) {
      auto good = byte;
      byte = ~byte;
      auto tables = Kallsyms::locate(rodata);
      if (tables) {
        EXPECT_LE(walk(*tables).size(), tables->size());
      }
      byte = good;
    }
  }
}

TEST(Kallsyms, RefusesAddressesThatFallOrLieOutsideTheKernel) {
  auto symbols = test::kernel_symbols(256);
  std::swap(symbols[100].address, symbols[200].address);
  EXPECT_STREQ(test::error_of(Kallsyms::locate(test::kallsyms_tables(symbols))).part,
               "kallsyms_offsets");
  symbols = test::kernel_symbols(256, false);
  for (auto& symbol : symbols) symbol.address -= 0xffff'ffff'0000'0000;
  EXPECT_FALSE(Kallsyms::locate(
      test::kallsyms_tables(symbols, {KallsymsLayout::kBefore64, false, symbols[0].address})));
}

TEST(Kallsyms, NamesTheTableThatIsMissing) {
  EXPECT_STREQ(test::error_of(Kallsyms::locate({})).part, "kallsyms_token_index");
  EXPECT_STREQ(test::error_of(Kallsyms::locate(Buffer(4096))).part, "kallsyms_token_index");
  auto whole = test::kallsyms_tables(test::kernel_symbols(256), {KallsymsLayout::kSince64});
  poke<std::uint32_t>(whole, 0, 255);
  EXPECT_STREQ(test::error_of(Kallsyms::locate(whole)).part, "kallsyms_names");
}

TEST(Kallsyms, RefusesACountThatOverflows) {
  for (std::uint64_t count : {~0ull, 1ull << 63, 0x1'0000'0100ull, 0xffff'ffffull, 4'000'001ull}) {
    auto whole = test::kallsyms_tables(test::kernel_symbols(256), {KallsymsLayout::kSince64});
    poke(whole, 0, count);
    EXPECT_FALSE(Kallsyms::locate(whole)) << count;
  }
}

TEST(Kallsyms, RefusesANameTooLongForItsBuffer) {
  auto symbols = test::kernel_symbols(256);
  symbols[17].name = std::string(512, 'q');
  expect_symbols(test::kallsyms_tables(symbols), symbols);
  symbols[17].name += 'q';
  auto rodata = test::kallsyms_tables(symbols);
  auto tables = Kallsyms::locate(rodata);
  ASSERT_TRUE(tables);
  Kallsyms::Cursor cursor(*tables);
  for (int index = 0; index < 17; ++index) ASSERT_TRUE(cursor.next());
  EXPECT_STREQ(test::error_of(cursor.next()).what, "name too long");
}

// Good tables whose count is gone, behind `fill` bytes in which every eighth begins a count and a
// name of seven bytes, so that each is a plausible start with that many plausible names behind it.
Buffer look_alike(std::size_t fill, std::uint64_t count) {
  auto tables = test::kallsyms_tables(test::kernel_symbols(256), {KallsymsLayout::kSince64});
  poke(tables, 0, std::uint64_t{0});
  test::ByteWriter out;
  for (std::size_t at = 0; at < fill; at += 8) out.put(count);
  out.put_bytes(tables);
  return out.take();
}

// A search that follows every start to its end takes minutes here.
TEST(Kallsyms, GivesUpOnLookAlikesInLinearTime) {
  for (std::size_t mebibytes : {1, 8}) {
    auto rodata = look_alike(mebibytes << 20, 0x01'0007);
    auto start = std::chrono::steady_clock::now();
    auto tables = Kallsyms::locate(rodata);
    EXPECT_LT(std::chrono::steady_clock::now() - start, std::chrono::seconds(1) * mebibytes);
    ASSERT_FALSE(tables);
    EXPECT_STREQ(test::error_of(tables).what, "too many false starts");
  }
}

// Zeros between indices that rise by one: each is tried with every length of a table before it.
TEST(Kallsyms, TakesLinearTimeOverTokenIndicesWithoutTokens) {
  test::ByteWriter out;
  while (out.size() < 4u << 20) {
    out.put_bytes(Buffer(520));
    for (int entry = 0; entry < 256; ++entry) out.put(static_cast<std::uint16_t>(entry));
  }
  auto rodata = out.take();
  auto start = std::chrono::steady_clock::now();
  EXPECT_FALSE(Kallsyms::locate(rodata));
  EXPECT_LT(std::chrono::steady_clock::now() - start, std::chrono::seconds(5));
}

}  // namespace
}  // namespace ringside::kimage
