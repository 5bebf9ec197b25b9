// ringside_loader.ko in a stock kernel: what it hands over, what it refuses, and that a load whose
// holder dies leaves nothing behind. Runs as root in a guest.
#include <gtest/gtest.h>
#include <sys/mman.h>
#include <sys/wait.h>

#include <csignal>
#include <sstream>

#include "tests/guest/loader_client.hh"

namespace ringside::guest {
namespace {

namespace fs = std::filesystem;

constexpr std::array kModules = {"loop", "ext4", "kvm", "sunrpc", "nf_conntrack", "dm_mod"};
constexpr auto kSmall = "crc32c_generic";

std::string text_of(const fs::path& path) {
  std::ifstream file(path);
  std::stringstream text;
  text << file.rdbuf();
  return text.str();
}

bool is_loaded(const std::string& name) {
  return ("\n" + text_of("/proc/modules")).find("\n" + name + " ") != std::string::npos;
}

std::string taints_of(const std::string& name) {
  auto text = text_of("/sys/module/" + name + "/taint");
  return text.substr(0, text.find('\n'));
}

[[maybe_unused]] bool hook_stands() {
  return text_of("/sys/kernel/tracing/enabled_functions").find("apply_relocate_add") !=
         std::string::npos;
}

// Waits for what another thread of the kernel is about to do.
template <class Condition>
bool soon(Condition condition) {
  for (int tries = 0; tries < 3000; ++tries) {
    if (condition()) return true;
    usleep(10'000);
  }
  return false;
}

void load_needs_of(const std::string& name) {
  auto needs = modtree::DepFile::open("/lib/modules/" + release());
  ASSERT_TRUE(needs) << needs.error().message;
  const auto* list = needs->find(name);
  ASSERT_NE(list, nullptr) << name;
  for (const auto& need : *list) ASSERT_TRUE(succeeds({"modprobe", need})) << need;
}

StockModule stock(const std::string& name) {
  load_needs_of(name);
  return StockModule(StockModule::find(name));
}

class HandOver : public ::testing::Test {
 protected:
  static void SetUpTestSuite() { ASSERT_TRUE(load("ringside_loader")); }
  static void TearDownTestSuite() { EXPECT_TRUE(unload("ringside_loader")); }

  // Every byte of every section in memory, but those of struct module that are no relocations.
  static void expect_equal(const LoaderFile& file, const rs_loader_load& load,
                           const LinkedHere& here, const modules::Object& object) {
    for (std::uint32_t each = 1; each < here.bytes.size(); ++each) {
      if (here.bytes[each].empty()) continue;
      std::vector<std::byte> theirs(here.bytes[each].size());
      ASSERT_EQ(file.read(each, 0, theirs.data(), theirs.size()), 0) << load.name << " " << each;
      if (each != load.module_section) {
        EXPECT_EQ(theirs, here.bytes[each]) << load.name << " " << object.section_name(each);
        continue;
      }
      for (auto at : entry_words(load, object))
        EXPECT_EQ(std::memcmp(theirs.data() + at, here.bytes[each].data() + at, 8), 0) << at;
    }
  }
};

TEST_F(HandOver, ShowsWhatTheKernelRelocatedAndItEqualsOurs) {
  for (std::string name : kModules) {
    auto module = stock(name);
    LoaderFile file;
    HandedLoad handed(file, module.bytes(), RS_LOADER_SHADOW);
    ASSERT_EQ(handed.arm(), 0);
    rs_loader_load load;
    ASSERT_EQ(file.wait(load), 0);
    ASSERT_EQ(load.state, RS_LOADER_PARKED);
    EXPECT_EQ(load.name, name);
    auto here = link_here(file, load, module.object());
    EXPECT_EQ(here.faults, 0u) << name;
    expect_equal(file, load, here, module.object());
    ASSERT_EQ(file.complete(RS_LOADER_DONE), 0);
    EXPECT_EQ(handed.result(), 0) << name;
    ASSERT_EQ(file.wait(load), 0);
    EXPECT_EQ(load.state, RS_LOADER_ENDED);
    EXPECT_EQ(load.by, RS_LOADER_BY_KERNEL);
    EXPECT_EQ(taints_of(name), "");
    EXPECT_TRUE(unload(name)) << name;
  }
}

TEST_F(HandOver, LoadsWhatWasLinkedHere) {
  for (std::string name : kModules) {
    auto module = stock(name);
    LoaderFile file;
    HandedLoad handed(file, module.bytes(), RS_LOADER_USER);
    ASSERT_EQ(handed.arm(), 0);
    rs_loader_load load;
    ASSERT_EQ(file.wait(load), 0);
    auto here = link_here(file, load, module.object());
    ASSERT_EQ(here.faults, 0u) << name;
    ASSERT_EQ(write_all(file, load, here, module.object()), 0) << name;
    expect_equal(file, load, here, module.object());
    ASSERT_EQ(file.complete(RS_LOADER_DONE), 0);
    EXPECT_EQ(handed.result(), 0) << name;
    ASSERT_EQ(file.wait(load), 0);
    EXPECT_EQ(load.by, RS_LOADER_BY_USER);
    EXPECT_TRUE(is_loaded(name));
    EXPECT_EQ(taints_of(name), "E");
    EXPECT_TRUE(unload(name)) << name;
  }
}

TEST_F(HandOver, OurCoreRelocatesInTheKernel) {
  for (std::string name : kModules) {
    auto module = stock(name);
    LoaderFile file;
    HandedLoad handed(file, module.bytes(), RS_LOADER_KERNEL);
    ASSERT_EQ(handed.arm(), 0);
    EXPECT_EQ(handed.result(), 0) << name;
    rs_loader_load load;
    ASSERT_EQ(file.wait(load), 0);
    EXPECT_EQ(load.state, RS_LOADER_ENDED);
    EXPECT_EQ(load.by, RS_LOADER_BY_CORE);
    EXPECT_EQ(load.name, name);
    EXPECT_EQ(taints_of(name), "");
    EXPECT_TRUE(unload(name)) << name;
  }
}

}  // namespace
}  // namespace ringside::guest
