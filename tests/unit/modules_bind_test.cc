// The kernel's rules of binding, and the two that have no switch.
#include <gtest/gtest.h>

#include "core/modules/bind.hh"
#include "tests/unit/module_writer.hh"

namespace ringside::modules::test {
namespace {

using Lines = std::vector<std::string>;
constexpr std::uint64_t kAddress = 0xffffffff81000100;

// A module that needs "printk" and what a test adds, and the answers to it.
class Binding : protected OpenedModule {
 public:
  explicit Binding(const ModuleWriter& writer, const Rules& rules = kRules6_1)
      : OpenedModule(writer.finish(), rules) {
    diagnostics_.clear();
    needs = *list_needs(*module_, arena_, diagnostics_);
    answers.resize(needs.size());
    values.resize(module_->object().symbol_count());
    answer("module_layout") = exported(0, 0x1111);
    answer("printk") = exported(kAddress, 0x2222);
  }
  static Answer exported(std::uint64_t address, std::uint32_t crc) {
    Answer answer;
    answer.address = address, answer.crc = crc, answer.has_crc = true;
    answer.source = Source::kExport, answer.provider_name = "vmlinux";
    return answer;
  }
  Answer& answer(std::string_view name) { return answers[row(name)]; }
  std::uint64_t value(std::string_view name) const { return values[needs[row(name)].symbol]; }
  Lines bind(BindOptions options = {}) {
    taints = modules::bind(*module_, needs, answers, options, values, diagnostics_);
    return said(diagnostics_);
  }
  const Diagnostic& first() const { return diagnostics_.list()[0]; }

  std::span<const Need> needs;
  std::vector<Answer> answers;
  std::vector<std::uint64_t> values;
  std::uint32_t taints = 0;

 private:
  std::size_t row(std::string_view name) const {
    for (std::size_t row = 0; row < needs.size(); ++row)
      if (needs[row].name == name) return row;
    throw std::invalid_argument("no such need");
  }
};

SmallModule licensed(std::string license) {
  SmallModule shape;
  shape.modinfo[0] = "license=" + license;
  return shape;
}

// The small module with one more undefined symbol, "other", of CRC 0x3333.
ModuleWriter with_other(SmallModule shape = {}, std::uint8_t binding = kBindGlobal) {
  shape.versions.push_back({0x3333, "other"});
  auto writer = small_module(shape);
  writer.add_symbol({"other", 0, 0, binding});
  return writer;
}

TEST(Bind, ListsNeedsWithTheirCrcs) {
  Binding binding(with_other({}, kBindWeak));
  ASSERT_EQ(binding.needs.size(), 3u);
  EXPECT_EQ(binding.needs[0].name, "module_layout");
  EXPECT_EQ(binding.needs[0].symbol, kNoSymbol);
  EXPECT_EQ(binding.needs[0].crc, 0x1111u);
  EXPECT_EQ(binding.needs[1].name, "printk");
  EXPECT_EQ(binding.needs[1].hash, name_hash("printk"));
  EXPECT_TRUE(binding.needs[1].has_crc && !binding.needs[1].weak);
  EXPECT_TRUE(binding.needs[2].weak);
  EXPECT_EQ(binding.needs[2].crc, 0x3333u);
}

TEST(Bind, FillsTheValuesOfWhatItBinds) {
  for (const Rules* rules : {&kRules6_1, &kRules6_12}) {
    Binding binding(small_module(), *rules);
    EXPECT_EQ(binding.bind(), Lines());
    EXPECT_EQ(binding.value("printk"), kAddress);
    EXPECT_EQ(binding.taints, 0u);
  }
}

TEST(Bind, NamesUnresolvedSymbolsUnlessTheyAreWeakOrIgnored) {
  auto writer = with_other();
  writer.add_symbol({"maybe", 0, 0, kBindWeak});
  writer.add_symbol({"_GLOBAL_OFFSET_TABLE_"});
  Binding binding(writer);
  EXPECT_EQ(binding.bind(), Lines{"refused: unresolved-symbol other"});
  EXPECT_EQ(binding.value("maybe"), 0u);
}

TEST(Bind, ComparesCrcsWeakSymbolsIncluded) {
  Binding binding(with_other({}, kBindWeak));
  binding.answer("other") = Binding::exported(kAddress, 0x4444);
  binding.answer("module_layout").crc = 0x9999;
  EXPECT_EQ(binding.bind(),
            (Lines{"refused: crc-mismatch module_layout", "refused: crc-mismatch other"}));
  EXPECT_EQ(binding.first().expected, 0x9999u);
  EXPECT_EQ(binding.first().found, 0x1111u);
  EXPECT_EQ(binding.value("other"), 0u);
}

TEST(Bind, NeverTakesACrcOfMoreThan32Bits) {
  SmallModule shape;
  shape.versions[1].crc = 0x1'0000'2222;
  Binding binding(small_module(shape));
  EXPECT_EQ(binding.bind(), Lines{"refused: crc-mismatch printk"});
}

TEST(Bind, WantsAnEntryInVersionsForEachSymbolWithACrc) {
  SmallModule shape;
  shape.versions.pop_back();
  Binding binding(small_module(shape));
  EXPECT_EQ(binding.bind(), Lines{"refused: version-missing printk"});
  binding.answer("printk").has_crc = false;
  Binding unversioned(small_module(shape));
  unversioned.answer("printk").has_crc = false;
  EXPECT_EQ(unversioned.bind(), Lines());
}

TEST(Bind, TakesTheFirstOfTwoVersionsOfASymbol) {
  SmallModule shape;
  shape.versions.push_back({0x7777, "printk"});
  EXPECT_EQ(Binding(small_module(shape)).bind(), Lines());
}

TEST(Bind, GivesEverySymbolOfANameItsCrc) {
  auto writer = small_module();
  writer.add_symbol({"printk"});
  Binding binding(writer);
  ASSERT_EQ(binding.needs.size(), 3u);
  EXPECT_EQ(binding.needs[2].crc, 0x2222u);
  binding.answers[2] = binding.answers[1];
  EXPECT_EQ(binding.bind(), Lines());
  EXPECT_EQ(binding.values[binding.needs[2].symbol], kAddress);
}

TEST(Bind, TaintsWhereThereAreNoVersionsAtAll) {
  auto writer = small_module();
  writer.section("__versions").name = ".other";
  Binding binding(writer);
  EXPECT_EQ(binding.bind(), Lines{"taints: versions-missing"});
  EXPECT_EQ(binding.taints, std::uint32_t{kTaintForced});
  EXPECT_EQ(binding.value("printk"), kAddress);
}

TEST(Bind, SeesAVersionNameThatDoesNotEnd) {
  SmallModule shape;
  std::string longest(56, 'n');
  shape.versions.push_back({1, longest});
  EXPECT_EQ(Binding(small_module(shape)).bind(), Lines{"unsafe: version-name " + longest});
}

TEST(Bind, KeepsGplOnlyExportsFromOthers) {
  Binding binding(with_other(licensed("Proprietary"), kBindWeak));
  binding.answer("printk").gpl_only = true;
  binding.answer("other") = Binding::exported(kAddress, 0x3333);
  binding.answer("other").gpl_only = true;
  EXPECT_EQ(binding.bind({.allow_unexported = true}), Lines{"refused: gpl-only-symbol printk"});
  EXPECT_EQ(binding.value("printk"), 0u);
  EXPECT_EQ(binding.value("other"), 0u);  // weak: as if it were not there
  Binding gpl(small_module(licensed("Dual MIT/GPL")));
  gpl.answer("printk").gpl_only = true;
  EXPECT_EQ(gpl.bind(), Lines());
}

TEST(Bind, GivesUnexportedSymbolsOnlyOnRequestAndOnlyToGplModules) {
  auto unexported = Binding::exported(kAddress, 0);
  unexported.source = Source::kUnexported, unexported.has_crc = false;
  for (auto license : {"Proprietary", "MIT", ""}) {
    Binding binding(small_module(licensed(license)));
    binding.answer("printk") = unexported;
    EXPECT_EQ(binding.bind({.allow_unexported = true}),
              Lines{"refused: unexported-symbol-license printk"});
    EXPECT_EQ(binding.value("printk"), 0u);
  }
  Binding binding(small_module());
  binding.answer("printk") = unexported;
  EXPECT_EQ(binding.bind(), Lines{"refused: unexported-symbol printk"});
  Binding allowed(small_module());
  allowed.answer("printk") = unexported;
  EXPECT_EQ(allowed.bind({.allow_unexported = true}), Lines());
  EXPECT_EQ(allowed.value("printk"), kAddress);
}

TEST(Bind, LeavesAWeakUnexportedSymbolAloneUnlessAsked) {
  Binding binding(with_other({}, kBindWeak));
  binding.answer("other").source = Source::kUnexported;
  binding.answer("other").address = kAddress;
  EXPECT_EQ(binding.bind(), Lines());
  EXPECT_EQ(binding.value("other"), 0u);
}

TEST(Bind, WantsNamespacesImported) {
  Binding binding(small_module());
  binding.answer("printk").name_space = "SPACE";
  EXPECT_EQ(binding.bind(), Lines{"refused: namespace-not-imported printk"});
  EXPECT_EQ(binding.first().text, "SPACE");
  SmallModule shape;
  shape.modinfo.push_back("import_ns=OTHER");
  shape.modinfo.push_back("import_ns=SPACE");
  Binding importing(small_module(shape));
  importing.answer("printk").name_space = "SPACE";
  EXPECT_EQ(importing.bind(), Lines());
}

TEST(Bind, SaysAllThatIsWrongWithOneSymbol) {
  Binding binding(small_module());
  binding.answer("printk").name_space = "SPACE";
  binding.answer("printk").crc = 1;
  EXPECT_EQ(binding.bind(),
            (Lines{"refused: crc-mismatch printk", "refused: namespace-not-imported printk"}));
}

// As inherit_taint does, and in the symbol table's order.
TEST(Bind, InheritsTheTaintOfAProprietaryProvider) {
  Binding binding(with_other());
  binding.answer("printk").proprietary_provider = true;
  binding.answer("other") = Binding::exported(kAddress, 0x3333);
  binding.answer("other").gpl_only = true;
  EXPECT_EQ(binding.bind(),
            (Lines{"taints: proprietary-provider printk", "refused: gpl-only-symbol other"}));
  EXPECT_EQ(binding.taints, std::uint32_t{kTaintProprietary});
}

TEST(Bind, RefusesAProprietaryProviderAfterGplOnlySymbols) {
  Binding binding(with_other());
  binding.answer("printk").gpl_only = true;
  binding.answer("other") = Binding::exported(kAddress, 0x3333);
  binding.answer("other").proprietary_provider = true;
  EXPECT_EQ(binding.bind(), Lines{"refused: proprietary-provider other"});
}

TEST(Bind, InheritedTaintKeepsUnexportedSymbolsAway) {
  Binding binding(with_other());
  binding.answer("printk").proprietary_provider = true;
  binding.answer("other").source = Source::kUnexported;
  EXPECT_EQ(
      binding.bind({.allow_unexported = true}),
      (Lines{"taints: proprietary-provider printk", "refused: unexported-symbol-license other"}));
}

// The other order: the licence is not lost to a provider once such a symbol was granted.
TEST(Bind, AnUnexportedSymbolKeepsProprietaryProvidersAway) {
  Binding binding(with_other());
  binding.answer("printk").source = Source::kUnexported;
  binding.answer("other") = Binding::exported(kAddress, 0x3333);
  binding.answer("other").proprietary_provider = true;
  EXPECT_EQ(binding.bind({.allow_unexported = true}), Lines{"refused: proprietary-provider other"});
}

TEST(Bind, NamesDuplicateExports) {
  std::vector<OwnExport> exports(2);
  exports[0].name = "one", exports[1].name = "two";
  std::vector<Answer> existing(2);
  existing[1] = Binding::exported(kAddress, 0);
  std::vector<Diagnostic> room(4);
  Diagnostics diagnostics(room);
  judge_exports(exports, existing, diagnostics);
  EXPECT_EQ(said(diagnostics), Lines{"refused: duplicate-export two"});
  EXPECT_EQ(diagnostics.list()[0].text, "vmlinux");
}

}  // namespace
}  // namespace ringside::modules::test
