// Where sections go, worked out by hand from layout_sections and layout_symtab.
#include <gtest/gtest.h>

#include "core/modules/layout.hh"
#include "tests/unit/module_writer.hh"

namespace ringside::modules::test {
namespace {

constexpr auto kData = kFlagAlloc | kFlagWrite;

class LaidOut : protected OpenedModule {
 public:
  LaidOut(const ModuleWriter& writer, const Rules& rules) : OpenedModule(writer.finish(), rules) {
    diagnostics_.clear();
    EXPECT_TRUE(lay_out(*module_, arena_, layout, diagnostics_));
  }
  // "region+offset" of a section, "-" where it has no place.
  std::string at(std::string_view name) const {
    auto place = layout.places[section_in(file_, name)];
    if (place.region == kNoRegion) return "-";
    return std::string(abi_.rules->regions[place.region].name) + "+" + std::to_string(place.offset);
  }
  std::vector<std::string> says() const { return said(diagnostics_); }
  const Rules& rules() const { return *abi_.rules; }
  std::uint32_t size(std::string_view region) const {
    for (std::uint32_t index = 0; index < rules().region_count; ++index)
      if (rules().regions[index].name == region) return layout.regions[index].size;
    return ~0u;
  }

  Layout layout;
};

TEST(Layout, Of61IsTwoBlocksWithPagesBetweenTheirParts) {
  LaidOut out(small_module(), kRules6_1);
  EXPECT_EQ(out.says(), std::vector<std::string>());
  // In file order within a pass: .exit.text stays, and comes before .text.
  EXPECT_EQ(out.at(".exit.text"), "core+0");
  EXPECT_EQ(out.at(".text"), "core+16");
  EXPECT_EQ(out.at(".rodata"), "core+4096");
  EXPECT_EQ(out.at(".data"), "core+8192");
  EXPECT_EQ(out.at(".gnu.linkonce.this_module"), "core+8256");
  EXPECT_EQ(out.at(".bss"), "core+8512");
  EXPECT_EQ(out.at(".init.text"), "init+0");
  EXPECT_EQ(out.at(".modinfo"), "-");
  EXPECT_EQ(out.at("__versions"), "-");
  EXPECT_EQ(out.at(".rela.text"), "-");
  const auto& core = out.layout.regions[0];
  EXPECT_EQ(core.text, 4096u);
  EXPECT_EQ(core.read_only, 8192u);
  EXPECT_EQ(core.ro_after_init, 8192u);
  EXPECT_EQ(out.layout.core_size(kRules6_1), 4096u * 4);  // data, then symbols on a page each
  EXPECT_EQ(out.layout.init_size(kRules6_1), 4096u * 2);
}

// After the last part's page: null symbol, cleanup_module, which stay.
TEST(Layout, Of61KeepsCoreSymbolsBehindThePaddedData) {
  LaidOut out(small_module(), kRules6_1);
  const auto& symbols = out.layout.symbols;
  EXPECT_EQ(symbols.count, 2u);
  EXPECT_EQ(symbols.symbols, 12288u);
  EXPECT_EQ(symbols.strings, 12288u + 2 * 24);
  EXPECT_EQ(symbols.types, symbols.strings + 1 + 15);  // "" and "cleanup_module"
  EXPECT_EQ(out.at(".symtab"), "init+4096");
  EXPECT_EQ(out.at(".strtab"), "init+" + std::to_string(4096 + 4 * 24));
  auto strings_end = 4096u + 4 * 24 + 1 + 12 + 15 + 7;
  EXPECT_EQ(symbols.init_struct, align_up(strings_end, 8));
  EXPECT_EQ(symbols.init_types, symbols.init_struct + 32);
}

TEST(Layout, Of612IsAnAllocationAType) {
  LaidOut out(small_module(), kRules6_12);
  EXPECT_EQ(out.at(".exit.text"), "text+0");
  EXPECT_EQ(out.at(".text"), "text+16");
  EXPECT_EQ(out.at(".rodata"), "rodata+0");
  EXPECT_EQ(out.at(".data"), "data+0");
  EXPECT_EQ(out.at(".gnu.linkonce.this_module"), "data+64");
  EXPECT_EQ(out.at(".bss"), "data+320");
  EXPECT_EQ(out.at(".init.text"), "init_text+0");
  EXPECT_EQ(out.at(".symtab"), "init_data+0");
  EXPECT_EQ(out.layout.symbols.symbols, 424u);  // .bss ends at 420; symbols are 8-aligned
  EXPECT_EQ(out.size("text"), 4096u);
  EXPECT_EQ(out.size("ro_after_init"), 0u);
  EXPECT_EQ(out.size("init_rodata"), 0u);
  EXPECT_EQ(out.layout.core_size(kRules6_12), 4096u * 3);
  EXPECT_EQ(out.layout.init_size(kRules6_12), 4096u * 2);
  EXPECT_EQ(
      out.layout.rounding() % 4096,
      (5 * 4096 - 48 - 24 - 424 - 48 - 16 - 2 - 16 - (align_up(4 * 24 + 35, 8) + 32 + 4)) % 4096);
}

TEST(Layout, PutsReadOnlyAfterInitBetweenReadOnlyAndWritable) {
  auto writer = small_module();
  writer.add_section({".data..ro_after_init", kSectionProgbits, kData, 8, zeroes(8)});
  writer.add_section({"__jump_table", kSectionProgbits, kData, 8, zeroes(16)});
  writer.add_section({".marked", kSectionProgbits, kData | kFlagRoAfterInit, 8, zeroes(8)});
  LaidOut old(writer, kRules6_1);
  EXPECT_EQ(old.at(".data..ro_after_init"), "core+8192");
  EXPECT_EQ(old.at("__jump_table"), "core+8200");
  EXPECT_EQ(old.at(".marked"), "core+8216");
  EXPECT_EQ(old.at(".data"), "core+12288");
  EXPECT_EQ(old.layout.regions[0].ro_after_init, 12288u);
  LaidOut out(writer, kRules6_12);
  EXPECT_EQ(out.at("__jump_table"), "ro_after_init+8");
  EXPECT_EQ(out.at(".data"), "data+0");
}

// Init memory has no such part: 6.1 puts it before the writable data without a page between,
// 6.12 among it.
TEST(Layout, HasNoReadOnlyAfterInitInInitMemory) {
  auto writer = small_module();
  writer.add_section({".init.data", kSectionProgbits, kData, 8, zeroes(8)});
  writer.add_section({".init.marked", kSectionProgbits, kData | kFlagRoAfterInit, 8, zeroes(8)});
  LaidOut old(writer, kRules6_1);
  EXPECT_EQ(old.at(".init.marked"), "init+4096");
  EXPECT_EQ(old.at(".init.data"), "init+4104");
  LaidOut out(writer, kRules6_12);
  EXPECT_EQ(out.at(".init.data"), "init_data+0");
  EXPECT_EQ(out.at(".init.marked"), "init_data+8");
}

TEST(Layout, AlignsEachSection) {
  auto writer = small_module();
  writer.add_section({".rodata.one", kSectionProgbits, kFlagAlloc, 1, zeroes(3)});
  writer.add_section({".rodata.none", kSectionProgbits, kFlagAlloc, 0, zeroes(2)});
  writer.add_section({".rodata.page", kSectionProgbits, kFlagAlloc, 4096, zeroes(1)});
  writer.add_section({".rodata.empty", kSectionProgbits, kFlagAlloc, 64, {}});
  LaidOut out(writer, kRules6_12);
  EXPECT_EQ(out.at(".rodata.one"), "rodata+24");
  EXPECT_EQ(out.at(".rodata.none"), "rodata+27");
  EXPECT_EQ(out.at(".rodata.page"), "rodata+4096");
  EXPECT_EQ(out.at(".rodata.empty"), "rodata+4160");
  EXPECT_EQ(out.size("rodata"), 8192u);
}

TEST(Layout, KeepsPerCpuDataApartAndItsSymbols) {
  auto writer = small_module();
  auto percpu = writer.add_section({".data..percpu", kSectionProgbits, kData, 64, zeroes(24)});
  writer.add_symbol({"counter", static_cast<std::uint16_t>(percpu), 0});
  LaidOut out(writer, kRules6_1);
  EXPECT_EQ(out.at(".data..percpu"), "-");
  EXPECT_EQ(out.layout.percpu_section, percpu);
  EXPECT_EQ(out.layout.percpu_size, 24u);
  EXPECT_EQ(out.layout.percpu_align, 64u);
  EXPECT_EQ(out.layout.symbols.count, 3u);
}

TEST(Layout, RefusesWhatLeavesTheModuleArea) {
  auto writer = small_module();
  writer.section(".bss").size = 1ull << 30;
  LaidOut out(writer, kRules6_1);
  EXPECT_EQ(out.says(), std::vector<std::string>{"refused: layout-too-large .bss"});
  writer.section(".bss").size = ~0ull - 100;  // 6.1 adds in 32 bits, and wraps
  EXPECT_EQ(LaidOut(writer, kRules6_1).says(),
            std::vector<std::string>{"unsafe: layout-too-large .bss"});
  writer.section(".bss").size = 0;
  writer.section(".bss").align = 1ull << 31;
  EXPECT_EQ(LaidOut(writer, kRules6_12).says(),
            std::vector<std::string>{"refused: layout-too-large .bss"});
  writer.section(".bss").align = 1ull << 32;  // the kernel's 32 bits make 0 of it
  EXPECT_EQ(LaidOut(writer, kRules6_12).says(),
            std::vector<std::string>{"unsafe: layout-too-large .bss"});
}

}  // namespace
}  // namespace ringside::modules::test
