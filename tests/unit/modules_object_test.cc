// Every fault of the ELF level, provoked one at a time, on both kernels' rules.
#include <gtest/gtest.h>

#include <functional>

#include "tests/unit/module_writer.hh"

namespace ringside::modules::test {
namespace {

using Lines = std::vector<std::string>;

// What opening `file` as a module of that kernel says, but for the missing signature.
Lines open_says(const Buffer& file, const Rules& rules, bool* opened = nullptr) {
  Buffer memory(1 << 16);
  Arena arena(memory);
  std::vector<Diagnostic> room(64);
  Diagnostics diagnostics(room);
  auto abi = test_kernel(rules);
  auto module = Module::open(file, abi, arena, diagnostics);
  if (opened) *opened = static_cast<bool>(module);
  auto lines = said(diagnostics);
  std::erase(lines, "taints: unsigned");
  return lines;
}

struct Case {
  const char* name;
  std::function<void(Buffer&)> spoil;
  Lines on_6_1, on_6_12;
  bool opens;
};

void set_section(Buffer& file, std::string_view name,
                 const std::function<void(SectionHeader&)>& change) {
  auto index = section_in(file, name);
  auto header = header_of(file, index);
  change(header);
  set_header(file, index, header);
}

Case both(const char* name, std::function<void(Buffer&)> spoil, const char* line, bool opens) {
  return {name, std::move(spoil), {line}, {line}, opens};
}

std::vector<Case> broken_headers() {
  return {
      both(
          "short", [](Buffer& file) { file.resize(63); }, "refused: file-too-short", false),
      both(
          "magic", [](Buffer& file) { poke(file, 0, 'E'); }, "refused: bad-magic", false),
      both(
          "class", [](Buffer& file) { poke(file, 4, '\1'); }, "note: wrong-class", true),
      both(
          "type", [](Buffer& file) { poke<std::uint16_t>(file, 16, 2); }, "refused: wrong-type",
          true),
      both(
          "machine", [](Buffer& file) { poke<std::uint16_t>(file, 18, 183); },
          "refused: wrong-machine", true),
      both(
          "entry size", [](Buffer& file) { poke<std::uint16_t>(file, 58, 40); },
          "refused: section-header-size", false),
      both(
          "table outside", [](Buffer& file) { poke<std::uint64_t>(file, 40, file.size()); },
          "refused: section-table-outside", false),
      both(
          "table far outside", [](Buffer& file) { poke<std::uint64_t>(file, 40, ~0ull - 8); },
          "refused: section-table-outside", false),
      both(
          "cut off", [](Buffer& file) { file.resize(file.size() - 1); },
          "refused: section-table-outside", false),
      both(
          "no sections", [](Buffer& file) { poke<std::uint16_t>(file, 60, 0); },
          "refused: name-table-index", false),
      both(
          "no names", [](Buffer& file) { poke<std::uint16_t>(file, 62, 0); },
          "refused: name-table-index", false),
      both(
          "names past the end", [](Buffer& file) { poke<std::uint16_t>(file, 62, 999); },
          "refused: name-table-index", false),
  };
}

std::vector<Case> broken_sections() {
  auto change = [](const char* name, void (*edit)(SectionHeader&)) {
    return [name, edit](Buffer& file) { set_section(file, name, edit); };
  };
  auto zero = [](void (*edit)(SectionHeader&)) {
    return [edit](Buffer& file) {
      auto header = header_of(file, 0);
      edit(header);
      set_header(file, 0, header);
    };
  };
  return {
      {"name table type",
       change(".shstrtab", [](auto& header) { header.type = 1; }),
       {},
       {"refused: name-table-type"},
       true},
      both("names outside", change(".shstrtab", [](auto& header) { header.offset = ~0ull; }),
           "refused: name-table-outside", false),
      both("names empty", change(".shstrtab", [](auto& header) { header.size = 0; }),
           "refused: name-table-empty", false),
      both("names without end", change(".shstrtab", [](auto& header) { header.size -= 1; }),
           "refused: name-table-unterminated", false),
      both("section zero", zero([](auto& header) { header.size = 1; }), "refused: section-zero",
           true),
      both("section zero in memory", zero([](auto& header) { header.flags = kFlagAlloc; }),
           "unsafe: section-zero", true),
      both("section zero is writable code",
           zero([](auto& header) { header.flags = kFlagWrite | kFlagExec; }),
           "refused: section-zero", true),
      both("contents outside", change(".rodata", [](auto& header) { header.size = 1 << 30; }),
           "refused: section-outside .rodata", true),
      both("contents wrap", change(".rodata", [](auto& header) { header.offset = ~0ull - 4; }),
           "refused: section-outside .rodata", true),
      both("name outside", change(".rodata", [](auto& header) { header.name = 1 << 20; }),
           "refused: section-name", true),
      {"name outside, not in memory",
       change(".rela.text", [](auto& header) { header.name = 1 << 20; }),
       {"unsafe: section-name"},
       {"refused: section-name"},
       true},
      both("alignment", change(".rodata", [](auto& header) { header.align = 12; }),
           "unsafe: section-alignment .rodata", true),
      both("null but allocated", change(".rodata", [](auto& header) { header.type = 0; }),
           "unsafe: null-section-allocated .rodata", true),
  };
}

std::vector<Case> broken_symbols() {
  auto change = [](const char* name, void (*edit)(SectionHeader&)) {
    return [name, edit](Buffer& file) { set_section(file, name, edit); };
  };
  auto symbol = [](void (*edit)(Symbol&)) {
    return [edit](Buffer& file) {
      auto at = header_of(file, section_in(file, ".symtab")).offset + sizeof(Symbol);
      auto symbol = load<Symbol>(file, at);
      edit(symbol);
      poke(file, at, symbol);
    };
  };
  return {
      both("no symbol table", change(".symtab", [](auto& header) { header.type = 1; }),
           "refused: symtab-missing", true),
      {"two symbol tables",
       change(".comment", [](auto& header) { header.type = 2; }),
       {"note: symtab-not-unique .comment"},
       {"refused: symtab-not-unique .comment"},
       true},
      both("symbols without strings", change(".symtab", [](auto& header) { header.link = 0; }),
           "refused: symtab-link .symtab", true),
      {"string table type",
       change(".strtab", [](auto& header) { header.type = 1; }),
       {},
       {"refused: string-table-type .strtab"},
       true},
      {"string table without bytes",
       change(".strtab", [](auto& header) { header.type = 8; }),
       {"unsafe: string-table-type .strtab"},
       {"refused: string-table-type .strtab"},
       true},
      both("strings without end", change(".strtab", [](auto& header) { header.size -= 1; }),
           "unsafe: string-table-unterminated .strtab", true),
      both("symbol name", symbol([](auto& symbol) { symbol.name = 1 << 20; }),
           "unsafe: symbol-name .symtab", true),
      both("symbol section", symbol([](auto& symbol) { symbol.section = 500; }),
           "refused: symbol-section init_module", true),
      both("common", symbol([](auto& symbol) { symbol.section = kCommon; }),
           "refused: common-symbol init_module", true),
      both("livepatch", symbol([](auto& symbol) { symbol.section = kLivepatchSection; }),
           "unsupported: livepatch-symbol init_module", true),
  };
}

Buffer module_with_comment() {
  auto writer = small_module();
  // As a second symbol table it would be empty and right, so that only its being there counts.
  WrittenSection comment{".comment", kSectionProgbits, 0, 8, {}};
  comment.link = 1;
  writer.add_section(comment);
  return writer.finish();
}

// As many lines as are expected, for what follows from the fault may be said as well; all of them
// where none is expected.
Lines heads(Lines lines, const Lines& expected) {
  if (!expected.empty() && lines.size() > expected.size()) lines.resize(expected.size());
  return lines;
}

void run(const std::vector<Case>& cases) {
  for (const auto& entry : cases) {
    SCOPED_TRACE(entry.name);
    auto file = module_with_comment();
    entry.spoil(file);
    bool opened = false;
    EXPECT_EQ(heads(open_says(file, kRules6_1, &opened), entry.on_6_1), entry.on_6_1);
    EXPECT_EQ(opened, entry.opens);
    EXPECT_EQ(heads(open_says(file, kRules6_12, &opened), entry.on_6_12), entry.on_6_12);
    EXPECT_EQ(opened, entry.opens);
  }
}

TEST(Object, SaysNothingAboutARightModule) {
  for (const Rules* rules : {&kRules6_1, &kRules6_12})
    EXPECT_EQ(open_says(module_with_comment(), *rules), Lines());
}

TEST(Object, NamesWhatIsWrongInTheHeader) {
  run(broken_headers());
}
TEST(Object, NamesWhatIsWrongWithSections) {
  run(broken_sections());
}
TEST(Object, NamesWhatIsWrongWithSymbols) {
  run(broken_symbols());
}

TEST(Object, CollectsAllFaultsOfAFile) {
  auto file = module_with_comment();
  poke<std::uint16_t>(file, 16, 2);
  set_section(file, ".rodata", [](auto& header) { header.align = 3; });
  set_section(file, ".data", [](auto& header) { header.flags |= kFlagExec; });
  EXPECT_EQ(open_says(file, kRules6_1),
            (Lines{"refused: wrong-type", "unsafe: section-alignment .rodata",
                   "refused: write-exec-section .data"}));
}

TEST(Diagnostics, CountsWhatItHasNoRoomFor) {
  std::vector<Diagnostic> room(1);
  Diagnostics diagnostics(room);
  diagnostics.add({Fault::kBadMagic, Severity::kRefused});
  diagnostics.add({Fault::kUnsigned, Severity::kTaints});
  diagnostics.add({Fault::kCommonSymbol, Severity::kUnsafe});
  EXPECT_EQ(diagnostics.list().size(), 1u);
  EXPECT_EQ(diagnostics.dropped(), 2u);
  EXPECT_EQ(diagnostics.blocking(), 2u);
}

TEST(Fault, HasANameOfItsOwn) {
  std::vector<std::string_view> names;
  for (int fault = 0; fault < static_cast<int>(Fault::kCount); ++fault)
    names.push_back(fault_name(static_cast<Fault>(fault)));
  std::sort(names.begin(), names.end());
  EXPECT_EQ(std::adjacent_find(names.begin(), names.end()), names.end());
  EXPECT_EQ(fault_name(Fault::kCrcMismatch), "crc-mismatch");
  EXPECT_EQ(fault_name(Fault::kRelocationTruncated), "relocation-truncated");
  EXPECT_EQ(fault_name(Fault::kUnsigned), "unsigned");
}

TEST(Object, TellsWhenTheArenaIsFull) {
  Buffer memory(512);
  Arena arena(memory);
  Diagnostics diagnostics({});
  auto object = Object::open(module_with_comment(), kRules6_1, arena, diagnostics);
  ASSERT_FALSE(object);
  EXPECT_STREQ(object.error().what, "out of memory");
}

// Every prefix of a module, and every byte of it flipped: reads stay inside (ASan sees to it).
TEST(Object, SurvivesTruncationAndFlippedBytes) {
  auto whole = module_with_comment();
  for (std::size_t size = 0; size < whole.size(); size += 7)
    open_says(Buffer(whole.begin(), whole.begin() + size), kRules6_12);
  for (std::size_t at = 0; at < whole.size(); ++at) {
    auto file = whole;
    file[at] ^= std::byte{0xff};
    open_says(file, kRules6_1);
  }
}

}  // namespace
}  // namespace ringside::modules::test
