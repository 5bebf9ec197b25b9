// The export index: what goes in comes out, wherever the block lies, and a damaged block is told
// or at least never read past its end.
#include <gtest/gtest.h>

#include "core/modules/export_index.hh"
#include "tests/unit/module_writer.hh"

namespace ringside::modules::test {
namespace {

struct Sources {
  std::vector<std::string> names;
  std::vector<IndexedExport> exports;
  std::vector<IndexedProvider> providers = {{"vmlinux", false}, {"nvidia", true}};
  IndexKey key{};
};

Sources many(std::size_t count) {
  Sources sources;
  for (std::size_t row = 0; row < count; ++row)
    sources.names.push_back("symbol_" + std::to_string(row));
  for (std::size_t row = 0; row < count; ++row)
    sources.exports.push_back(
        {sources.names[row], row % 3 ? "" : "SPACE", row * 16, static_cast<std::uint32_t>(row),
         row % 2 ? 1u : 0u, static_cast<std::uint32_t>(row % 2 * 7), row % 5 != 0, row % 4 == 0});
  sources.key[31] = std::byte{9};
  return sources;
}

Buffer build(const Sources& sources) {
  Buffer block(ExportIndex::bytes(sources.exports, sources.providers));
  EXPECT_TRUE(ExportIndex::build(sources.exports, sources.providers, sources.key, block));
  return block;
}

TEST(ExportIndex, FindsEveryExportAndNothingElse) {
  auto sources = many(1000);
  auto block = build(sources);
  auto index = ExportIndex::open(block);
  ASSERT_TRUE(index);
  EXPECT_EQ(index->size(), 1000u);
  EXPECT_EQ(index->key(), sources.key);
  for (const auto& wanted : sources.exports) {
    auto found = index->find(wanted.name);
    ASSERT_TRUE(found) << wanted.name;
    EXPECT_EQ(found->name, wanted.name);
    EXPECT_EQ(found->name_space, wanted.name_space);
    EXPECT_EQ(found->value, wanted.value);
    EXPECT_EQ(found->crc, wanted.crc);
    EXPECT_EQ(found->provider, wanted.provider);
    EXPECT_EQ(found->section, wanted.section);
    EXPECT_EQ(found->has_crc, wanted.has_crc);
    EXPECT_EQ(found->gpl_only, wanted.gpl_only);
    EXPECT_FALSE(index->after(*found));
  }
  EXPECT_FALSE(index->find("symbol_1000"));
  EXPECT_FALSE(index->find(""));
}

TEST(ExportIndex, KeepsTheOrderOfEqualNames) {
  auto sources = many(10);
  auto twin = sources.exports[4];
  twin.provider = 1, twin.value = 77;
  sources.exports.push_back(twin);
  auto block = build(sources);
  auto index = ExportIndex::open(block);
  ASSERT_TRUE(index);
  auto first = index->find(twin.name);
  ASSERT_TRUE(first);
  EXPECT_EQ(first->provider, 0u);
  auto second = index->after(*first);
  ASSERT_TRUE(second);
  EXPECT_EQ(second->value, 77u);
  EXPECT_FALSE(index->after(*second));
}

// Quadratic probing, or a chain of all, would take minutes: 2^40 steps.
TEST(ExportIndex, TakesAMillionEqualNames) {
  Sources sources;
  sources.exports.assign(1u << 20, {"same", "", 1, 0, 1});
  sources.exports.front().value = 7, sources.exports.back().provider = 0;
  auto block = build(sources);
  auto index = ExportIndex::open(block);
  ASSERT_TRUE(index);
  auto first = index->find("same");
  ASSERT_TRUE(first);
  EXPECT_EQ(first->value, 7u);
  auto second = index->after(*first);
  ASSERT_TRUE(second);
  EXPECT_EQ(second->provider, 0u);
  EXPECT_FALSE(index->after(*second));
}

TEST(ExportIndex, NamesProviders) {
  auto block = build(many(3));
  auto index = ExportIndex::open(block);
  ASSERT_TRUE(index);
  EXPECT_EQ(index->provider_count(), 2u);
  EXPECT_EQ(index->provider(1)->name, "nvidia");
  EXPECT_TRUE(index->provider(1)->proprietary);
  EXPECT_FALSE(index->provider(0)->proprietary);
  EXPECT_FALSE(index->provider(2));
}

TEST(ExportIndex, AnswersABatchAsItAnswersOne) {
  auto sources = many(100);
  auto block = build(sources);
  auto index = ExportIndex::open(block);
  ASSERT_TRUE(index);
  std::vector<Need> needs;
  for (std::size_t row = 0; row < 37; ++row) {
    auto name = row % 5 ? std::string_view(sources.names[row]) : "missing";
    needs.push_back({name, name_hash(name)});
  }
  std::vector<IndexedExport> found(needs.size());
  index->find_all(needs, found);
  for (std::size_t row = 0; row < needs.size(); ++row)
    EXPECT_EQ(found[row].name, row % 5 ? sources.names[row] : "");
}

TEST(ExportIndex, WalksAllInOrder) {
  auto sources = many(50);
  auto block = build(sources);
  auto index = ExportIndex::open(block);
  ASSERT_TRUE(index);
  std::uint64_t at = 0;
  for (const auto& wanted : sources.exports) {
    auto step = index->step(at);
    ASSERT_TRUE(step);
    EXPECT_EQ(step->entry.name, wanted.name);
    at = step->next;
  }
  EXPECT_FALSE(index->step(at));
}

TEST(ExportIndex, HoldsNothing) {
  auto block = build({});
  auto index = ExportIndex::open(block);
  ASSERT_TRUE(index);
  EXPECT_EQ(index->size(), 0u);
  EXPECT_FALSE(index->find("printk"));
  EXPECT_FALSE(index->step(0));
}

TEST(ExportIndex, RefusesWhatItCannotHold) {
  auto sources = many(1);
  auto try_build = [&] {
    Buffer block(ExportIndex::bytes(sources.exports, sources.providers));
    return static_cast<bool>(
        ExportIndex::build(sources.exports, sources.providers, sources.key, block));
  };
  EXPECT_TRUE(try_build());
  sources.exports[0].provider = 2;
  EXPECT_FALSE(try_build());
  sources.exports[0].provider = 0, sources.exports[0].section = 1 << 16;
  EXPECT_FALSE(try_build());
  std::string longest(1 << 16, 'x');
  sources.exports[0].section = 0, sources.exports[0].name = longest;
  EXPECT_FALSE(try_build());
  Buffer small(10);
  EXPECT_FALSE(ExportIndex::build({}, {}, {}, small));
}

TEST(ExportIndex, RefusesABlockWithAWrongHeader) {
  auto block = build(many(5));
  EXPECT_FALSE(ExportIndex::open(std::span(block).first(40)));
  EXPECT_FALSE(ExportIndex::open(std::span(block).first(block.size() - 8)));
  auto wrong = [&](std::size_t at, std::uint32_t value) {
    auto copy = block;
    poke(copy, at, value);
    return !ExportIndex::open(copy);
  };
  EXPECT_TRUE(wrong(0, 1));          // magic
  EXPECT_TRUE(wrong(52, 15));        // slots: no power of two
  EXPECT_TRUE(wrong(52, 4));         // slots: fewer than exports
  EXPECT_TRUE(wrong(52, 1u << 31));  // slots: past the end
  EXPECT_TRUE(wrong(56, 1 << 30));   // providers
  EXPECT_TRUE(wrong(76, 1));         // records
}

TEST(ExportIndex, StaysInsideADamagedBlock) {
  auto sources = many(20);
  auto block = build(sources);
  for (std::size_t at = 0; at < block.size(); ++at) {
    auto copy = block;
    copy[at] ^= std::byte{0xff};
    auto index = ExportIndex::open(copy);
    if (!index) continue;
    for (const auto& wanted : sources.exports)
      for (auto found = index->find(wanted.name); found;) found = index->after(*found);
    for (std::uint32_t provider = 0; provider < 3; ++provider) index->provider(provider);
    std::uint64_t steps = 0;
    for (auto step = index->step(0); step && steps < 100; ++steps) step = index->step(step->next);
  }
}

}  // namespace
}  // namespace ringside::modules::test
