// A module that calls functions which the kernel does not export, in a running kernel: what it was
// compiled against is the kernel's own, so it is bound, loads, and its calls do what they are for;
// the module with a function for each reason why not is refused.
#include <gtest/gtest.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "core/modules/edit.hh"
#include "tests/guest/module.hh"
#include "tests/modules/kernel_named.hh"
#include "user/modules/linker.hh"
#include "user/modules/module_file.hh"
#include "user/modules/unexported.hh"

namespace ringside::modules {
namespace {

class Unexported : public ::testing::Test {
 protected:
  void SetUp() override {
    auto kernel = test::kernel_named(guest::kernel_name());
    ASSERT_TRUE(kernel) << kernel.error().message;
    kernel_.emplace(*std::move(kernel));
    auto running = kimage::read_running_symbols();
    ASSERT_TRUE(running) << running.error().message;
    running_ = *std::move(running);
    auto linker = Linker::create(*kernel_, none_, running_.offset);
    ASSERT_TRUE(linker) << linker.error().message;
    linker_.emplace(*std::move(linker));
  }

  void open(const std::string& name) {
    auto file = ModuleFile::open(guest::module_file(name));
    ASSERT_TRUE(file) << file.error().message;
    file_.emplace(*std::move(file));
    ASSERT_TRUE(linker_->open(file_->bytes(), linked_, diagnostics_)) << name;
  }

  // What init_module(2) says of the module with its symbols made absolute: 0 or an error number.
  int load_bound() {
    Diagnostics found(room_);
    EXPECT_TRUE(linker_->place(linked_) && linker_->finish(linked_, found));
    EXPECT_EQ(found.blocking(), 0u);
    std::vector<std::byte> memory(linked_.needs.size() * 4 + 64), edited(file_->bytes().size());
    Arena arena(memory);
    auto result = edit_for_bind(linked_.module, linked_.needs, linked_.answers, arena, edited);
    EXPECT_TRUE(result);
    return syscall(SYS_init_module, edited.data(), result ? result->size : 0, "") == 0 ? 0 : errno;
  }

  std::vector<std::string_view> unanswered() const {
    std::vector<std::string_view> names;
    for (std::size_t row = 0; row < linked_.needs.size(); ++row)
      if (linked_.answers[row].source == Source::kNone && linked_.needs[row].symbol != kNoSymbol)
        names.push_back(linked_.needs[row].name);
    return names;
  }

  Overlay none_;
  std::optional<Kernel> kernel_;
  kimage::RunningSymbols running_;
  std::optional<Linker> linker_;
  std::optional<ModuleFile> file_;
  std::vector<Diagnostic> room_ = std::vector<Diagnostic>(64);
  Diagnostics diagnostics_{room_};
  Linked linked_;
};

TEST_F(Unexported, WhatIsComparedLoadsAndWorks) {
  ASSERT_NO_FATAL_FAILURE(open("ringside_unexported"));
  auto reasons = answer_unexported(*kernel_, running_.offset, linked_);
  ASSERT_TRUE(reasons) << reasons.error().message;
  ASSERT_TRUE(reasons->empty()) << to_line((*reasons)[0]);
  auto error = load_bound();
  ASSERT_EQ(error, 0) << std::strerror(error);
  EXPECT_TRUE(guest::unload("ringside_unexported"));
}

TEST_F(Unexported, TheRunningKernelSaysTheSameAsItsImage) {
  auto btf = kimage::read_btf();
  ASSERT_TRUE(btf) << btf.error().message;
  for (auto name : {"ringside_unexported", "ringside_refused"}) {
    ASSERT_NO_FATAL_FAILURE(open(name));
    auto names = unanswered();
    ASSERT_FALSE(names.empty());
    auto image = check_unexported(linked_.module, names, kernel_->image());
    auto running = check_unexported(linked_.module, names, running_, *btf);
    ASSERT_TRUE(image && running);
    for (std::size_t row = 0; row < names.size(); ++row) {
      EXPECT_EQ((*image)[row].address, (*running)[row].address) << names[row];
      ASSERT_EQ((*image)[row].refusal.has_value(), (*running)[row].refusal.has_value());
      if (!(*image)[row].refusal) continue;
      EXPECT_EQ(to_line(*(*image)[row].refusal), to_line(*(*running)[row].refusal));
    }
  }
}

TEST_F(Unexported, EveryFunctionOfTheRefusedModuleIs) {
  if (std::string(guest::kernel_name()).ends_with("-kasan"))
    GTEST_SKIP() << "what the module asks for is what Debian's compiler made of Debian's kernels";
  ASSERT_NO_FATAL_FAILURE(open("ringside_refused"));
  auto names = unanswered().size();
  auto reasons = answer_unexported(*kernel_, running_.offset, linked_);
  ASSERT_TRUE(reasons) << reasons.error().message;
  EXPECT_EQ(reasons->size() + unanswered().size(), names);
  EXPECT_EQ(unanswered(), std::vector<std::string_view>{"ringside_no_such_function"});
}

}  // namespace
}  // namespace ringside::modules
