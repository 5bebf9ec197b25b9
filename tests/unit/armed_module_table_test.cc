// What the kernel is told of a module, held against the module as a kernel would load it: laid out,
// with its bytes in memory and its sections' addresses as sysfs has them. Of a module that is made
// here, for made kernels of both series, and of our own modules for kernels in the cache.
#include "user/armed/module_table.hh"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <set>

#include "lab/kernels/kernels.hh"
#include "tests/unit/compiled.hh"
#include "tests/unit/image_writer.hh"
#include "tests/unit/temporary.hh"
#include "user/modules/module_file.hh"

namespace ringside::armed {
namespace {

using modules::Kernel;
using std::filesystem::path;

constexpr std::uint64_t kBase = 0xffff'ffff'c010'0000, kApart = 0x10'0000;  // of the regions

// struct module has 256 bytes, its name at 24, init at 128, exit at 136: as modules here have it.
test::Buffer struct_module() {
  test::BtfWriter btf;
  auto integer = btf.add(kimage::BtfKind::kInt, "int", 4, 0, {32});
  btf.add(kimage::BtfKind::kStruct, "module", 256, 3,
          {btf.string("name"), integer, 24 * 8, btf.string("init"), integer, 128 * 8,
           btf.string("exit"), integer, 136 * 8});
  return btf.write();
}

// As little of a vmlinux as modules can be laid out for.
std::string made_kernel(const std::string& release) {
  test::ByteWriter rodata;
  rodata.put_string(fmt::format("Linux version {} (made@test) #1", release));
  rodata.put_string(release + " SMP preempt mod_unload modversions ");
  std::vector<test::SectionSpec> sections = {
      {".text", 0xffff'ffff'8100'0000, test::Buffer(64)},
      {".rodata", 0xffff'ffff'8200'0000, rodata.take()},
      {".notes", 0xffff'ffff'8280'0000, test::note("GNU", 3, as_bytes("0123456789abcdefghij")), 7},
      {".BTF", 0, struct_module()}};
  auto exports = test::export_sections({{"printk", "", 0xffff'ffff'8100'0010, 0x1111, false}},
                                       0xffff'ffff'8290'0000);
  sections.insert(sections.end(), exports.begin(), exports.end());
  auto file = test::elf_file(sections);
  return {reinterpret_cast<const char*>(file.data()), file.size()};
}

// What makes a module of test::kInlinedSource; its sections are of every region that stays.
constexpr const char* kModuleParts = R"(
__attribute__((section(".exit.text"), noinline)) void leave(void) { sink(7); }
static const char info[] __attribute__((section(".modinfo"), used)) = "license=GPL\0name=made";
struct { char before[24], name[56], between[48]; void *init, *exit; char rest[112]; } self
  __attribute__((section(".gnu.linkonce.this_module"), used)) = {.name = "made", .exit = leave};
int sealed __attribute__((section(".data..ro_after_init"))) = 3;
int written = 5, zeroes[10];
const int read_only[] = {1, 2, 3};
)";

// A section in memory.
struct Lying {
  std::string name;
  std::uint32_t region, offset;
  std::uint64_t size;
  bool executable, stays;
  std::string bytes;  // as hex
};

// The module's sections as `kernel` would put them in memory, without those that are empty.
std::vector<Lying> laid_in(const Kernel& kernel, const path& path) {
  std::vector<Lying> lying;
  std::vector<std::byte> memory(4 << 20);
  Arena arena(memory);
  modules::Diagnostics judged({});
  modules::Layout layout;
  auto file = modules::ModuleFile::open(path);
  auto module = modules::Module::open(file->bytes(), kernel.abi(), arena, judged);
  EXPECT_TRUE(module && lay_out(*module, arena, layout, judged)) << path;
  for (std::uint32_t index = 1; index < layout.places.size(); ++index) {
    auto place = layout.places[index];
    const auto& header = std::as_const(*module).object().sections()[index];
    if (place.region == modules::kNoRegion || header.size == 0) continue;
    lying.push_back({std::string(module->object().section_name(index)), place.region, place.offset,
                     header.size, (header.flags & modules::kFlagExec) != 0,
                     !kernel.rules().regions[place.region].init,
                     kimage::to_hex(module->object().contents(index))});
  }
  return lying;
}

// What sysfs says of the module: also where its init memory was.
loader::Loaded loaded_at(const std::vector<Lying>& lying, std::uint64_t base) {
  loader::Loaded loaded;
  loaded.name = "made";
  for (const auto& each : lying)
    loaded.sections[each.name] = base + each.region * kApart + each.offset;
  return loaded;
}

const Lying& find(const std::vector<Lying>& lying, const std::string& name) {
  static const Lying none{};
  for (const auto& each : lying)
    if (each.name == name) return each;
  ADD_FAILURE() << "no section " << name;
  return none;
}

std::string in_words(const rs_oops_part& part) {
  return fmt::format("{}+{:#x} {} at {:#x}", part.region, part.offset, part.bytes, part.address);
}

// The parts are the sections that can be executed, each with the index's addresses.
void expect_parts(const ModuleTable& table, const lines::SourceIndex& lines,
                  const std::vector<Lying>& lying) {
  std::vector<std::string> expected, found;
  ksyms::Scratch scratch;
  for (const auto& each : lying)
    if (auto address = lines.index().section_address(each.name, scratch))
      expected.push_back(in_words({each.region, each.offset, each.size, *address}));
  for (const auto& part : table.parts()) found.push_back(in_words(part));
  EXPECT_EQ(found, expected);
  auto executable = std::ranges::count_if(lying, &Lying::executable);
  EXPECT_EQ(found.size(), static_cast<std::size_t>(executable));
}

// The build-id in memory is where the kernel is told to look for it.
void expect_id(const ModuleTable& table, const std::vector<Lying>& lying, const std::string& id) {
  const auto& about = table.about();
  EXPECT_EQ(kimage::to_hex(std::as_bytes(std::span(about.id)).first(about.id_bytes)), id);
  for (const auto& each : lying)
    if (each.region == about.id_region && each.offset <= about.id_offset &&
        about.id_offset < each.offset + each.size) {
      EXPECT_EQ(each.bytes.substr(2 * (about.id_offset - each.offset), id.size()), id) << each.name;
      return;
    }
  ADD_FAILURE() << "nothing lies at " << about.id_region << "+" << about.id_offset;
}

// The regions that stay and have a section, from `base` on; 0 for others.
std::vector<std::uint64_t> regions_at(const std::vector<Lying>& lying, std::uint64_t base) {
  std::vector<std::uint64_t> regions(RS_OOPS_REGIONS);
  for (const auto& each : lying)
    if (each.stays) regions[each.region] = base + each.region * kApart;
  return regions;
}

std::vector<std::uint64_t> regions(const ModuleTable& table) {
  return {std::begin(table.about().regions), std::end(table.about().regions)};
}

const std::vector<std::uint64_t> kNowhere(RS_OOPS_REGIONS);

class ModuleTableTest : public TemporaryTest, public testing::WithParamInterface<const char*> {
 protected:
  void SetUp() override {
    TemporaryTest::SetUp();
    write(folder_ / "inlined.c", std::string(test::kInlinedSource) + kModuleParts);
    write(folder_ / "vmlinux", made_kernel(GetParam()));
    open_kernel({});
  }

  void open_kernel(const path& tree) {
    auto image = kimage::Image::open(folder_ / "vmlinux");
    ASSERT_TRUE(image) << image.error().message;
    auto kernel = Kernel::open(*std::move(image), tree);
    ASSERT_TRUE(kernel) << kernel.error().message;
    kernel_.emplace(*std::move(kernel));
  }

  // The module of inlined.c, with these flags more.
  path compiled(const std::string& name, std::vector<std::string> flags = {"-Wl,--build-id"}) {
    flags.insert(flags.end(), {"-g", "-r", "-nostdlib"});
    auto file = test::compile(folder_, name, "gcc", flags);
    EXPECT_TRUE(file) << (file ? "" : file.error().message);
    return file ? *file : path();
  }
  // With what is added to inlined.c.
  path compiled_with(const std::string& more) {
    write(folder_ / "inlined.c", read(folder_ / "inlined.c") + more);
    return compiled("made.ko");
  }

  static void run(std::vector<std::string> argv) {
    auto done = output_of({.argv = std::move(argv), .directory = {}, .environment = {}});
    ASSERT_TRUE(done) << done.error().message;
  }

  // The table of `file`, whose debug information is in `given`, or in itself.
  Outcome<ModuleTable> made(const path& file, const path& given = {}) const {
    return ModuleTable::make(*kernel_, file, {folder_ / "root", {given.empty() ? file : given}},
                             {});
  }
  std::string why_not(const path& file, const path& given = {}) const {
    auto table = made(file, given);
    return table ? "" : table.error().message;
  }

  std::optional<Kernel> kernel_;
};
INSTANTIATE_TEST_SUITE_P(Of, ModuleTableTest, testing::Values("6.1.0-made", "6.12.1-made"),
                         [](const auto& info) { return info.index == 0 ? "6_1" : "6_12"; });

TEST_P(ModuleTableTest, IsNamedAsTheKernelCallsIt) {
  auto table = made(compiled("another-name.ko"));
  ASSERT_TRUE(table) << table.error().message;
  EXPECT_EQ(table->name(), "made");
  EXPECT_STREQ(table->about().name, "made");
  EXPECT_EQ(regions(*table), kNowhere);
}

TEST_P(ModuleTableTest, PartsAreTheSectionsThatCanBeExecuted) {
  auto file = compiled("made.ko");
  auto table = made(file);
  ASSERT_TRUE(table) << table.error().message;
  auto lines = lines::SourceIndex::of(*lines::DebugFile::open(file));
  ASSERT_TRUE(lines);
  EXPECT_TRUE(std::ranges::equal(table->lines(), lines->index().bytes()));
  expect_parts(*table, *lines, laid_in(*kernel_, file));
  EXPECT_EQ(table->parts().size(), 3u);
}

// By hand: code that stays comes first, in the file's order; init memory has none but its own.
TEST_P(ModuleTableTest, PartsLieWhereTheKernelPutsThem) {
  auto table = made(compiled("made.ko"));
  ASSERT_TRUE(table) << table.error().message;
  bool old = std::string_view(GetParam()).starts_with("6.1.");
  std::map<std::uint32_t, std::set<std::uint32_t>> offsets;  // by region
  for (const auto& part : table->parts()) offsets[part.region].insert(part.offset);
  ASSERT_EQ(offsets.size(), 2u);
  EXPECT_EQ(offsets[0].size(), 2u);  // .text, .exit.text
  EXPECT_TRUE(offsets[0].contains(0));
  EXPECT_EQ(offsets[old ? 1 : 4], std::set<std::uint32_t>{0});  // .init.text
}

// The outermost functions at the part's addresses; padding is nobody's.
std::set<std::string> functions_in(const lines::SourceIndex& lines, const rs_oops_part& part) {
  std::set<std::string> names;
  for (std::uint64_t at = 0; at < part.bytes; ++at) {
    auto frames = lines.find(part.address + at);
    if (!frames.empty() && !frames.back().function.empty()) names.emplace(frames.back().function);
  }
  return names;
}

TEST_P(ModuleTableTest, TheIndexHasTheSectionsFunctionsAtItsAddresses) {
  auto file = compiled("made.ko");
  auto table = made(file);
  ASSERT_TRUE(table) << table.error().message;
  auto lines = lines::SourceIndex::of(*lines::DebugFile::open(file));
  auto lying = laid_in(*kernel_, file);
  std::map<std::string, std::set<std::string>> expected = {
      {".text", {"outermost", "sink", "_start"}},
      {".init.text", {"in_other_section"}},
      {".exit.text", {"leave"}}};
  for (const auto& part : table->parts())
    for (const auto& each : lying)
      if (each.region == part.region && each.offset == part.offset && each.executable) {
        EXPECT_EQ(functions_in(*lines, part), expected[each.name]) << each.name;
        expected.erase(each.name);
      }
  EXPECT_TRUE(expected.empty());
}

TEST_P(ModuleTableTest, AnEmptySectionIsNoPart) {
  auto file = compiled_with(R"(__asm__(".section .none.text,\"ax\"\n.previous");)");
  auto headers = output_of({.argv = {"readelf", "-SW", file}, .directory = {}, .environment = {}});
  ASSERT_TRUE(headers && headers->find(" .none.text ") != std::string::npos);
  auto table = made(file);
  ASSERT_TRUE(table) << table.error().message;
  EXPECT_EQ(table->parts().size(), 3u);
}

TEST_P(ModuleTableTest, TheBuildIdIsWhereItLiesInMemory) {
  auto file = compiled("made.ko");
  auto table = made(file);
  ASSERT_TRUE(table) << table.error().message;
  EXPECT_EQ(table->about().id_bytes, 20u);
  expect_id(*table, laid_in(*kernel_, file), *lines::DebugFile::build_id_of(file));
}

TEST_P(ModuleTableTest, ABuildIdOfAnotherSize) {
  auto file = compiled("made.ko", {"-Wl,--build-id=0x0123456789abcdef"});
  auto table = made(file);
  ASSERT_TRUE(table) << table.error().message;
  EXPECT_EQ(table->about().id_bytes, 8u);
  expect_id(*table, laid_in(*kernel_, file), "0123456789abcdef");
  file = compiled("made.ko", {"-Wl,--build-id=0x" + std::string(2 * RS_OOPS_BUILD_ID_MAX, '5')});
  table = made(file);
  ASSERT_TRUE(table) << table.error().message;
  expect_id(*table, laid_in(*kernel_, file), std::string(2 * RS_OOPS_BUILD_ID_MAX, '5'));
}

// Debug information by itself, as distributions have it.
TEST_P(ModuleTableTest, LinesOfADebugFile) {
  auto file = compiled("made.ko"), debug = folder_ / "debug/made.ko";
  auto whole = made(file);
  ASSERT_TRUE(whole) << whole.error().message;
  std::filesystem::create_directories(debug.parent_path());
  run({"objcopy", "--only-keep-debug", file, debug});
  run({"objcopy", "--strip-debug", file});
  std::filesystem::remove_all(folder_ / "ringside");  // what was found before
  EXPECT_NE(why_not(file).find("no debug information"), std::string::npos) << why_not(file);
  auto table = made(file, debug);
  ASSERT_TRUE(table) << table.error().message;
  EXPECT_TRUE(std::ranges::equal(table->lines(), whole->lines()));
  EXPECT_EQ(table->parts().size(), 3u);
}

TEST_P(ModuleTableTest, LinesOfAnotherBuildAreRefused) {
  auto debug = compiled("debug.ko");
  auto file = compiled_with("void more(void) { sink(8); }\n");
  run({"objcopy", "--strip-debug", file});
  std::filesystem::create_directories(folder_ / "given");
  std::filesystem::rename(debug, folder_ / "given/made.ko");
  auto why = why_not(file, folder_ / "given");
  EXPECT_NE(why.find("is of another build"), std::string::npos) << why;
}

// A module of the kernel's tree is looked for by its path in there, as Debian's packages have it.
TEST_P(ModuleTableTest, LinesOfAModuleInTheTree) {
  auto below = path("lib/modules") / GetParam();
  auto file = folder_ / "root" / below / "kernel/fs/made.ko";
  auto debug = folder_ / "root/usr/lib/debug" / below / "kernel/fs/made.ko";
  std::filesystem::create_directories(file.parent_path());
  std::filesystem::create_directories(debug.parent_path());
  std::filesystem::rename(compiled("made.ko"), file);
  run({"objcopy", "--only-keep-debug", file, debug});
  run({"objcopy", "--strip-debug", file});
  open_kernel(folder_ / "root" / below);
  auto table = made(file, folder_ / "nothing-here");
  ASSERT_TRUE(table) << table.error().message;
  EXPECT_EQ(table->parts().size(), 3u);
}

TEST_P(ModuleTableTest, APackedModule) {
  auto file = compiled("made.ko");
  auto packed = test::pack(as_bytes(read(file)), Packing::kXz);
  auto whole = made(file);
  write(folder_ / "made.ko.xz", {reinterpret_cast<const char*>(packed.data()), packed.size()});
  auto table = made(folder_ / "made.ko.xz", file);
  ASSERT_TRUE(table && whole) << table.error().message;
  EXPECT_EQ(std::memcmp(&table->about(), &whole->about(), sizeof(rs_oops_take)), 0);
  EXPECT_TRUE(std::ranges::equal(table->parts(), whole->parts(), {}, in_words, in_words));
}

TEST_P(ModuleTableTest, WithoutABuildIdItIsRefused) {
  auto file = compiled("made.ko", {"-Wl,--build-id=none"});
  EXPECT_EQ(why_not(file), file.native() + ": has no build-id, by which it would be known");
}

TEST_P(ModuleTableTest, WithABuildIdThatIsTooLongItIsRefused) {
  auto file = compiled("made.ko", {"-Wl,--build-id=0x" + std::string(66, '5')});
  EXPECT_NE(why_not(file), "");
}

TEST_P(ModuleTableTest, WhatIsNoModuleIsRefused) {
  EXPECT_NE(why_not(folder_ / "absent.ko"), "");
  EXPECT_NE(why_not(folder_ / "inlined.c"), "");
  auto file = compiled("cut.ko");
  std::filesystem::resize_file(file, 1000);
  auto why = why_not(file);
  EXPECT_NE(why.find("cut.ko"), std::string::npos) << why;
}

// So many that with .text, .init.text and .exit.text there are `count`.
std::string executable_sections(int count) {
  std::string source;
  for (int n = 3; n < count; ++n)
    source += fmt::format(
        "__attribute__((section(\".text.{0}\"))) void f{0}(void) {{ sink({0}); }}\n", n);
  return source;
}

TEST_P(ModuleTableTest, AsManyPartsAsTheKernelTakes) {
  auto table = made(compiled_with(executable_sections(RS_OOPS_PARTS_MAX)));
  ASSERT_TRUE(table) << table.error().message;
  EXPECT_EQ(table->parts().size(), RS_OOPS_PARTS_MAX);
}

TEST_P(ModuleTableTest, MorePartsThanTheKernelTakesAreRefused) {
  auto file = compiled_with(executable_sections(RS_OOPS_PARTS_MAX + 1));
  EXPECT_EQ(why_not(file), file.native() + ": 257 executable sections, expected at most 256");
}

// The same, and where it was loaded.
class PlacedModuleTest : public ModuleTableTest {
 protected:
  void SetUp() override {
    ModuleTableTest::SetUp();
    auto file = compiled("made.ko");
    auto table = made(file);
    ASSERT_TRUE(table) << table.error().message;
    table_.emplace(*std::move(table));
    lying_ = laid_in(*kernel_, file);
  }

  // What place() says against it; empty where it places the module.
  std::string place(const loader::Loaded& loaded) {
    auto placed = table_->place(loaded);
    return placed ? "" : placed.error().message;
  }
  // How many sections that stay are in the region of this one.
  std::size_t beside(const Lying& section) const {
    return static_cast<std::size_t>(std::ranges::count_if(
        lying_, [&](const auto& each) { return each.stays && each.region == section.region; }));
  }

  std::optional<ModuleTable> table_;
  std::vector<Lying> lying_;
};
INSTANTIATE_TEST_SUITE_P(Of, PlacedModuleTest, testing::Values("6.1.0-made", "6.12.1-made"),
                         [](const auto& info) { return info.index == 0 ? "6_1" : "6_12"; });

TEST_P(PlacedModuleTest, RegionsAreWhereTheSectionsAre) {
  EXPECT_EQ(place(loaded_at(lying_, kBase)), "");
  EXPECT_EQ(regions(*table_), regions_at(lying_, kBase));
}

// It was unloaded meanwhile, and loaded again elsewhere; or it is not loaded any more.
TEST_P(PlacedModuleTest, EachTimeAnew) {
  EXPECT_EQ(place(loaded_at(lying_, kBase)), "");
  EXPECT_EQ(place(loaded_at(lying_, kBase + 0x5000)), "");
  EXPECT_EQ(regions(*table_), regions_at(lying_, kBase + 0x5000));
  EXPECT_NE(place(loader::Loaded()), "");
  EXPECT_EQ(regions(*table_), kNowhere);
}

TEST_P(PlacedModuleTest, EverySectionThatLiesElsewhereIsRefused) {
  int moved = 0;
  for (const auto& section : lying_) {
    if (!section.stays || beside(section) < 2) continue;
    for (auto by : {std::uint64_t{16}, -std::uint64_t{16}, std::uint64_t{1} << 32}) {
      auto loaded = loaded_at(lying_, kBase);
      loaded.sections[section.name] += by;
      EXPECT_NE(place(loaded), "") << section.name;
      ++moved;
    }
  }
  EXPECT_GE(moved, 3 * 6);
  EXPECT_EQ(place(loaded_at(lying_, kBase)), "");
  EXPECT_EQ(regions(*table_), regions_at(lying_, kBase));
}

// Which of the two is elsewhere, nobody knows: it is the second that is named.
TEST_P(PlacedModuleTest, TheSectionThatLiesElsewhereIsNamed) {
  auto loaded = loaded_at(lying_, kBase);
  auto& address = loaded.sections[".exit.text"];
  auto expected = address;
  address += 0x40;
  EXPECT_EQ(place(loaded), fmt::format("made: section .exit.text lies at {:#x}, expected {:#x}",
                                       expected + 0x40, expected));
}

// Init memory is gone, and may hold another module's code: nobody looks where it was.
TEST_P(PlacedModuleTest, InitMemoryDoesNotCount) {
  auto loaded = loaded_at(lying_, kBase);
  ASSERT_FALSE(find(lying_, ".init.text").stays);
  loaded.sections[".init.text"] += 0x1230;
  EXPECT_EQ(place(loaded), "");
  EXPECT_EQ(regions(*table_), regions_at(lying_, kBase));
  loaded.sections.erase(".init.text");
  EXPECT_EQ(place(loaded), "");
}

// Sections that we do not know (the symbols; what another version of the kernel adds), and those
// that sysfs leaves out (per-CPU data).
TEST_P(PlacedModuleTest, SectionsOfOneSideAlone) {
  auto loaded = loaded_at(lying_, kBase);
  loaded.sections["__unknown"] = 0xffff'ffff'a000'0000;
  loaded.sections.erase(".exit.text");
  EXPECT_EQ(place(loaded), "");
  EXPECT_EQ(regions(*table_), regions_at(lying_, kBase));
}

// As sysfs says it to others than root.
TEST_P(PlacedModuleTest, WithoutAddressesItIsRefused) {
  auto loaded = loaded_at(lying_, kBase);
  for (auto& [name, address] : loaded.sections) address = 0;
  EXPECT_EQ(place(loaded), "made: the kernel does not say where it is");
  loaded.sections.clear();
  EXPECT_EQ(place(loaded), "made: the kernel does not say where it is");
}

// The build-id is read there: without its region there is no telling whose module it is.
TEST_P(PlacedModuleTest, WithoutTheBuildIdsRegionItIsRefused) {
  auto loaded = loaded_at(lying_, kBase);
  auto region = find(lying_, ".note.gnu.build-id").region;
  for (const auto& each : lying_)
    if (each.region == region) loaded.sections.erase(each.name);
  EXPECT_EQ(place(loaded), "made: the kernel does not say where it is");
}

// Our own modules, as kbuild makes them, for the kernels in the cache.
class OwnModulesTest : public TemporaryTest, public testing::WithParamInterface<const char*> {
 protected:
  void SetUp() override {
    auto found = lab::find_kernel(GetParam());  // before the cache is another one
    auto image = found ? kimage::Image::open(found->image) : Failure{"none"};
    TemporaryTest::SetUp();
    if (!found) GTEST_SKIP() << "kernel " << GetParam() << " is not in the cache";
    ASSERT_TRUE(image) << image.error().message;
    files_ = modules_of(found->release);
    if (files_.empty()) GTEST_SKIP() << "our modules are not built (make modules)";
    auto kernel = Kernel::open(*std::move(image), {});
    ASSERT_TRUE(kernel) << kernel.error().message;
    kernel_.emplace(*std::move(kernel));
  }

  static std::vector<path> modules_of(const std::string& release) {
    auto build = std::filesystem::read_symlink("/proc/self/exe").parent_path();
    while (build.has_relative_path() && !exists(build / "modules")) build = build.parent_path();
    std::error_code error;
    std::vector<path> files;
    for (const auto& entry :
         std::filesystem::directory_iterator(build / "modules" / release, error))
      if (entry.path().extension() == ".ko") files.push_back(entry.path());
    std::ranges::sort(files);
    return files;
  }

  void expect_right(const path& file) {
    SCOPED_TRACE(file);
    auto table = ModuleTable::make(*kernel_, file, {folder_ / "root", {file}}, {});
    ASSERT_TRUE(table) << table.error().message;
    auto lying = laid_in(*kernel_, file);
    expect_parts(*table, *lines::SourceIndex::of(*lines::DebugFile::open(file)), lying);
    expect_id(*table, lying, *lines::DebugFile::build_id_of(file));
    EXPECT_TRUE(table->place(loaded_at(lying, kBase)));
    EXPECT_EQ(regions(*table), regions_at(lying, kBase));
  }

  std::vector<path> files_;
  std::optional<Kernel> kernel_;
};
INSTANTIATE_TEST_SUITE_P(Of, OwnModulesTest, testing::Values("6.1", "6.12"),
                         [](const auto& info) { return info.index == 0 ? "6_1" : "6_12"; });

TEST_P(OwnModulesTest, AreAsTheyWouldBeLoaded) {
  for (const auto& file : files_) expect_right(file);
  EXPECT_GT(files_.size(), 5u);
}

}  // namespace
}  // namespace ringside::armed
