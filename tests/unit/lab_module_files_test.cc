// The loading order of modules, from trees that hold nothing but what the order depends on.
#include "lab/module_files.hh"

#include <gtest/gtest.h>

#include <fstream>

#include "tests/unit/temporary.hh"

namespace ringside::lab {
namespace {

class LabModuleFiles : public TemporaryTest {
 protected:
  void SetUp() override {
    TemporaryTest::SetUp();
    write(folder_ / "modules.builtin", "kernel/drivers/virtio/virtio.ko\n");
  }
  void list(const std::string& path) {
    std::ofstream(folder_ / "modules.order", std::ios::app) << path << "\n";
  }
  // A module that holds only what is read of one.
  void module(const std::string& path, const std::string& depends) {
    list(path);
    write(folder_ / path,
          "ELF" + std::string(1, '\0') + "depends=" + depends + std::string(1, '\0') + "x");
  }
  // The names of a closure, or what was wrong.
  std::string order(const std::vector<std::string>& wanted) {
    auto tree = ModuleTree::open(folder_);
    if (!tree) return tree.error().message;
    auto files = tree->closure(wanted);
    if (!files) return files.error().message;
    std::string names;
    for (const auto& file : *files) names += file.name + " ";
    return names;
  }
};

TEST_F(LabModuleFiles, DependenciesComeFirstAndOnce) {
  module("kernel/fs/9p/9p.ko", "9pnet,netfs");
  module("kernel/net/9p/9pnet.ko", "");
  module("kernel/net/9p/9pnet_virtio.ko", "9pnet,virtio");
  module("kernel/fs/netfs/netfs.ko", "");
  EXPECT_EQ(order({"9pnet_virtio", "9p"}), "9pnet 9pnet_virtio netfs 9p ");
}

TEST_F(LabModuleFiles, DashesAndBuiltInsAreAsTheKernelHasThem) {
  module("kernel/a/dash-ed.ko", "other-one");
  module("kernel/a/other_one.ko", "virtio");
  EXPECT_EQ(order({"virtio", "dash_ed"}), "other_one dash_ed ");
}

TEST_F(LabModuleFiles, CirclesEnd) {
  module("kernel/a.ko", "b");
  module("kernel/b.ko", "a");
  EXPECT_EQ(order({"a"}), "b a ");
}

TEST_F(LabModuleFiles, WhatIsMissingIsNamed) {
  EXPECT_NE(order({"9p"}).find("no modules.order"), std::string::npos);
  module("kernel/a.ko", "gone");
  EXPECT_NE(order({"a"}).find("no module gone"), std::string::npos);
  list("kernel/listed.ko");
  EXPECT_NE(order({"listed"}).find("kernel/listed.ko is listed but not there"), std::string::npos);
  auto tree = ModuleTree::open(folder_);
  ASSERT_TRUE(tree);
  EXPECT_TRUE(tree->has("virtio"));
  EXPECT_TRUE(tree->has("a"));
  EXPECT_FALSE(tree->has("9p"));
}

}  // namespace
}  // namespace ringside::lab
