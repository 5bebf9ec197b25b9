// Debug information as compilers write it: DWARF 4 and 5 of gcc and clang, linked or as a module
// is (relocatable), compressed or not; against known lines, and at every address against what LLVM
// and elfutils agree on.
#include <elf.h>

#include <map>
#include <sstream>

#include "core/dwarf/path.hh"
#include "core/dwarf/relocate.hh"
#include "tests/unit/compiled.hh"
#include "tests/unit/temporary.hh"
#include "user/cache/cache.hh"
#include "user/lines/debug_places.hh"

namespace ringside {
namespace {

using lines::DebugFile;
using lines::SourceIndex;
using test::compile;
using test::linked;

class LinesFileTest : public TemporaryTest {
 protected:
  void SetUp() override {
    TemporaryTest::SetUp();
    write(folder_ / "inlined.c", test::kInlinedSource);
  }

  std::filesystem::path made(const std::string& name, const std::string& compiler,
                             const std::vector<std::string>& flags) {
    auto file = compile(folder_, name, compiler, flags);
    EXPECT_TRUE(file) << (file ? "" : file.error().message);
    return file ? *file : std::filesystem::path();
  }

  static Outcome<SourceIndex> index_of(const std::filesystem::path& path) {
    return SourceIndex::of(TRY(DebugFile::open(path)));
  }

  // The value of a symbol, as nm prints it.
  static std::uint64_t symbol(const std::filesystem::path& file, const std::string& name) {
    auto out = output_of({.argv = {"nm", file}, .directory = {}, .environment = {}});
    std::istringstream lines(out ? *out : "");
    for (std::string value, type, symbol; lines >> value >> type >> symbol;)
      if (symbol == name) return std::stoull(value, nullptr, 16);
    ADD_FAILURE() << name << " not in " << file;
    return 0;
  }

  static void expect_marker(const std::vector<lines::SourceFrame>& frames) {
    ASSERT_EQ(frames.size(), 3u);
    for (std::size_t i = 0; i < 3; ++i) {
      EXPECT_EQ(frames[i].function, test::kMarkerFunctions[i]);
      EXPECT_EQ(frames[i].line, test::kMarkerLines[i]);
      EXPECT_TRUE(frames[i].file.ends_with("/inlined.c")) << frames[i].file;
    }
  }
};

struct Compiled {
  const char *compiler, *dwarf;
};
constexpr Compiled kCompilers[] = {
    {"gcc", "-gdwarf-4"}, {"gcc", "-gdwarf-5"}, {"clang", "-gdwarf-4"}, {"clang", "-gdwarf-5"}};

TEST_F(LinesFileTest, InlinedFunctionsWhereTheyAre) {
  for (auto [compiler, dwarf] : kCompilers) {
    SCOPED_TRACE(std::string(compiler) + " " + dwarf);
    auto file = made(std::string(compiler) + dwarf, compiler, linked({dwarf}));
    auto index = index_of(file);
    ASSERT_TRUE(index) << index.error().message;
    expect_marker(index->find(symbol(file, "marker")));
  }
}

TEST_F(LinesFileTest, ModulesAreRelocated) {
  for (auto [compiler, dwarf] : kCompilers) {
    SCOPED_TRACE(std::string(compiler) + " " + dwarf);
    auto file = made(std::string(compiler) + dwarf + ".ko", compiler, {dwarf, "-c"});
    auto index = index_of(file);
    ASSERT_TRUE(index) << index.error().message;
    expect_marker(index->find(".text", symbol(file, "marker")));
    auto other = index->find(".init.text", 0);
    ASSERT_EQ(other.size(), 1u);
    EXPECT_EQ(other[0].function, "in_other_section");
    EXPECT_TRUE(index->find(".data", 0).empty());
  }
}

TEST_F(LinesFileTest, CompressedSections) {
  auto plain = made("plain", "gcc", linked({"-g"}));
  for (std::string kind : {"zlib", "zstd"}) {
    SCOPED_TRACE(kind);
    auto packed = folder_ / kind;
    auto done = output_of({.argv = {"objcopy", "--compress-debug-sections=" + kind, plain, packed},
                           .directory = {},
                           .environment = {}});
    ASSERT_TRUE(done) << done.error().message;
    auto file = DebugFile::open(packed);
    ASSERT_TRUE(file) << file.error().message;
    auto of_plain = DebugFile::open(plain);
    EXPECT_TRUE(std::ranges::equal(file->sections().info, of_plain->sections().info));
    EXPECT_EQ(file->build_id(), of_plain->build_id());
  }
}

// "FUNCTION\nFILE:LINE:COLUMN\n" of the frames of each address, as both tools print them.
using Chain = std::vector<std::string>;

Chain chain_of(std::istringstream& lines) {
  Chain chain;
  for (std::string function, place; std::getline(lines, function) && !function.empty();) {
    std::getline(lines, place);
    auto colon = place.find(':', place.rfind('/') == place.npos ? 0 : place.rfind('/'));
    auto number = std::to_string(std::atoi(place.c_str() + colon + 1));
    function.resize(std::min(function.size(), function.find(" inlined at ")));  // elfutils
    chain.push_back(function + " " + number);
  }
  return chain;
}

Outcome<Chain> asked(std::vector<std::string> argv) {
  std::istringstream lines(
      TRY(output_of({.argv = std::move(argv), .directory = {}, .environment = {}})));
  return chain_of(lines);
}

TEST_F(LinesFileTest, AgreesWithLlvmAndElfutilsAtEveryInstruction) {
  if (!find_program("llvm-symbolizer") || !find_program("eu-addr2line"))
    GTEST_SKIP() << "no llvm-symbolizer or no eu-addr2line here: install llvm and elfutils";
  std::size_t agreed = 0;
  for (auto [compiler, dwarf] : kCompilers) {
    SCOPED_TRACE(std::string(compiler) + " " + dwarf);
    std::vector<std::string> flags = {dwarf};
    if (compiler == std::string("clang")) flags.push_back("-gdwarf-aranges");  // elfutils' need
    auto file = made(std::string(compiler) + dwarf, compiler, linked(flags));
    auto index = index_of(file);
    ASSERT_TRUE(index);
    for (auto address = symbol(file, "outermost"), end = address + 40; address < end;
         address += 4) {
      std::ostringstream text;
      text << "0x" << std::hex << address;
      auto llvm = asked({"llvm-symbolizer", "-e", file, "--inlines", text.str()});
      auto elfutils = asked({"eu-addr2line", "-i", "-f", "-e", file, text.str()});
      if (!llvm || !elfutils || *llvm != *elfutils) continue;
      ++agreed;
      Chain ours;
      for (const auto& frame : index->find(address))
        ours.push_back(std::string(frame.function.empty() ? "??" : frame.function) + " " +
                       std::to_string(frame.line));
      if (ours.empty()) ours = {"?? 0"};  // as both say it of padding
      EXPECT_EQ(ours, *llvm) << text.str();
    }
  }
  EXPECT_GT(agreed, 20u);
}

TEST_F(LinesFileTest, KeptInTheCacheAndRepaired) {
  auto file = made("kept", "gcc", linked({"-g"}));
  auto id = DebugFile::build_id_of(file);
  ASSERT_TRUE(id);
  EXPECT_FALSE(SourceIndex::cached(*id));
  ASSERT_TRUE(index_of(file));
  EXPECT_TRUE(SourceIndex::cached(*id));
  auto entry = *cache::index_path(*id, "lines", lines::kVersion);
  auto content = read(entry);
  write(entry, content.substr(0, content.size() / 2));
  EXPECT_FALSE(SourceIndex::cached(*id));
  auto again = index_of(file);
  ASSERT_TRUE(again);
  expect_marker(again->find(symbol(file, "marker")));
  EXPECT_EQ(read(entry), content);
}

TEST_F(LinesFileTest, NoDebugInformationIsSaid) {
  auto file = made("bare", "gcc", linked({"-g0"}));
  auto opened = DebugFile::open(file);
  ASSERT_FALSE(opened);
  EXPECT_NE(opened.error().message.find("no debug information"), std::string::npos);
}

TEST_F(LinesFileTest, FoundByBuildId) {
  auto file = made("program", "gcc", linked({"-g"}));
  auto id = *DebugFile::build_id_of(file);
  auto place = folder_ / "root/usr/lib/debug/.build-id" / id.substr(0, 2);
  std::filesystem::create_directories(place);
  std::filesystem::rename(file, place / (id.substr(2) + ".debug"));
  lines::Places places{.root = folder_ / "root", .given = {}};
  auto index = find_lines({.release = "", .build_id = id, .module = ""}, places);
  ASSERT_TRUE(index) << index.error().message;
  EXPECT_EQ(index->build_id(), id);
}

TEST_F(LinesFileTest, AnotherBuildsModuleIsRefusedAndSaid) {
  auto folder = folder_ / "root/usr/lib/debug/lib/modules/6.1.0/kernel/fs";
  std::filesystem::create_directories(folder);
  std::filesystem::rename(made("x.ko", "gcc", linked({"-g"})), folder / "x.ko");
  lines::Places places{.root = folder_ / "root", .given = {}};
  lines::Sought sought{.release = "6.1.0", .build_id = "", .module = "kernel/fs/x.ko.xz"};
  EXPECT_TRUE(find_lines(sought, places));
  sought.module = "x";
  EXPECT_TRUE(find_lines(sought, places));
  sought.build_id = "0123456789";
  auto refused = find_lines(sought, places);
  ASSERT_FALSE(refused);
  EXPECT_NE(refused.error().message.find("is of another build"), std::string::npos);
  EXPECT_NE(refused.error().message.find("install linux-image-6.1.0-dbg"), std::string::npos);
}

TEST(InTreeTest, FolderOfTheKernelsTop) {
  EXPECT_EQ(lines::in_tree("/build/linux-6.1/fs/ext4/inode.c"), "fs/ext4/inode.c");
  EXPECT_EQ(lines::in_tree("debian/build/x/include/linux/fs.h"), "include/linux/fs.h");
  EXPECT_EQ(lines::in_tree("/lib/modules/out/of.c"), "/lib/modules/out/of.c");
  EXPECT_EQ(lines::in_tree("/home/me/loop.c"), "/home/me/loop.c");
}

std::string joined(const dwarf::FileName& name) {
  std::byte memory[256];
  List<char> letters{std::span(memory)};
  auto path = dwarf::join_path(name, letters);
  return path ? std::string(*path) : "failed";
}

TEST(JoinPathTest, PartsUpToAnAbsoluteOneWithoutDots) {
  EXPECT_EQ(joined({"/build/linux", "fs", "inode.c"}), "/build/linux/fs/inode.c");
  EXPECT_EQ(joined({"/build/linux", "/other", "./a//b.c"}), "/other/a/b.c");
  EXPECT_EQ(joined({"/build/linux/", "../include", "x.h"}), "/build/include/x.h");
  EXPECT_EQ(joined({"a", "../..", "x.h"}), "../x.h");
  EXPECT_EQ(joined({"", "", "x.c"}), "x.c");
  EXPECT_EQ(joined({std::string(300, 'x'), "", "x.c"}), "failed");
}

TEST(RelocateTest, BoundsAndTypes) {
  std::byte section[8] = {};
  std::uint64_t addresses[] = {0, 0x1000};
  Elf64_Sym symbols[2] = {};
  symbols[1].st_shndx = 1;
  symbols[1].st_value = 0x20;
  auto apply = [&](std::uint64_t offset, std::uint32_t symbol, std::uint32_t type) {
    Elf64_Rela rela{offset, ELF64_R_INFO(std::uint64_t{symbol}, type), 3};
    return dwarf::relocate(std::as_bytes(std::span(&rela, 1)), std::as_bytes(std::span(symbols)),
                           addresses, section);
  };
  ASSERT_TRUE(apply(0, 1, R_X86_64_64));
  EXPECT_EQ(load<std::uint64_t>(section, 0), 0x1023u);
  EXPECT_TRUE(apply(4, 1, R_X86_64_32));
  EXPECT_EQ(load<std::uint32_t>(section, 4), 0x1023u);
  EXPECT_FALSE(apply(5, 1, R_X86_64_32));
  EXPECT_FALSE(apply(1, 1, R_X86_64_64));
  EXPECT_FALSE(apply(~0ull, 1, R_X86_64_64));
  EXPECT_FALSE(apply(0, 2, R_X86_64_64));
  EXPECT_FALSE(apply(0, 1, R_X86_64_PC32));
}

}  // namespace
}  // namespace ringside
