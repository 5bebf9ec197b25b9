// Relocation type by type; linking whole modules and plain objects; the edit for `bind`.
#include <gtest/gtest.h>

#include "core/modules/edit.hh"
#include "core/modules/link.hh"
#include "tests/unit/module_writer.hh"

namespace ringside::modules::test {
namespace {

using Lines = std::vector<std::string>;
constexpr std::uint64_t kBase = 0xffffffffc0001000;

// One relocation on 16 zero bytes at kBase; values[1] is the symbol's.
struct One {
  Lines says;
  Buffer bytes = zeroes(16);
  Diagnostic first;

  One(std::uint32_t type, std::uint64_t symbol, std::int64_t addend, std::uint64_t offset = 4,
      std::uint32_t index = 1, Buffer before = zeroes(16))
      : bytes(std::move(before)) {
    Relocation entry{offset, std::uint64_t{index} << 32 | type, addend};
    Buffer records(sizeof(entry) + 5);  // a partial record behind it is ignored
    poke(records, 0, entry);
    std::vector<std::uint64_t> values = {0, symbol};
    std::vector<Diagnostic> room(4);
    Diagnostics diagnostics(room);
    EXPECT_EQ(relocate(records, 7, {bytes, kBase}, values, diagnostics), 1u);
    says = said(diagnostics);
    if (!diagnostics.empty()) first = diagnostics.list()[0];
  }
  std::uint32_t word() const { return load<std::uint32_t>(bytes, 4); }
  std::uint64_t quad() const { return load<std::uint64_t>(bytes, 4); }
};

TEST(Relocate, DoesEachTypeThatKernelsTake) {
  constexpr std::uint64_t kSymbol = 0xffffffff81234568;
  EXPECT_EQ(One(kRelNone, kSymbol, 4).quad(), 0u);
  EXPECT_EQ(One(kRel64, kSymbol, -8).quad(), kSymbol - 8);
  EXPECT_EQ(One(kRel64, kSymbol, 0, 8).quad(), (kSymbol & 0xffffffff) << 32);
  EXPECT_EQ(One(kRelPc32, kSymbol, -4).word(),
            static_cast<std::uint32_t>(kSymbol - 4 - (kBase + 4)));
  EXPECT_EQ(One(kRelPlt32, kSymbol, -4).word(), One(kRelPc32, kSymbol, -4).word());
  EXPECT_EQ(One(kRel32S, kSymbol, 1).word(), 0x81234569u);
  EXPECT_EQ(One(kRel32, 0xfffffff0, 15).word(), 0xffffffffu);
  EXPECT_EQ(One(kRelPc64, kSymbol, 0).quad(), kSymbol - (kBase + 4));
  for (auto type : {kRelNone, kRel64, kRelPc32, kRelPlt32, kRel32S, kRelPc64})
    EXPECT_EQ(One(type, kSymbol, 0).says, Lines()) << type;
}

TEST(Relocate, RefusesValuesThatDoNotFit) {
  EXPECT_EQ(One(kRel32, 0xfffffff0, 16).says, Lines{"refused: relocation-overflow"});
  EXPECT_EQ(One(kRel32, 0, -1).says, Lines{"refused: relocation-overflow"});
  EXPECT_EQ(One(kRel32S, 0x7fffffff, 0).says, Lines());
  EXPECT_EQ(One(kRel32S, 0x7fffffff, 1).says, Lines{"refused: relocation-overflow"});
  EXPECT_EQ(One(kRel32S, 0xffffffff80000000, 0).says, Lines());
  EXPECT_EQ(One(kRel32S, 0xffffffff80000000, -1).says, Lines{"refused: relocation-overflow"});
  One far(kRelPc32, kBase + 4 + 0x80000000, 0);  // kernels write what is left of it
  EXPECT_EQ(far.says, Lines{"unsafe: relocation-truncated"});
  EXPECT_EQ(far.word(), 0u);
  EXPECT_EQ(far.first.found, 0x80000000u);
  EXPECT_EQ(far.first.expected, std::uint64_t{kRelPc32});
  EXPECT_EQ(One(kRelPlt32, kBase + 4 + 0x7fffffff, 0).says, Lines());
  EXPECT_EQ(One(kRelPlt32, kBase + 4 - 0x80000000, -1).says, Lines{"unsafe: relocation-truncated"});
}

TEST(Relocate, RefusesATargetThatIsNotZero) {
  for (auto type : {kRel64, kRelPc64, kRelPc32, kRelPlt32, kRel32, kRel32S}) {
    auto before = zeroes(16);
    before[7] = std::byte{1};
    One one(type, type == kRel32 || type == kRel32S ? 1 : kBase, 0, 4, 1, before);
    EXPECT_EQ(one.says, Lines{"refused: relocation-target"}) << type;
    EXPECT_EQ(one.bytes, before);
    EXPECT_EQ(one.first.found, 0x1000000u);
  }
  auto before = zeroes(16);
  before[8] = std::byte{1};  // just behind four bytes, within eight
  EXPECT_EQ(One(kRelPc32, kBase, 0, 4, 1, before).says, Lines());
  EXPECT_EQ(One(kRelPc64, kBase, 0, 4, 1, before).says, Lines{"refused: relocation-target"});
}

TEST(Relocate, BoundsOffsetsAndSymbols) {
  EXPECT_EQ(One(kRelPc32, kBase, 0, 12).says, Lines());
  EXPECT_EQ(One(kRelPc32, kBase, 0, 13).says, Lines{"unsafe: relocation-offset"});
  EXPECT_EQ(One(kRel64, kBase, 0, 8).says, Lines());
  EXPECT_EQ(One(kRel64, kBase, 0, 9).says, Lines{"unsafe: relocation-offset"});
  EXPECT_EQ(One(kRel64, kBase, 0, ~0ull - 3).says, Lines{"unsafe: relocation-offset"});
  One symbol(kRel64, kBase, 0, 4, 2);
  EXPECT_EQ(symbol.says, Lines{"unsafe: relocation-symbol"});
  EXPECT_EQ(symbol.first.section, 7u);
  EXPECT_EQ(symbol.first.expected, 2u);
  EXPECT_EQ(symbol.first.found, 2u);
}

TEST(Relocate, RefusesEveryOtherType) {
  for (std::uint32_t type : {3u, 5u, 8u, 9u, 12u, 14u, 42u, 0xffffffffu}) {
    One one(type, kBase, 0);
    EXPECT_EQ(one.says, Lines{"refused: relocation-type"}) << type;
    EXPECT_EQ(one.first.found, type);
  }
}

// A module from file to image; every step's outcome in reach.
class Linked : protected OpenedModule {
 public:
  explicit Linked(Buffer file, const Rules& rules = kRules6_12)
      : OpenedModule(std::move(file), rules) {
    if (!module_) return;
    diagnostics_.clear();
    EXPECT_TRUE(lay_out(*module_, arena_, layout, diagnostics_));
    for (std::uint32_t region = 0; region < rules.region_count; ++region) {
      memory[region] = Buffer(layout.regions[region].size, std::byte{0xee});
      image.memory[region] = memory[region];
      image.address[region] = kBase + 0x100000 * region;
    }
    image.percpu_address = 0x30000;
    bind();
    relocated = link(module_->object(), layout, image, values, diagnostics_);
  }
  const Module& module() const { return *module_; }
  Lines says() const { return said(diagnostics_); }
  std::uint32_t index(std::string_view name) const { return section_in(file_, name); }
  std::uint64_t address(std::string_view name) const { return addresses[index(name)]; }
  std::uint64_t quad(std::string_view name, std::uint64_t offset) const {
    auto place = layout.places[index(name)];
    return load<std::uint64_t>(memory[place.region], place.offset + offset);
  }

  std::span<const Need> needs;
  std::vector<Answer> answers;
  Layout layout;
  Image image;
  std::array<Buffer, kMaxRegions> memory;
  std::vector<std::uint64_t> addresses, values;
  Result<std::uint64_t> relocated = Error{};
  static constexpr std::uint64_t kPrintk = 0xffffffff81000100;

 private:
  void bind() {
    addresses.resize(module_->object().sections().size());
    values.resize(module_->object().symbol_count());
    section_addresses(layout, image, addresses);
    define_symbols(module_->object(), addresses, values);
    needs = *list_needs(*module_, arena_, diagnostics_);
    answers.resize(needs.size());
    for (std::size_t row = 0; row < needs.size(); ++row) {
      answers[row].source = Source::kExport;
      answers[row].address = kPrintk + row - 1;
    }
    modules::bind(*module_, needs, answers, {}, values, diagnostics_);
  }
};

TEST(Link, WritesFinishedSections) {
  for (const Rules* rules : {&kRules6_1, &kRules6_12}) {
    auto writer = small_module();
    writer.section(".data").data[39] = std::byte{0x5a};
    Linked linked(writer.finish(), *rules);
    EXPECT_EQ(linked.says(), Lines());
    ASSERT_TRUE(linked.relocated);
    EXPECT_EQ(*linked.relocated, 3u);
    EXPECT_EQ(linked.quad(".gnu.linkonce.this_module", 128), linked.address(".init.text"));
    EXPECT_EQ(linked.quad(".gnu.linkonce.this_module", 136), linked.address(".exit.text"));
    auto call = static_cast<std::uint32_t>(Linked::kPrintk - 4 - linked.address(".text") - 4);
    EXPECT_EQ(linked.quad(".text", 4), call);
    EXPECT_EQ(linked.quad(".data", 32), 0x5aull << 56);
    EXPECT_EQ(linked.quad(".bss", 0), 0u);
  }
}

TEST(Link, GivesPerCpuSymbolsTheirOffsetAndKeepsAbsoluteOnes) {
  auto writer = small_module();
  constexpr auto kData = kFlagAlloc | kFlagWrite;
  auto percpu = writer.add_section({".data..percpu", kSectionProgbits, kData, 8, zeroes(16)});
  auto counter = writer.add_symbol({"counter", static_cast<std::uint16_t>(percpu), 8});
  auto fixed = writer.add_symbol({"fixed", kAbsolute, 0x1234});
  writer.relocate(".rodata", 0, kRel64, counter);
  writer.relocate(".rodata", 8, kRel64, fixed, 1);
  writer.relocate(".data..percpu", 0, kRel64, fixed);  // kernels do not apply this one
  Linked linked(writer.finish());
  EXPECT_EQ(linked.says(), Lines());
  EXPECT_EQ(linked.quad(".rodata", 0), 0x30008u);
  EXPECT_EQ(linked.quad(".rodata", 8), 0x1235u);
  EXPECT_EQ(*linked.relocated, 5u);
}

TEST(Link, IgnoresRelocationsOfWhatIsNotInMemory) {
  auto writer = small_module();
  writer.add_section({".debug", kSectionProgbits, 0, 1, zeroes(8)});
  writer.relocate(".debug", 0, 77, 1);
  writer.relocate(".modinfo", 0, 77, 1);
  EXPECT_EQ(Linked(writer.finish()).says(), Lines());
}

TEST(Link, RefusesRelSectionsAndRelocatedSymbols) {
  auto file = small_module().finish();
  auto rela = section_in(file, ".rela.text");
  auto header = header_of(file, rela);
  header.type = kSectionRel;
  set_header(file, rela, header);
  EXPECT_EQ(Linked(file).says(), Lines{"refused: rel-section .rela.text"});
  header.type = kSectionRela;
  header.info = section_in(file, ".strtab");
  set_header(file, rela, header);
  EXPECT_EQ(Linked(file).says(), Lines{"unsafe: relocates-symbols .rela.text"});
  header.info = section_in(file, ".text");
  header.flags = kFlagRelaLivepatch;
  set_header(file, rela, header);
  EXPECT_EQ(Linked(file).says(), Lines{"unsupported: livepatch-module .rela.text"});
}

TEST(Link, CollectsEveryRelocationThatFails) {
  auto writer = small_module();
  writer.relocate(".rodata", 20, kRel64, 1);
  writer.relocate(".rodata", 0, 3, 1);
  writer.relocate(".rodata", 8, kRel64, 1);
  Linked linked(writer.finish());
  EXPECT_EQ(linked.says(), (Lines{"unsafe: relocation-offset", "refused: relocation-type"}));
  EXPECT_EQ(linked.quad(".rodata", 8), linked.address(".init.text"));
}

TEST(Link, TellsWhenARegionIsTooSmall) {
  Linked linked(small_module().finish());
  linked.image.memory[0] = linked.image.memory[0].first(100);
  Diagnostics diagnostics({});
  auto again =
      link(linked.module().object(), linked.layout, linked.image, linked.values, diagnostics);
  ASSERT_FALSE(again);
  EXPECT_EQ(again.error().expected, 4096u);
  EXPECT_EQ(again.error().found, 100u);
}

TEST(Link, WritesTheResolvedSymbolTable) {
  Linked linked(small_module().finish());
  const auto& object = linked.module().object();
  Buffer out(object.symbols().size());
  ASSERT_TRUE(write_symbols(object, linked.values, out));
  EXPECT_EQ(load<Symbol>(out, 3 * sizeof(Symbol)).value, Linked::kPrintk);
  EXPECT_EQ(load<Symbol>(out, 1 * sizeof(Symbol)).value, linked.address(".init.text"));
  EXPECT_FALSE(write_symbols(object, linked.values, std::span(out).first(24)));
}

TEST(Link, RelocatesSectionsThatTheCallerPlaced) {
  auto writer = small_module();
  auto file = writer.finish();
  Buffer memory(1 << 14);
  Arena arena(memory);
  std::vector<Diagnostic> room(4);
  Diagnostics diagnostics(room);
  auto object = Object::open(file, kRules6_1, arena, diagnostics);
  ASSERT_TRUE(object);
  std::vector<Target> targets(object->sections().size());
  std::vector<std::uint64_t> addresses(targets.size()), values(object->symbol_count());
  auto text = section_in(file, ".text");
  auto contents = object->contents(text);
  Buffer placed(contents.begin(), contents.end());
  targets[text] = {placed, kBase};
  addresses[text] = kBase;
  define_symbols(*object, addresses, values);
  values[3] = kBase + 0x1000;
  EXPECT_EQ(relocate_sections(*object, targets, values, diagnostics), 1u);
  EXPECT_EQ(load<std::uint32_t>(placed, 4), 0x1000u - 4 - 4);
  EXPECT_TRUE(diagnostics.empty());
}

TEST(Edit, MakesSymbolsAbsoluteAndKeepsOneAProvider) {
  auto writer = small_module();
  for (auto name : {"jbd2_a", "jbd2_b", "crc", "kallsyms_x"}) writer.add_symbol({name});
  writer.add_symbol({"nobody", 0, 0, kBindWeak});
  auto file = with_signature(writer.finish(), text("PKCS7"));
  Linked linked(file);
  auto& answers = linked.answers;  // module_layout, printk, then those above
  answers[2].provider = answers[3].provider = 5;
  answers[4].provider = 9;
  answers[5].source = Source::kUnexported;
  answers[6].source = Source::kNone;
  Buffer out(file.size()), room(1 << 12);
  Arena arena(room);
  auto edited = edit_for_bind(linked.module(), linked.needs, answers, arena, out);
  ASSERT_TRUE(edited);
  EXPECT_EQ(edited->size, file.size() - 5 - 12 - 28);
  EXPECT_EQ(edited->absolute, 3u);
  EXPECT_EQ(edited->kept, 2u);
  out.resize(edited->size);
  Linked again(out);
  std::vector<std::string> still;
  for (const auto& need : again.needs) still.emplace_back(need.name);
  EXPECT_EQ(still, (Lines{"module_layout", "jbd2_a", "crc", "nobody"}));
  auto symbol = again.module().object().symbol(3);
  EXPECT_EQ(symbol.section, kAbsolute);
  EXPECT_EQ(symbol.value, answers[1].address);
}

TEST(Edit, GivesNothingGplOnlyOrUnexportedToOthers) {
  SmallModule shape;
  shape.modinfo[0] = "license=Proprietary";
  auto writer = small_module(shape);
  writer.add_symbol({"gpl_only"});
  writer.add_symbol({"unexported", 0, 0, kBindWeak});
  Linked linked(writer.finish());
  linked.answers[2].gpl_only = true;
  linked.answers[3].source = Source::kUnexported;
  Buffer out(1 << 16), room(1 << 12);
  Arena arena(room);
  auto edited = edit_for_bind(linked.module(), linked.needs, linked.answers, arena, out);
  ASSERT_TRUE(edited);
  EXPECT_EQ(edited->absolute, 1u);  // printk
  out.resize(edited->size);
  EXPECT_EQ(Linked(out).needs.size(), 3u);
}

TEST(Edit, WantsRoomAndAnAnswerForEachNeed) {
  Linked linked(small_module().finish());
  Buffer room(1 << 12), out(1 << 16);
  Arena arena(room);
  EXPECT_FALSE(edit_for_bind(linked.module(), linked.needs, linked.answers, arena,
                             std::span(out).first(100)));
  linked.answers.pop_back();
  EXPECT_FALSE(edit_for_bind(linked.module(), linked.needs, linked.answers, arena, out));
}

// Every byte of a module flipped, all the way to the image: nothing is read or written outside.
TEST(Link, SurvivesFlippedBytes) {
  auto whole = small_module().finish();
  for (std::size_t at = 0; at < whole.size(); ++at) {
    auto file = whole;
    file[at] ^= std::byte{0xff};
    Linked linked(file, at % 2 ? kRules6_1 : kRules6_12);
  }
}

}  // namespace
}  // namespace ringside::modules::test
