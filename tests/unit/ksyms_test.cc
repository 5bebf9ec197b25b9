// core/ksyms: what build() takes in, Table gives out, by index, address and name; and a damaged
// table is refused or harmless.
#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <optional>
#include <string>

#include "tests/unit/ksyms_symbols.hh"

namespace ringside::ksyms::test {
namespace {

// A set's table, open.
class OpenTable {
 public:
  explicit OpenTable(const SymbolSet& set, Bytes build_id = {}) : bytes_(*set.table(build_id)) {
    Scratch scratch;
    table_.emplace(*Table::open(bytes_.bytes(), scratch));
  }
  const Table* operator->() const { return &*table_; }
  const Table& operator*() const { return *table_; }

 private:
  AlignedBytes bytes_;
  std::optional<Table> table_;
};

std::vector<Symbol> by_address(const SymbolSet& set) {
  auto sorted = set.symbols();
  std::stable_sort(sorted.begin(), sorted.end(),
                   [](const Symbol& a, const Symbol& b) { return a.address < b.address; });
  return sorted;
}

std::vector<std::uint32_t> indices_of(const Table& table, std::string_view name) {
  Scratch scratch;
  std::vector<std::uint32_t> indices;
  for (auto cursor = table.names(name); auto match = table.next(cursor, scratch);) {
    EXPECT_EQ(match->name, name);
    indices.push_back(match->index);
  }
  return indices;
}

void expect_enumerates(const Table& table, const std::vector<Symbol>& sorted) {
  Scratch scratch;
  ASSERT_EQ(table.size(), sorted.size());
  for (std::uint32_t i = 0; i < sorted.size(); ++i) {
    auto match = table.at(i, scratch);
    ASSERT_TRUE(match) << i;
    EXPECT_EQ(match->address, sorted[i].address) << i;
    EXPECT_EQ(match->type, sorted[i].type) << i;
    EXPECT_EQ(match->name, sorted[i].name) << i;
    EXPECT_EQ(match->index, i);
  }
  EXPECT_FALSE(table.at(table.size(), scratch));
}

// Look-ups at the first and last byte of every range of equal symbols, against a linear search.
void expect_finds(const Table& table, const std::vector<Symbol>& sorted, std::uint64_t start,
                  std::uint64_t end) {
  Scratch scratch;
  for (std::size_t i = 0, next = 0; i < sorted.size(); i = next) {
    for (next = i; next < sorted.size() && sorted[next].address == sorted[i].address;) ++next;
    auto limit = next < sorted.size() ? sorted[next].address : end;
    for (auto address : {sorted[i].address, limit - 1}) {
      auto match = table.find(address, scratch);
      ASSERT_EQ(match.has_value(), address >= start && address < end) << std::hex << address;
      if (!match) continue;
      EXPECT_EQ(match->index, i) << std::hex << address;
      EXPECT_EQ(match->address, sorted[i].address);
      EXPECT_EQ(match->size, limit - sorted[i].address);
      EXPECT_EQ(match->type, sorted[i].type);
      EXPECT_EQ(match->name, sorted[i].name);
    }
  }
}

void expect_names(const Table& table, const std::vector<Symbol>& sorted) {
  std::map<std::string_view, std::vector<std::uint32_t>> expected;
  for (std::uint32_t i = 0; i < sorted.size(); ++i) expected[sorted[i].name].push_back(i);
  for (const auto& [name, indices] : expected) {
    EXPECT_EQ(indices_of(table, name), indices) << name;
    for (auto other :
         {std::string(name) + "?", std::string(name.substr(1)), "?" + std::string(name)})
      EXPECT_EQ(indices_of(table, other).empty(), !expected.count(other)) << other;
  }
}

void expect_round_trip(const SymbolSet& set) {
  OpenTable table(set);
  auto sorted = by_address(set);
  expect_enumerates(*table, sorted);
  expect_finds(*table, sorted, sorted.front().address, sorted.back().address + 1);
  expect_names(*table, sorted);
}

TEST(Ksyms, EmptySetAnswersNothing) {
  OpenTable table(SymbolSet{});
  Scratch scratch;
  EXPECT_EQ(table->size(), 0u);
  EXPECT_FALSE(table->at(0, scratch));
  EXPECT_FALSE(table->find(0, scratch));
  EXPECT_FALSE(table->find(0xffffffff81000000, scratch));
  EXPECT_TRUE(indices_of(*table, "anything").empty());
}

TEST(Ksyms, OneSymbolCoversItsOwnAddressOnly) {
  SymbolSet set;
  set.add(0x1000, 'T', "alone");
  OpenTable table(set);
  Scratch scratch;
  EXPECT_FALSE(table->find(0xfff, scratch));
  EXPECT_EQ(table->find(0x1000, scratch)->name, "alone");
  EXPECT_FALSE(table->find(0x1001, scratch));
  EXPECT_EQ(indices_of(*table, "alone"), std::vector<std::uint32_t>{0});
  EXPECT_TRUE(indices_of(*table, "alon").empty());
  EXPECT_TRUE(indices_of(*table, "").empty());
}

// kernel/kallsyms.c: get_symbol_pos() takes the first of equal addresses and the next greater one
// for the size; is_ksym_addr() asks for [_stext, _end).
TEST(Ksyms, FindFollowsTheKernelsRules) {
  SymbolSet set;
  set.add(0, 'A', "fixed_percpu_data");
  set.add(0x33000, 'A', "__per_cpu_end");
  set.add(0xffffffff81000000, 'T', "startup_64");
  set.add(0xffffffff81000000, 'T', "_stext");
  set.add(0xffffffff81000040, 't', "sme");
  set.add(0xffffffff81002000, 'B', "_end");
  set.add(0xffffffff81002000, 'B', "__brk_limit");
  set.add(0xffffffff81600000, 'd', "after_end");
  OpenTable table(set);
  Scratch scratch;
  EXPECT_FALSE(table->find(0, scratch));
  EXPECT_FALSE(table->find(0x33000, scratch));
  EXPECT_FALSE(table->find(0xffffffff80ffffff, scratch));
  auto first = table->find(0xffffffff8100003f, scratch);
  EXPECT_EQ(first->name, "startup_64");
  EXPECT_EQ(first->size, 0x40u);
  auto last = table->find(0xffffffff81001fff, scratch);
  EXPECT_EQ(last->name, "sme");
  EXPECT_EQ(last->size, 0x1fc0u);
  EXPECT_FALSE(table->find(0xffffffff81002000, scratch));
  EXPECT_FALSE(table->find(0xffffffff81600000, scratch));
  EXPECT_EQ(table->at(1, scratch)->address, 0x33000u);
  EXPECT_EQ(table->at(1, scratch)->type, 'A');
  EXPECT_EQ(indices_of(*table, "after_end"), std::vector<std::uint32_t>{7});
}

TEST(Ksyms, AliasesThatFillBlocksAreOneRange) {
  SymbolSet set;
  for (int i = 0; i < 30; ++i) set.add(0x1000 + 16 * i, 'T', "before" + std::to_string(i));
  for (int i = 0; i < 200; ++i) set.add(0x5000, 't', "alias" + std::to_string(i));
  for (int i = 0; i < 30; ++i) set.add(0x6000 + i, 'D', "after" + std::to_string(i));
  expect_round_trip(set);
}

TEST(Ksyms, AllSymbolsAtOneAddress) {
  SymbolSet set;
  for (int i = 0; i < 150; ++i) set.add(0x5000, "tTdD"[i % 4], "alias" + std::to_string(i % 70));
  expect_round_trip(set);
}

class KsymsSize : public testing::TestWithParam<std::size_t> {};

TEST_P(KsymsSize, RoundTrip) {
  for (std::uint64_t seed = 1; seed <= 3; ++seed) expect_round_trip(kernel_like(GetParam(), seed));
}

INSTANTIATE_TEST_SUITE_P(Sizes, KsymsSize,
                         testing::Values(1, 2, 3, 47, 48, 49, 95, 96, 97, 193, 1000, 5000));

TEST(Ksyms, NamesOfEveryByteAndLength) {
  SymbolSet set;
  std::uint64_t address = 0x1000;
  for (int letter = 1; letter < 256; ++letter)
    set.add(address += 16, 'T', std::string(1, static_cast<char>(letter)));
  std::string all;
  for (int letter = 1; letter < 256; ++letter) all += static_cast<char>(letter);
  for (std::size_t size = 1; size <= kMaxName; ++size) {
    set.add(address += 8, 'd', (all + all + all).substr(0, size));
    set.add(address += 8, 'd', std::string(size, 'x'));
  }
  expect_round_trip(set);
}

TEST(Ksyms, OneNameInManyBlocks) {
  SymbolSet set;
  for (int i = 0; i < 2000; ++i)
    set.add(0x1000 + 8 * i, 'r', i % 5 == 0 ? "__func__.0" : "other" + std::to_string(i));
  OpenTable table(set);
  auto indices = indices_of(*table, "__func__.0");
  ASSERT_EQ(indices.size(), 400u);
  for (std::uint32_t i = 0; i < 400; ++i) EXPECT_EQ(indices[i], 5 * i);
}

TEST(Ksyms, AddressesAtBothEnds) {
  SymbolSet set;
  set.add(0, 'A', "first");
  set.add(1, 'A', "second");
  set.add(0x7fffffffffffffff, 'A', "odd");
  set.add(0x8000000000000000, 'A', "even");
  set.add(0xffffffffffffffff, 'A', "last");
  OpenTable table(set);
  expect_enumerates(*table, by_address(set));
  Scratch scratch;
  EXPECT_EQ(table->find(0xfffffffffffffffe, scratch)->name, "even");
  EXPECT_EQ(table->find(0x7fffffffffffffff, scratch)->size, 1u);
}

TEST(Ksyms, TypeLettersUpToTheLimit) {
  SymbolSet set;
  for (std::uint32_t i = 0; i < kMaxContexts; ++i)
    for (int twice = 0; twice < 2; ++twice)
      set.add(0x1000 + 32 * i, static_cast<char>(200 + i), "symbol" + std::to_string(i));
  expect_round_trip(set);
  set.add(0x9000, 'T', "one_more");
  auto table = set.table();
  ASSERT_FALSE(table);
  EXPECT_STREQ(table.error().what, "too many type letters");
}

TEST(Ksyms, BuildRefusesWhatItCannotHold) {
  auto what = [](std::string name) {
    SymbolSet set;
    set.add(0x1000, 'T', "good");
    set.add(0x1010, 'T', std::move(name));
    auto table = set.table();
    return std::pair(std::string(table ? "" : table.error().what), table ? 0 : table.error().at);
  };
  EXPECT_EQ(what(""), std::pair(std::string("length of a name"), std::uint64_t{1}));
  EXPECT_EQ(what(std::string(513, 'x')).first, "length of a name");
  EXPECT_EQ(what(std::string("a\0b", 3)).first, "NUL in a name");
  EXPECT_EQ(what(std::string(512, 'x')).first, "");
  std::vector<std::byte> id(33);
  auto table = SymbolSet{}.table(id);
  ASSERT_FALSE(table);
  EXPECT_STREQ(table.error().what, "build-id too long");
}

TEST(Ksyms, BuildReportsAnArenaOfAnySizeThatIsTooSmall) {
  auto set = kernel_like(200, 7);
  std::vector<std::byte> memory(8u << 20);
  Arena enough(memory);
  ASSERT_TRUE(build(set.symbols(), {}, enough));
  for (std::size_t size = 0; size < enough.used(); size += 1 + size / 8) {
    Arena arena(std::span<std::byte>(memory).first(size));
    auto table = build(set.symbols(), {}, arena);
    ASSERT_FALSE(table) << size;
    EXPECT_STREQ(table.error().what, "out of memory");
  }
}

TEST(Ksyms, EqualInputGivesEqualBytes) {
  SymbolSet set, shuffled;
  for (int i = 0; i < 1000; ++i) set.add(0x1000 + 16 * i, 'T', "f" + std::to_string(i * i));
  for (int i = 0; i < 1000; ++i) {
    auto symbol = set.symbols()[i * 387 % 1000];
    shuffled.add(symbol.address, symbol.type, std::string(symbol.name));
  }
  auto table = *set.table(), again = *set.table(), other = *shuffled.table();
  EXPECT_TRUE(std::ranges::equal(table.bytes(), again.bytes()));
  EXPECT_TRUE(std::ranges::equal(table.bytes(), other.bytes()));
}

TEST(Ksyms, TableTellsItsBuildIdAndWhatNamesCost) {
  std::vector<std::byte> id(20);
  for (int i = 0; i < 20; ++i) id[i] = std::byte(i);
  OpenTable table(kernel_like(3000, 2), id);
  EXPECT_TRUE(std::ranges::equal(table->build_id(), id));
  EXPECT_GT(table->name_index_bytes(), 0u);
  EXPECT_LT(table->name_index_bytes(), 3 * table->size());
  EXPECT_LT(table->bytes().size(), 12 * table->size());
}

// Damaged tables.

std::string open_error(Bytes bytes) {
  Scratch scratch;
  auto table = Table::open(bytes, scratch);
  return table ? "" : table.error().what;
}

// True where the table was refused; if it was not, it has answered everything within its limits.
bool refused_or_harmless(const AlignedBytes& bytes) {
  Scratch scratch;
  auto table = Table::open(bytes.bytes(), scratch);
  if (table) exercise(*table);
  return !table;
}

TEST(KsymsDamage, EveryTruncationIsRefused) {
  auto table = *kernel_like(100, 3).table();
  ASSERT_EQ(open_error(table.bytes()), "");
  for (std::size_t size = 0; size < table.bytes().size(); ++size)
    EXPECT_NE(open_error(AlignedBytes(table.bytes().first(size)).bytes()), "") << size;
}

TEST(KsymsDamage, BytesBehindTheTableAreIgnored) {
  auto set = kernel_like(100, 3);
  auto table = *set.table();
  std::vector<std::byte> longer(table.bytes().begin(), table.bytes().end());
  longer.resize(longer.size() + 100, std::byte{0xff});
  AlignedBytes bytes(longer);
  Scratch scratch;
  auto opened = Table::open(bytes.bytes(), scratch);
  ASSERT_TRUE(opened);
  EXPECT_EQ(opened->bytes().size(), table.bytes().size());
  expect_enumerates(*opened, by_address(set));
}

TEST(KsymsDamage, HeaderFieldsAreCheckedByName) {
  auto table = *kernel_like(100, 3).table();
  auto error_with = [&](auto change) {
    AlignedBytes damaged(table.bytes());
    change(damaged.header());
    return open_error(damaged.bytes());
  };
  EXPECT_EQ(error_with([](Header& h) { h.magic ^= 1; }), "not a symbol table");
  EXPECT_EQ(error_with([](Header& h) { ++h.version; }), "symbol table of another version");
  EXPECT_EQ(error_with([](Header& h) { h.build_id_size = 33; }), "build-id too long");
  EXPECT_EQ(error_with([](Header& h) { h.total_size += 8; }), "size of the symbol table");
  EXPECT_EQ(error_with([](Header& h) { h.start = h.end + 1; }), "addresses end before they start");
  EXPECT_EQ(error_with([](Header& h) { h.block_size = 0; }), "symbols a block");
  EXPECT_EQ(error_with([](Header& h) { h.block_size = kMaxBlock + 1; }), "symbols a block");
  EXPECT_EQ(error_with([](Header& h) { h.contexts = 65; }), "too many type letters");
  EXPECT_EQ(error_with([](Header& h) { h.tokens = kMaxTokens + 1; }), "too many tokens");
  EXPECT_EQ(error_with([](Header& h) { h.stream_size = 7; }), "stream too short");
  EXPECT_EQ(error_with([](Header& h) { h.slots = 63; }), "too few slots");
  EXPECT_EQ(error_with([](Header& h) { h.slot_bits = 33; }), "bits a slot");
  EXPECT_EQ(error_with([](Header& h) { h.token_code.width[7] = 17; }), "width of a code");
  for (auto count : {&Header::symbols, &Header::contexts, &Header::steps, &Header::tokens,
                     &Header::stream_size, &Header::slots, &Header::slot_bits})
    for (std::uint32_t value : {0u, 1u, 0x7fffffffu, 0xffffffffu})
      EXPECT_NE(error_with([&](Header& h) { h.*count = value; }), "") << value;
}

TEST(KsymsDamage, PartsAreCheckedByName) {
  auto table = *kernel_like(200, 3).table();
  auto at = layout_of(table.header());
  auto tokens = table.header().tokens;
  auto error_with = [&](auto change) {
    AlignedBytes damaged(table.bytes());
    change(damaged);
    return open_error(damaged.bytes());
  };
  auto step_error = [&](auto change) {
    return error_with([&](AlignedBytes& b) { change(*reinterpret_cast<Step*>(&b[at.steps])); });
  };
  auto token_error = [&](auto wanted, auto change) {
    return error_with([&](AlignedBytes& b) {
      auto all = std::span(reinterpret_cast<Token*>(&b[at.tokens]), tokens);
      change(*std::find_if(all.begin(), all.end(), wanted));
    });
  };
  auto pair = [](Token token) { return !token.is_terminal(); };
  auto copy = [](Token token) { return token.is_terminal() && token.terminal() > kCopy; };
  EXPECT_EQ(step_error([](Step& step) { step.context = 63; }), "type of a step");
  EXPECT_EQ(step_error([](Step& step) { step.shift = 5; }), "alignment of a step");
  EXPECT_EQ(step_error([](Step& step) { step.bits = 65; }), "gap of more than 64 bits");
  EXPECT_EQ(token_error(pair, [&](Token& token) { token.left = tokens; }), "no such token");
  EXPECT_EQ(token_error(pair, [](Token& token) { token.right ^= Token::kLast; }),
            "end of name within a token");
  EXPECT_EQ(token_error(copy, [](Token& token) { token.right = kTerminals; }), "no such terminal");
  // More than the name before has: bytes that no name put into the scratch.
  EXPECT_EQ(token_error(copy, [](Token& token) { token.right = kCopy + kMaxCopy; }), "no name");
  EXPECT_EQ(token_error(copy, [](Token& token) { token.right = kCopy; }), "no name");
  EXPECT_EQ(error_with([&](AlignedBytes& b) { b[at.bases + 15] ^= std::byte{0x80}; }),
            "addresses do not ascend");
  EXPECT_EQ(error_with([&](AlignedBytes& b) { b[at.positions + 7] = std::byte{0xff}; }),
            "position past the stream");
  EXPECT_EQ(error_with([&](AlignedBytes& b) { b[at.stream] = std::byte{63}; }), "type of a symbol");
}

TEST(KsymsDamage, MisalignedBytesAreRefused) {
  auto table = *kernel_like(10, 3).table();
  std::vector<std::byte> memory(table.bytes().size() + 16);
  AlignedBytes bytes(memory);
  EXPECT_EQ(open_error(bytes.bytes().subspan(1)), "not aligned to 8 bytes");
}

// A grammar that refers to itself would never end: it is cut off at its depth and refused.
TEST(KsymsDamage, CircularTokensAreRefused) {
  auto table = *kernel_like(200, 3).table();
  auto at = layout_of(table.header());
  for (std::uint32_t i = 0; i < table.header().tokens; ++i) {
    AlignedBytes damaged(table.bytes());
    auto* token = reinterpret_cast<Token*>(&damaged[at.tokens + i * sizeof(Token)]);
    if (token->is_last()) continue;
    *token = {static_cast<std::uint16_t>(i), static_cast<std::uint16_t>(i)};
    refused_or_harmless(damaged);
  }
}

TEST(KsymsDamage, EveryByteChangedIsRefusedOrHarmless) {
  auto table = *kernel_like(60, 4).table();
  int refused = 0, count = 0;
  for (std::size_t at = 0; at < table.bytes().size(); ++at)
    for (int flip : {0x01, 0x80, 0xff}) {
      AlignedBytes damaged(table.bytes());
      damaged[at] ^= std::byte(flip);
      refused += refused_or_harmless(damaged);
      ++count;
    }
  EXPECT_GT(refused, count / 4);  // else the checks of open() do nothing
}

TEST(KsymsDamage, RandomDamageIsRefusedOrHarmless) {
  std::mt19937_64 random(42);
  auto table = *kernel_like(400, 5).table();
  for (int round = 0; round < 2000; ++round) {
    AlignedBytes damaged(table.bytes());
    for (auto flips = 1 + random() % 8; flips > 0; --flips)
      damaged[random() % damaged.bytes().size()] = std::byte(random());
    refused_or_harmless(damaged);
  }
}

}  // namespace
}  // namespace ringside::ksyms::test
