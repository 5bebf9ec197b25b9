// The module tree: names, which file wins, when its identity changes, and orders that load.
#include "user/modtree/closure.hh"
#include "user/modtree/tree.hh"

#include <map>

#include "tests/unit/temporary.hh"

namespace ringside::modtree {
namespace {

using Needs = std::map<std::string, std::vector<std::string>>;

Direct direct_of(const Needs& needs) {
  return [&needs](const std::string& name) -> Outcome<std::vector<std::string>> {
    auto at = needs.find(name);
    if (at == needs.end()) return Failure{name + ": unknown"};
    return at->second;
  };
}

Outcome<std::vector<std::string>> order_of(const Needs& needs, std::vector<std::string> names) {
  return closure(names, direct_of(needs));
}

TEST(ModuleName, IsTheFilesAsTheKernelSpellsIt) {
  EXPECT_EQ(module_name("kernel/sound/snd-hda-intel.ko"), "snd_hda_intel");
  EXPECT_EQ(module_name("loop.ko.xz"), "loop");
  EXPECT_EQ(module_name("loop.ko.zst"), "loop");
  EXPECT_EQ(module_name("loop.ko.gz"), "loop");
}

TEST(ModuleName, IsEmptyForOtherFiles) {
  for (const char* file : {"modules.dep", "loop.o", ".ko", "loop.ko.bz2", "loop.kox", ""})
    EXPECT_EQ(module_name(file), "") << file;
}

using TreeTest = TemporaryTest;

TEST_F(TreeTest, FindsEveryPackingAndBothSpellings) {
  write(folder_ / "kernel/a/snd-one.ko", "1");
  write(folder_ / "kernel/b/two.ko.xz", "22");
  write(folder_ / "kernel/c/three.ko.gz", "333");
  write(folder_ / "kernel/c/four.ko.zst", "4444");
  write(folder_ / "modules.dep", "");
  auto tree = Tree::open(folder_);
  ASSERT_TRUE(tree) << tree.error().message;
  EXPECT_EQ(tree->files().size(), 4u);
  ASSERT_NE(tree->find("snd-one"), nullptr);
  EXPECT_EQ(tree->find("snd-one"), tree->find("snd_one"));
  EXPECT_EQ(tree->find("two")->path, "kernel/b/two.ko.xz");
  EXPECT_EQ(tree->find("two")->size, 2u);
  EXPECT_EQ(tree->path_of(*tree->find("four")), folder_ / "kernel/c/four.ko.zst");
  EXPECT_EQ(tree->find("five"), nullptr);
}

TEST_F(TreeTest, UpdatesWinOverTheKernelsOwn) {
  write(folder_ / "kernel/loop.ko", "old");
  write(folder_ / "updates/dkms/loop.ko", "new");
  write(folder_ / "extra/loop.ko", "other");
  auto tree = Tree::open(folder_);
  ASSERT_TRUE(tree);
  ASSERT_EQ(tree->files().size(), 1u);
  EXPECT_EQ(tree->find("loop")->path, "updates/dkms/loop.ko");
}

TEST_F(TreeTest, FollowsLinksButNotThoseToHeadersAndSource) {
  write(folder_ / "elsewhere/weak.ko", "1");
  write(folder_ / "headers/built.ko", "1");
  std::filesystem::create_directories(folder_ / "tree/extra");
  std::filesystem::create_symlink(folder_ / "elsewhere/weak.ko", folder_ / "tree/extra/weak.ko");
  std::filesystem::create_symlink(folder_ / "headers", folder_ / "tree/build");
  std::filesystem::create_symlink(folder_ / "headers", folder_ / "tree/source");
  auto tree = Tree::open(folder_ / "tree");
  ASSERT_TRUE(tree);
  EXPECT_NE(tree->find("weak"), nullptr);
  EXPECT_EQ(tree->find("built"), nullptr);
}

TEST_F(TreeTest, IdentityChangesWithAnyModuleAndOnlyThen) {
  write(folder_ / "kernel/one.ko", "1");
  auto first = Tree::open(folder_)->identity();
  EXPECT_EQ(Tree::open(folder_)->identity(), first);
  write(folder_ / "modules.alias", "text");
  EXPECT_EQ(Tree::open(folder_)->identity(), first);
  write(folder_ / "kernel/two.ko", "2");
  auto second = Tree::open(folder_)->identity();
  EXPECT_NE(second, first);
  auto time = std::filesystem::last_write_time(folder_ / "kernel/two.ko");
  std::filesystem::last_write_time(folder_ / "kernel/two.ko", time + std::chrono::seconds(1));
  EXPECT_NE(Tree::open(folder_)->identity(), second);
}

TEST_F(TreeTest, AMissingFolderIsAFailureThatNamesIt) {
  auto tree = Tree::open(folder_ / "missing");
  ASSERT_FALSE(tree);
  EXPECT_NE(tree.error().message.find("missing: No such file"), std::string::npos)
      << tree.error().message;
}

TEST(Closure, PutsEveryModuleBehindAllThatItNeeds) {
  Needs needs = {{"top", {"left", "right"}}, {"left", {"base"}}, {"right", {"base"}}, {"base", {}}};
  auto order = order_of(needs, {"top"});
  ASSERT_TRUE(order);
  EXPECT_EQ(*order, (std::vector<std::string>{"base", "left", "right", "top"}));
}

TEST(Closure, TakesEachModuleOnceForSeveralNames) {
  Needs needs = {{"a", {"base"}}, {"b", {"base", "a"}}, {"base", {}}};
  auto order = order_of(needs, {"b", "a"});
  ASSERT_TRUE(order);
  EXPECT_EQ(*order, (std::vector<std::string>{"base", "a", "b"}));
}

TEST(Closure, NamesACircle) {
  Needs needs = {{"a", {"b"}}, {"b", {"c"}}, {"c", {"b"}}};
  auto order = order_of(needs, {"a"});
  ASSERT_FALSE(order);
  EXPECT_NE(order.error().message.find("b -> c -> b"), std::string::npos) << order.error().message;
  EXPECT_EQ(order.error().message.find("a -> "), std::string::npos);
}

TEST(Closure, PassesOnWhatCannotBeTold) {
  auto order = order_of({{"a", {"gone"}}}, {"a"});
  ASSERT_FALSE(order);
  EXPECT_EQ(order.error().message, "gone: unknown");
}

TEST(Closure, AChainOfManyModulesNeedsNoStack) {
  Needs needs;
  for (int each = 0; each < 100'000; ++each)
    needs[std::to_string(each)] = {std::to_string(each + 1)};
  needs["100000"] = {};
  auto order = order_of(needs, {"0"});
  ASSERT_TRUE(order);
  EXPECT_EQ(order->size(), 100'001u);
  EXPECT_EQ(order->front(), "100000");
}

using DepFileTest = TemporaryTest;

TEST_F(DepFileTest, SaysWhatDepmodWrote) {
  write(folder_ / "modules.dep",
        "kernel/fs/ext4/ext4.ko.xz: kernel/fs/jbd2/jbd2.ko.xz kernel/fs/mb-cache.ko.xz\n"
        "kernel/fs/jbd2/jbd2.ko.xz:\n");
  auto file = DepFile::open(folder_);
  ASSERT_TRUE(file);
  ASSERT_NE(file->find("ext4"), nullptr);
  EXPECT_EQ(*file->find("ext4"), (std::vector<std::string>{"jbd2", "mb_cache"}));
  ASSERT_NE(file->find("jbd2"), nullptr);
  EXPECT_TRUE(file->find("jbd2")->empty());
  EXPECT_EQ(file->find("xfs"), nullptr);
}

}  // namespace
}  // namespace ringside::modtree
