// user/oops/debug_lines: a place of a report becomes source lines by the index of the kernel's
// build-id; a place of another build becomes none, and the reason is told.
#include <sstream>

#include "tests/unit/compiled.hh"
#include "tests/unit/temporary.hh"
#include "user/oops/debug_lines.hh"

namespace ringside::oops {
namespace {

class OopsLinesTest : public TemporaryTest {
 protected:
  void SetUp() override {
    TemporaryTest::SetUp();
    write(folder_ / "inlined.c", test::kInlinedSource);
    auto kernel = test::compile(folder_, "vmlinux", "gcc", test::linked({"-g"}));
    ASSERT_TRUE(kernel) << kernel.error().message;
    auto file = lines::DebugFile::open(*kernel);
    ASSERT_TRUE(file) << file.error().message;
    ASSERT_TRUE(lines::SourceIndex::of(*file));  // which leaves it in the cache
    build_id_ = file->build_id();
    marker_ = marker_of(*kernel);
    ASSERT_NE(marker_, 0u);
  }

  static std::uint64_t marker_of(const std::filesystem::path& file) {
    auto symbols = output_of({.argv = {"nm", file}, .directory = {}, .environment = {}});
    std::istringstream stream(symbols ? *symbols : "");
    for (std::string value, type, symbol; stream >> value >> type >> symbol;)
      if (symbol == "marker") return std::stoull(value, nullptr, 16);
    return 0;
  }

  std::string build_id_;
  std::uint64_t marker_ = 0;
  modtree::Tree none_;
};

TEST_F(OopsLinesTest, TheInlinedChainOfAnAddress) {
  DebugLines lines("6.1.0-test", build_id_, none_, {});
  auto found = lines.find({"", "", marker_, 0, false});
  ASSERT_EQ(found.chain.size(), 3u) << found.why;
  for (std::size_t level = 0; level < 3; ++level) {
    EXPECT_EQ(found.chain[level].function, test::kMarkerFunctions[level]);
    EXPECT_EQ(found.chain[level].line, test::kMarkerLines[level]);
  }
}

// The marker's own nop is one byte: behind it, a return address still means the marker.
TEST_F(OopsLinesTest, AReturnAddressIsLookedUpBeforeIt) {
  DebugLines lines("6.1.0-test", build_id_, none_, {});
  auto found = lines.find({"", "", marker_ + 1, 0, true});
  ASSERT_FALSE(found.chain.empty()) << found.why;
  EXPECT_EQ(found.chain[0].line, test::kMarkerLines[0]);
}

TEST_F(OopsLinesTest, AnotherBuildHasNoneAndSaysWhatToInstall) {
  DebugLines lines("6.1.0-test", std::string(40, '0'), none_, {});
  auto found = lines.find({"", "", marker_, 0, false});
  EXPECT_TRUE(found.chain.empty());
  EXPECT_NE(found.why.find("-dbg"), std::string::npos) << found.why;
}

// --debug: nothing but the file is known of the module, not even a tree that has it.
TEST_F(OopsLinesTest, AModulesFileThatIsNamed) {
  auto module = test::compile(folder_, "acme.ko", "gcc", {"-g", "-c"});
  ASSERT_TRUE(module) << module.error().message;
  DebugLines lines("6.1.0-test", build_id_, none_, {.given = {*module}, .progress = {}});
  auto found = lines.find({"acme", ".text", marker_of(*module), 0, false});
  ASSERT_EQ(found.chain.size(), 3u) << found.why;
  EXPECT_EQ(found.chain[0].line, test::kMarkerLines[0]);
  EXPECT_TRUE(lines.find({"other", ".text", marker_of(*module), 0, false}).chain.empty());
}

TEST_F(OopsLinesTest, AModuleWithoutItsFileHasNone) {
  DebugLines lines("6.1.0-test", build_id_, none_, {});
  auto found = lines.find({"acme", ".text", 0, 0, false});
  EXPECT_TRUE(found.chain.empty());
  EXPECT_NE(found.why.find("acme"), std::string::npos) << found.why;
}

}  // namespace
}  // namespace ringside::oops
