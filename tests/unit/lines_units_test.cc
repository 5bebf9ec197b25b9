// Debug information read unit by unit says what the index of the whole says; .debug_aranges is read
// within its bounds.
#include <sstream>

#include "core/dwarf/aranges.hh"
#include "tests/unit/compiled.hh"
#include "tests/unit/temporary.hh"
#include "user/lines/unit_lines.hh"

namespace ringside {
namespace {

using lines::DebugFile;
using lines::SourceIndex;
using lines::UnitLines;

class LinesUnitsTest : public TemporaryTest {
 protected:
  // Two units: the usual source, and one with a function that inlines, too.
  std::filesystem::path made(const std::vector<std::string>& flags) {
    write(folder_ / "inlined.c", test::kInlinedSource);
    write(folder_ / "second.c",
          "static inline __attribute__((always_inline)) int twice(int x) { return x * 2; }\n"
          "int second(int x) {\n  return twice(x) + 1;\n}\n");
    auto all = flags;
    all.push_back("second.c");
    auto file = test::compile(folder_, "program", "gcc", test::linked(all));
    EXPECT_TRUE(file) << (file ? "" : file.error().message);
    return file ? *file : std::filesystem::path();
  }

  static DebugFile opened(const std::filesystem::path& path) {
    auto file = DebugFile::open(path);
    EXPECT_TRUE(file) << (file ? "" : file.error().message);
    return std::move(*file);
  }
};

std::string text_of(const std::vector<lines::SourceFrame>& frames) {
  std::ostringstream text;
  for (const auto& frame : frames)
    text << frame.function << " " << frame.file << ":" << frame.line << "\n";
  return text.str();
}

TEST_F(LinesUnitsTest, SayWhatTheIndexSays) {
  for (std::string dwarf : {"-gdwarf-4", "-gdwarf-5"}) {
    auto path = made({dwarf});
    auto whole = SourceIndex::of(opened(path));
    auto units = UnitLines::open(opened(path));
    ASSERT_TRUE(whole && units);
    auto code = units->file().code();
    for (const auto& section : code)
      for (auto at = section.address; at < section.address + section.size; ++at)
        EXPECT_EQ(text_of(units->find(at)), text_of(whole->find(at))) << dwarf << " " << at;
    EXPECT_EQ(units->units(), 2u);
    EXPECT_EQ(text_of(units->find(".text", 3)), text_of(whole->find(".text", 3)));
    EXPECT_TRUE(units->find(1).empty());
    EXPECT_TRUE(units->find(".nowhere", 0).empty());
  }
}

TEST_F(LinesUnitsTest, WithoutArangesThereIsNone) {
  auto path = made({"-g"});
  auto stripped = output_of({.argv = {"objcopy", "-R", ".debug_aranges", path, path},
                             .directory = {},
                             .environment = {}});
  ASSERT_TRUE(stripped) << stripped.error().message;
  EXPECT_FALSE(UnitLines::open(opened(path)));
}

TEST_F(LinesUnitsTest, DamagedArangesAreToldOrHaveNothing) {
  auto file = opened(made({"-g"}));
  Bytes whole = file.sections().aranges;
  auto address = file.code().front().address;
  ASSERT_TRUE(*dwarf::unit_at(whole, address));
  for (std::size_t size = 0; size < whole.size(); ++size)
    (void)dwarf::unit_at(whole.first(size), address);
  std::vector<std::byte> bytes(whole.begin(), whole.end());
  for (auto& byte : bytes)
    for (int bit = 0; bit < 8; ++bit) {
      byte ^= std::byte{1} << bit;
      (void)dwarf::unit_at(bytes, address);
      byte ^= std::byte{1} << bit;
    }
  bytes[4] = std::byte{3};
  EXPECT_FALSE(dwarf::unit_at(bytes, address));  // a version that is not known
  EXPECT_FALSE(dwarf::unit_at(whole.first(10), address));
}

}  // namespace
}  // namespace ringside
