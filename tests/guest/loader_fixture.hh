// What the tests of ringside_loader.ko share: the module loaded, what the guest's files tell, a
// load that is parked.
#pragma once

#include <gtest/gtest.h>

#include "tests/guest/loader_client.hh"

namespace ringside::guest {

namespace fs = std::filesystem;

// Those of `names` that this kernel's tree has: that of `make kasan` is small.
inline std::vector<std::string> in_tree(std::vector<std::string> names) {
  std::erase_if(names, [](const std::string& name) { return dependencies_of(name).path.empty(); });
  return names;
}

// A few KiB, needs nothing, nothing loads it by itself.
inline const std::string kSmall = in_tree({"ts_kmp"}).empty() ? "pcspkr" : "ts_kmp";

inline std::vector<std::string> some_modules() {
  auto names = in_tree({"loop", "ext4", "kvm", "sunrpc", "nf_conntrack", "dm_mod"});
  EXPECT_GE(names.size(), 3u);
  return names;
}

inline std::string text_of(const fs::path& path) {
  std::ifstream file(path);
  std::stringstream text;
  text << file.rdbuf();
  return text.str();
}

inline bool is_loaded(const std::string& name) {
  return ("\n" + text_of("/proc/modules")).find("\n" + name + " ") != std::string::npos;
}

inline std::string taints_of(const std::string& name) {
  auto text = text_of("/sys/module/" + name + "/taint");
  return text.substr(0, text.find('\n'));
}

inline bool hook_stands() {
  return text_of("/sys/kernel/tracing/enabled_functions").find("apply_relocate_add") !=
         std::string::npos;
}

// Loads what module `name` needs, the stock way.
inline StockModule stock(const std::string& name) {
  auto found = dependencies_of(name);
  for (auto need = found.needs.rbegin(); need != found.needs.rend(); ++need)
    (void)init_module(modules::ModuleFile::open(*need)->bytes());
  return StockModule(found.path);
}

// A module that is parked, or has ended, on a file of its own.
struct Parked {
  explicit Parked(const std::string& name, std::uint32_t mode = RS_LOADER_USER,
                  std::uint32_t timeout = kTimeout)
      : module(stock(name)), handed(file, module.bytes(), mode, timeout) {
    EXPECT_EQ(handed.arm(), 0);
    EXPECT_EQ(file.wait(load), 0);
    EXPECT_EQ(load.state, RS_LOADER_PARKED);
  }
  // Links here, writes, and lets it go on.
  int finish() {
    auto here = link_here(file, load, module.object());
    EXPECT_EQ(write_all(file, load, here, module.object()), 0);
    EXPECT_EQ(file.complete(RS_LOADER_DONE), 0);
    return handed.result();
  }

  // Lets the kernel's own bytes go on.
  int let_go() {
    EXPECT_EQ(file.complete(RS_LOADER_DONE), 0);
    return handed.result();
  }

  StockModule module;
  LoaderFile file;
  HandedLoad handed;
  rs_loader_load load;
};

// The loader's module, loaded for the whole suite; the log must be clean when it goes.
class LoaderModule : public ::testing::Test {
 protected:
  static void SetUpTestSuite() { ASSERT_TRUE(load("ringside_loader")); }
  static void TearDownTestSuite() {
    EXPECT_TRUE(unload("ringside_loader"));
    expect_clean_log();
  }
};

}  // namespace ringside::guest
