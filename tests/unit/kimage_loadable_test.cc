// core/kimage/loadable: a small kernel loaded and moved, and everything that can be wrong with one.
#include "core/kimage/loadable.hh"

#include <gtest/gtest.h>

#include "core/elf/records.hh"
#include "core/kimage/bzimage.hh"
#include "tests/unit/image_writer.hh"

namespace ringside::kimage {
namespace {

using test::Buffer;
using test::error_of;
using test::kLoadBase;
using test::loadable_kernel;
using test::poke;

constexpr std::uint32_t kLow = 0x8100'0000;  // the kernel's first address, its low 32 bits
constexpr std::uint64_t kDelta = 0x1234 * 0x20'0000ull, kSize = 0x3000;

Buffer loaded(const Buffer& file, std::uint64_t delta) {
  auto kernel = open_loadable(file, kLoadBase);
  EXPECT_TRUE(kernel) << error_of(kernel).what;
  if (!kernel) return {};
  Buffer memory(kernel->size);
  auto done = load_kernel(*kernel, delta, memory);
  EXPECT_TRUE(done) << error_of(done).what;
  return memory;
}

TEST(Loadable, PutsSegmentsInTheirPlaces) {
  auto memory = loaded(loadable_kernel({}), 0);
  ASSERT_EQ(memory.size(), kSize);
  EXPECT_EQ(load<std::uint32_t>(memory, 0x40), 0x10u);
  EXPECT_EQ(load<std::uint32_t>(memory, 0x1ffc), 0x1fffu >> 2);
  EXPECT_EQ(load<std::uint64_t>(memory, 0x2000), 0u) << ".bss";
  EXPECT_EQ(open_loadable(loadable_kernel({}), kLoadBase)->entry, kLoadBase + 0x10);
}

TEST(Loadable, MovesWhatTheThreeListsName) {
  auto file = loadable_kernel({{kLow + 0x100}, {kLow + 0x200}, {kLow + 0x300, kLow + 0x1300}});
  auto still = loaded(file, 0), moved = loaded(file, kDelta);
  auto narrow = static_cast<std::uint32_t>(kDelta);
  EXPECT_EQ(load<std::uint64_t>(moved, 0x100), load<std::uint64_t>(still, 0x100) + kDelta);
  EXPECT_EQ(load<std::uint32_t>(moved, 0x200), load<std::uint32_t>(still, 0x200) - narrow);
  EXPECT_EQ(load<std::uint32_t>(moved, 0x204), load<std::uint32_t>(still, 0x204));
  for (auto at : {0x300, 0x1300})
    EXPECT_EQ(load<std::uint32_t>(moved, at), load<std::uint32_t>(still, at) + narrow);
  EXPECT_EQ(load<std::uint32_t>(moved, 0x304), load<std::uint32_t>(still, 0x304));
}

TEST(Loadable, KnowsTheTwoListsOfLaterKernels) {
  auto file = loadable_kernel({{kLow + 0x100}, {kLow + 0x200}});
  auto still = loaded(file, 0), moved = loaded(file, kDelta);
  EXPECT_EQ(load<std::uint64_t>(moved, 0x100), load<std::uint64_t>(still, 0x100) + kDelta);
  EXPECT_EQ(load<std::uint32_t>(moved, 0x200),
            load<std::uint32_t>(still, 0x200) + static_cast<std::uint32_t>(kDelta));
}

TEST(Loadable, IsNotMovedWithoutRelocations) {
  auto file = loadable_kernel({});
  auto kernel = open_loadable(file, kLoadBase);
  ASSERT_TRUE(kernel);
  EXPECT_TRUE(kernel->relocations.empty());
  Buffer memory(kernel->size);
  EXPECT_STREQ(error_of(load_kernel(*kernel, kDelta, memory)).what, "kernel without relocations");
}

TEST(Loadable, RefusesRelocationsOutsideTheKernel) {
  for (std::uint32_t address : {kLow - 1, kLow + 0x2ffd, kLow + 0x3000, 1u, 0x7fff'ffffu, ~0u})
    for (unsigned list = 0; list < 3; ++list) {
      std::vector<std::vector<std::uint32_t>> lists(3);
      lists[list] = {address};
      lists[list == 0 ? 2 : 0].push_back(kLow);
      auto file = loadable_kernel(lists);
      auto kernel = open_loadable(file, kLoadBase);
      ASSERT_TRUE(kernel);
      Buffer memory(kernel->size);
      EXPECT_STREQ(error_of(load_kernel(*kernel, kDelta, memory)).what,
                   "relocation outside the kernel")
          << std::hex << address << " in list " << list;
    }
}

TEST(Loadable, RefusesATailThatIsNoListOfRelocations) {
  auto file = loadable_kernel({{kLow}, {kLow}, {kLow}, {kLow}});
  EXPECT_STREQ(error_of(open_loadable(file, kLoadBase)).what, "more than three lists");
  file = loadable_kernel({{kLow}});
  EXPECT_FALSE(open_loadable(file, kLoadBase)) << "one list";
  file = loadable_kernel({{kLow}, {kLow}});
  file.pop_back();
  EXPECT_STREQ(error_of(open_loadable(file, kLoadBase)).what, "not whole words");
  file = loadable_kernel({});
  for (unsigned byte = 0; byte < 8; ++byte) file.push_back(std::byte{1});
  EXPECT_STREQ(error_of(open_loadable(file, kLoadBase)).what,
               "list of relocations without its zero");
}

TEST(Loadable, RefusesEveryTruncation) {
  auto file = loadable_kernel({{kLow + 0x100}, {kLow + 0x200}});
  for (std::size_t size = 0; size < 0x3000; ++size)
    ASSERT_FALSE(open_loadable(Bytes(file).first(size), kLoadBase)) << size;
}

TEST(Loadable, RefusesSegmentsThatDoNotFit) {
  struct {
    std::uint64_t field;
    std::uint64_t value;
    const char* what;
  } const wrong[] = {
      {offsetof(elf::ProgramHeader, offset), ~0ull, "range past the end"},
      {offsetof(elf::ProgramHeader, filesz), 1 << 20, "range past the end"},
      {offsetof(elf::ProgramHeader, memsz), 0xfff, "segment smaller than its contents"},
      {offsetof(elf::ProgramHeader, memsz), ~0ull, "segment outside the kernel's memory"},
      {offsetof(elf::ProgramHeader, paddr), kLoadBase - 1, "segment outside the kernel's memory"},
      {offsetof(elf::ProgramHeader, paddr), ~0ull, "segment outside the kernel's memory"},
  };
  for (const auto& row : wrong) {
    auto file = loadable_kernel({});
    poke(file, 64 + row.field, row.value);
    EXPECT_STREQ(error_of(open_loadable(file, kLoadBase)).what, row.what) << row.value;
  }
}

TEST(Loadable, RefusesAnEntryOutside) {
  for (auto entry : {kLoadBase - 1, kLoadBase + kSize, ~std::uint64_t{0}}) {
    auto file = loadable_kernel({});
    poke(file, offsetof(elf::ElfHeader, entry), entry);
    EXPECT_STREQ(error_of(open_loadable(file, kLoadBase)).what, "entry outside the kernel");
  }
}

TEST(LoadHints, AreReadFromTheBootHeader) {
  Buffer setup(1024);
  poke<std::uint16_t>(setup, 0x206, 0x020f);
  poke<std::uint32_t>(setup, 0x230, 0x20'0000);
  poke<std::uint64_t>(setup, 0x258, kLoadBase);
  EXPECT_FALSE(load_hints(setup)->entry_64);
  poke<std::uint16_t>(setup, 0x236, 0x7f);
  auto hints = load_hints(setup);
  ASSERT_TRUE(hints);
  EXPECT_TRUE(hints->entry_64 && hints->five_levels);
  EXPECT_EQ(hints->base, kLoadBase);
  EXPECT_EQ(hints->alignment, 0x20'0000u);
  poke<std::uint16_t>(setup, 0x206, 0x020b);
  EXPECT_STREQ(error_of(load_hints(setup)).what, "boot protocol too old");
  for (std::size_t size : {0, 0x206, 0x236, 0x25f})
    EXPECT_FALSE(load_hints(Bytes(setup).first(size))) << size;
}

}  // namespace
}  // namespace ringside::kimage
