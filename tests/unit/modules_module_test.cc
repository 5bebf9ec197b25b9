// What makes an object a module: .modinfo, struct module, versions, per-CPU data, exports, taints,
// the signature's shape.
#include <gtest/gtest.h>

#include "tests/unit/module_writer.hh"

namespace ringside::modules::test {
namespace {

using Lines = std::vector<std::string>;

// A module opened by one kernel's rules, and all that was said.
class Opened : protected OpenedModule {
 public:
  Opened(Buffer file, const Rules& rules) : OpenedModule(std::move(file), rules) {}
  const Module& module() const { return *module_; }
  Lines says() const {
    auto lines = said(diagnostics_);
    std::erase(lines, "taints: unsigned");
    return lines;
  }
  std::span<const OwnExport> exports() { return *module().exports(arena_, diagnostics_); }
  // The first that says more than that there is no signature.
  const Diagnostic& first() const { return diagnostics_.list()[1]; }
};

Lines says(const Buffer& file, const Rules& rules) {
  return Opened(file, rules).says();
}

void expect(const ModuleWriter& writer, const Lines& on_6_1, const Lines& on_6_12) {
  EXPECT_EQ(says(writer.finish(), kRules6_1), on_6_1);
  EXPECT_EQ(says(writer.finish(), kRules6_12), on_6_12);
}
void expect(const ModuleWriter& writer, const Lines& both) {
  expect(writer, both, both);
}

SmallModule with_modinfo(std::vector<std::string> entries) {
  SmallModule shape;
  shape.modinfo = std::move(entries);
  return shape;
}

constexpr auto kMagic = "vermagic=6.1.0-test SMP mod_unload modversions ";

TEST(Module, KnowsItsNameAndSections) {
  Opened opened(small_module().finish(), kRules6_1);
  EXPECT_EQ(opened.module().name(), "small");
  EXPECT_EQ(opened.module().object().section_name(opened.module().this_module()),
            ".gnu.linkonce.this_module");
  EXPECT_EQ(opened.module().percpu(), 0u);
  ASSERT_EQ(opened.module().version_count(), 2u);
  EXPECT_EQ(opened.module().version(1).name, "printk");
  EXPECT_EQ(opened.module().version(1).crc, 0x2222u);
  EXPECT_EQ(opened.module().taints(), std::uint32_t{kTaintUnsigned});
  EXPECT_TRUE(opened.module().gpl_compatible());
}

TEST(Module, NeedsOneModinfo) {
  auto writer = small_module();
  writer.add_section(writer.section(".modinfo"));
  expect(writer, {"note: modinfo-not-unique .modinfo"}, {"refused: modinfo-not-unique .modinfo"});
}

TEST(Module, TakesModinfoThatIsNotAllocatedOnlyOn612) {
  auto writer = small_module();
  writer.section(".modinfo").flags = 0;
  expect(writer,
         {"note: modinfo-missing", "taints: vermagic-missing", "taints: out-of-tree small",
          "taints: proprietary-license unspecified"},
         {});
}

TEST(Module, SeesModinfoThatDoesNotEnd) {
  auto writer = small_module();
  writer.section(".modinfo").data.push_back(std::byte{'x'});
  expect(writer, {"unsafe: modinfo-unterminated .modinfo"});
}

TEST(Module, NeedsThisModule) {
  auto writer = small_module();
  writer.section(".gnu.linkonce.this_module").name = ".other";
  expect(writer, {"refused: this-module-missing"});
}

TEST(Module, NeedsOneThisModule) {
  auto writer = small_module();
  auto copy = writer.section(".gnu.linkonce.this_module");
  copy.relocations.clear();
  writer.add_section(copy);
  expect(writer, {"note: this-module-not-unique .gnu.linkonce.this_module"},
         {"refused: this-module-not-unique .gnu.linkonce.this_module",
          "refused: section-name-twice .gnu.linkonce.this_module"});
}

TEST(Module, NeedsThisModuleInMemory) {
  auto writer = small_module();
  writer.section(".gnu.linkonce.this_module").flags = kFlagWrite;
  expect(writer, {"refused: this-module-not-allocated .gnu.linkonce.this_module"});
}

TEST(Module, NeedsThisModuleInTheFile) {
  auto file = small_module().finish();
  auto index = section_in(file, ".gnu.linkonce.this_module");
  auto header = header_of(file, index);
  header.type = kSectionNobits;
  set_header(file, index, header);
  EXPECT_EQ(says(file, kRules6_1)[0], "unsafe: this-module-empty .gnu.linkonce.this_module");
  EXPECT_EQ(says(file, kRules6_12)[0], "refused: this-module-empty .gnu.linkonce.this_module");
}

TEST(Module, ComparesStructModule) {
  SmallModule shape;
  shape.struct_size = 320;
  Opened opened(small_module(shape).finish(), kRules6_12);
  EXPECT_EQ(opened.says(), Lines{"refused: this-module-size .gnu.linkonce.this_module"});
  EXPECT_EQ(opened.first().expected, 256u);
  EXPECT_EQ(opened.first().found, 320u);
  EXPECT_EQ(says(small_module(shape).finish(), kRules6_1),
            Lines{"unsafe: this-module-size .gnu.linkonce.this_module"});
}

TEST(Module, SeesInitAtAnotherOffset) {
  auto writer = small_module();
  writer.section(".gnu.linkonce.this_module").relocations[0].offset = 120;
  expect(writer, {"unsafe: this-module-fields .gnu.linkonce.this_module"});
}

TEST(Module, NeedsANameThatEnds) {
  SmallModule shape;
  shape.name = std::string(56, 'x');
  expect(small_module(shape), {"unsafe: module-name .gnu.linkonce.this_module"});
  shape.name = "";
  expect(small_module(shape), {"unsafe: module-name .gnu.linkonce.this_module"});
}

TEST(Module, ComparesVermagicWithoutTheReleaseWhereThereAreVersions) {
  auto shape = with_modinfo(
      {"license=GPL", "intree=Y", "vermagic=6.1.99-other SMP mod_unload modversions "});
  expect(small_module(shape), {});
  auto writer = small_module(shape);
  writer.section("__versions").flags = 0;
  expect(writer, {"refused: vermagic 6.1.99-other SMP mod_unload modversions "});
  shape.modinfo[2] = "vermagic=6.1.0-test SMP preempt mod_unload modversions ";
  Opened opened(small_module(shape).finish(), kRules6_1);
  EXPECT_EQ(opened.says(),
            Lines{"refused: vermagic 6.1.0-test SMP preempt mod_unload modversions "});
  EXPECT_EQ(opened.first().text, "6.1.0-test SMP mod_unload modversions ");
}

TEST(Module, TaintsAsTheKernelDoes) {
  auto shape = with_modinfo({"license=Proprietary", "staging=Y", "test=Y"});
  Opened opened(small_module(shape).finish(), kRules6_1);
  EXPECT_EQ(opened.says(),
            (Lines{"taints: vermagic-missing", "taints: out-of-tree small", "taints: staging small",
                   "taints: test-module small", "taints: proprietary-license Proprietary"}));
  EXPECT_EQ(opened.module().taints(), kTaintProprietary | kTaintForced | kTaintStaging |
                                          kTaintOutOfTree | kTaintUnsigned | kTaintTest);
}

TEST(Module, DoesNotBelieveThePretenders) {
  SmallModule shape;
  shape.name = "driverloader";
  expect(small_module(shape), {"taints: proprietary-license GPL"});
}

TEST(Module, TaintsForWhatAWrapperLoads) {
  SmallModule shape;
  shape.name = "ndiswrapper";
  Opened opened(small_module(shape).finish(), kRules6_1);
  EXPECT_EQ(opened.says(), Lines{"taints: loads-proprietary ndiswrapper"});
  EXPECT_EQ(opened.module().taints(), kTaintProprietary | kTaintUnsigned);
  EXPECT_TRUE(opened.module().gpl_compatible());
}

TEST(Module, SaysThatLivepatchesAreNotSupported) {
  auto shape = with_modinfo({"license=GPL", "intree=Y", kMagic, "livepatch=Y"});
  expect(small_module(shape), {"unsupported: livepatch-module .modinfo"});
}

TEST(Module, RefusesWritableCode) {
  auto writer = small_module();
  writer.section(".text").flags |= kFlagWrite;
  expect(writer, {"refused: write-exec-section .text"});
}

TEST(Module, Of612HasOneSectionOfEachNameInMemory) {
  auto writer = small_module();
  writer.add_section({".data", kSectionProgbits, kFlagAlloc, 1, zeroes(8)});
  writer.add_section({".data", kSectionProgbits, kFlagAlloc, 1, {}});
  writer.add_section({".data", kSectionProgbits, 0, 1, zeroes(8)});
  writer.add_section({".symtab", kSectionProgbits, kFlagAlloc, 1, zeroes(8)});
  expect(writer, {}, {"refused: section-name-twice .data", "refused: section-name-twice .symtab"});
}

TEST(Module, BoundsPerCpuData) {
  auto writer = small_module();
  writer.add_section(
      {".data..percpu", kSectionProgbits, kFlagAlloc | kFlagWrite, 8192, zeroes((8 << 10) + 1)});
  expect(writer, {"refused: percpu-size .data..percpu", "note: percpu-alignment .data..percpu"});
}

TEST(License, IsTheKernelsList) {
  for (auto good : {"GPL", "GPL v2", "GPL and additional rights", "Dual BSD/GPL", "Dual MIT/GPL",
                    "Dual MPL/GPL"})
    EXPECT_TRUE(license_is_gpl_compatible(good)) << good;
  for (auto bad : {"", "gpl", "GPL v3", "GPLv2", "GPL ", "Proprietary", "MIT", "unspecified"})
    EXPECT_FALSE(license_is_gpl_compatible(bad)) << bad;
}

TEST(Modinfo, WalksEntriesOverPadding) {
  auto bytes = text(std::string_view("\0\0a=1\0\0\0noise\0b=x=y\0a=2\0=empty\0rest=no", 37));
  Modinfo modinfo(bytes);
  Modinfo::Cursor cursor(modinfo);
  std::vector<std::string> seen;
  while (auto entry = cursor.next())
    seen.push_back(std::string(entry->key) + "/" + std::string(entry->value));
  EXPECT_EQ(seen, (std::vector<std::string>{"a/1", "b/x=y", "a/2", "/empty"}));
  EXPECT_EQ(modinfo.find("a"), "1");
  EXPECT_TRUE(modinfo.has("a", "2"));
  EXPECT_FALSE(modinfo.has("a", "3"));
  EXPECT_EQ(modinfo.find("rest"), std::nullopt);
}

// One export of each table: three relocations an entry, as a linker leaves them.
ModuleWriter exporting_module() {
  auto writer = small_module();
  auto strings = writer.add_section({"__ksymtab_strings", kSectionProgbits, kFlagAlloc, 1,
                                     text(std::string_view("one\0two\0SPACE\0\0", 15))});
  writer.add_section({"__ksymtab", kSectionProgbits, kFlagAlloc, 4, zeroes(12)});
  writer.add_section({"__ksymtab_gpl", kSectionProgbits, kFlagAlloc, 4, zeroes(12)});
  auto crc = zeroes(4);
  poke<std::uint32_t>(crc, 0, 0xabcd);
  writer.add_section({"__kcrctab", kSectionProgbits, kFlagAlloc, 4, crc});
  poke<std::uint32_t>(crc, 0, 0xef01);
  writer.add_section({"__kcrctab_gpl", kSectionProgbits, kFlagAlloc, 4, crc});
  auto section = static_cast<std::uint16_t>(strings);
  auto names = writer.add_symbol({"__kstrtab_one", section, 0, kBindLocal});
  auto end = writer.add_symbol({"__kstrtabns_one", section, 14, kBindLocal});
  auto function = writer.symbol("init_module");
  writer.relocate("__ksymtab", 0, kRelPc32, function, 8);
  writer.relocate("__ksymtab", 4, kRelPc32, names, 0);
  writer.relocate("__ksymtab", 8, kRelPc32, end, 0);
  writer.relocate("__ksymtab_gpl", 0, kRelPc32, writer.symbol("cleanup_module"), 0);
  writer.relocate("__ksymtab_gpl", 4, kRelPc32, names, 4);
  writer.relocate("__ksymtab_gpl", 8, kRelPc32, names, 8);
  return writer;
}

TEST(Exports, ReadsNamesCrcsAndNamespacesThroughRelocations) {
  Opened opened(exporting_module().finish(), kRules6_12);
  auto exports = opened.exports();
  EXPECT_EQ(opened.says(), Lines());
  ASSERT_EQ(exports.size(), 2u);
  EXPECT_EQ(exports[0].name, "one");
  EXPECT_EQ(exports[0].name_space, "");
  EXPECT_EQ(exports[0].crc, 0xabcdu);
  EXPECT_EQ(exports[0].symbol, 1u);
  EXPECT_EQ(exports[0].addend, 8);
  EXPECT_FALSE(exports[0].gpl_only);
  EXPECT_EQ(exports[1].name, "two");
  EXPECT_EQ(exports[1].name_space, "SPACE");
  EXPECT_EQ(exports[1].crc, 0xef01u);
  EXPECT_TRUE(exports[1].gpl_only && exports[1].has_crc);
}

TEST(Exports, SaysWhichEntriesCannotBeRead) {
  auto writer = exporting_module();
  writer.section("__ksymtab").relocations[1].addend = 1 << 20;
  Opened opened(writer.finish(), kRules6_1);
  EXPECT_EQ(opened.exports()[0].name, "");
  EXPECT_EQ(opened.says(), Lines{"unsafe: export-entry __ksymtab"});
}

// The kernel counts them by the size, and relocations make entries of zeros.
TEST(Exports, RefusesATableWithoutContents) {
  auto writer = exporting_module();
  auto& table = writer.section("__ksymtab");
  table.type = kSectionNobits, table.size = 12, table.data.clear();
  Opened opened(writer.finish(), kRules6_1);
  EXPECT_EQ(opened.exports().size(), 1u);
  EXPECT_EQ(opened.says(), Lines{"unsafe: export-entry __ksymtab"});
}

TEST(Exports, WantsThemInOrder) {
  auto writer = exporting_module();
  writer.section("__ksymtab").data = zeroes(24);
  writer.section("__kcrctab").data = zeroes(8);
  auto names = writer.symbol("__kstrtab_one");
  writer.relocate("__ksymtab", 12, kRelPc32, writer.symbol("init_module"), 0);
  writer.relocate("__ksymtab", 16, kRelPc32, names, 1);  // "ne"
  Opened unsorted(writer.finish(), kRules6_1);
  EXPECT_EQ(unsorted.exports()[1].name, "ne");
  EXPECT_EQ(unsorted.says(), Lines{"unsafe: export-order ne"});
  writer.section("__ksymtab").relocations.back().addend = 4;  // "two"
  Opened sorted(writer.finish(), kRules6_1);
  EXPECT_EQ(sorted.exports()[1].name, "two");
  EXPECT_EQ(sorted.says(), Lines());
}

TEST(Exports, WantsVersionsForThem) {
  auto writer = exporting_module();
  writer.section("__kcrctab").name = ".gone";
  writer.section("__kcrctab_gpl").data = zeroes(2);
  Opened opened(writer.finish(), kRules6_1);
  EXPECT_FALSE(opened.exports()[0].has_crc);
  EXPECT_EQ(opened.says(), (Lines{"taints: export-versions-missing __ksymtab",
                                  "unsafe: export-version-count __kcrctab_gpl"}));
}

Lines signature_says(const Buffer& file) {
  return said([&] {
    static std::vector<Diagnostic> room(8);
    Diagnostics diagnostics(room);
    split_signature(file, diagnostics);
    return diagnostics;
  }());
}

TEST(Signature, IsSplitOff) {
  auto module = small_module().finish();
  auto file = with_signature(module, text("PKCS7"));
  Opened opened(file, kRules6_1);
  EXPECT_EQ(opened.module().signed_file().content.size(), module.size());
  EXPECT_EQ(opened.module().signed_file().signature.size(), 5u);
  EXPECT_TRUE(opened.module().signed_file().marked);
  EXPECT_EQ(opened.module().taints(), 0u);
  EXPECT_EQ(signature_says(module), Lines{"taints: unsigned"});
}

TEST(Signature, IsRefusedWhereItsTrailerIsWrong) {
  EXPECT_EQ(signature_says(text("x~Module signature appended~\n")),
            Lines{"refused: signature-too-short"});
  auto file = with_signature(zeroes(100), zeroes(10));
  EXPECT_EQ(signature_says(file), Lines());
  auto trailer = file.size() - 28 - 12;
  poke(file, trailer + 8, __builtin_bswap32(111));
  EXPECT_EQ(signature_says(file), Lines{"refused: signature-length"});
  poke(file, trailer + 8, __builtin_bswap32(110));
  EXPECT_EQ(signature_says(file), Lines{"refused: signature-length"});
  poke(file, trailer + 8, __builtin_bswap32(109));
  EXPECT_EQ(signature_says(file), Lines());
  poke(file, trailer + 1, '\1');
  EXPECT_EQ(signature_says(file), Lines{"refused: signature-header"});
  EXPECT_EQ(signature_says(with_signature(zeroes(100), zeroes(10), 1)),
            Lines{"taints: signature-type"});
}

TEST(Rules, AreChosenByTheSeries) {
  EXPECT_EQ(rules_for("6.1.0-56-amd64"), &kRules6_1);
  EXPECT_EQ(rules_for("6.1"), &kRules6_1);
  EXPECT_EQ(rules_for("6.12.117+deb12-amd64"), &kRules6_12);
  EXPECT_EQ(rules_for("6.11.1"), nullptr);
  EXPECT_EQ(rules_for("6.120"), nullptr);
  EXPECT_EQ(rules_for("5.10.0"), nullptr);
}

TEST(Rules, FindTheVermagicAmongStringsOfTheRelease) {
  auto rodata =
      text(std::string_view("6.1.0\0Linux 6.1.0 (x)\0"
                            "6.1.0 SMP preempt mod_unload \0",
                            52));
  EXPECT_EQ(*find_vermagic(rodata, "6.1.0"), "6.1.0 SMP preempt mod_unload ");
  EXPECT_FALSE(find_vermagic(rodata, "6.1.1"));
  EXPECT_FALSE(find_vermagic(rodata, ""));
}

TEST(Rules, TellWhetherModulesCanBeForced) {
  EXPECT_TRUE(find_force_load(text("a\0014%s: %s: kernel tainted.\n")));
  EXPECT_FALSE(find_force_load(text("%s: %s: kernel tainted")));
  EXPECT_FALSE(find_force_load({}));
}

}  // namespace
}  // namespace ringside::modules::test
