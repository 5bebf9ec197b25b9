// Loads made by the test's own process: planned once, run as often as wanted.
#pragma once

#include <optional>

#include "tests/loader/commands.hh"
#include "user/loader/loader.hh"

namespace ringside::loader {

class PlannedTest : public LoaderTest {
 protected:
  void SetUp() override {
    LoaderTest::SetUp();
    auto image = kimage::Image::open_running();
    ASSERT_TRUE(image) << image.error().message;
    auto kernel =
        modules::Kernel::open_listed(*std::move(image), "/lib/modules/" + guest::release());
    ASSERT_TRUE(kernel) << kernel.error().message;
    kernel_.emplace(*std::move(kernel));
  }

  Plan plan_of(const std::string& module, const Options& options) {
    auto checker = modules::Checker::create(*kernel_, nullptr);
    EXPECT_TRUE(checker);
    if (options.unexported) (*checker)->allow_unexported();
    bool linked = options.shadow || options.placement != Placement::kStock;
    auto plan = Planner(*kernel_, **checker, {}, linked).plan({{module, {}}});
    EXPECT_TRUE(plan) << plan.error().message;
    return plan ? *std::move(plan) : Plan();
  }

  // KiB of slab that cannot be given back.
  static long slab() {
    shell("echo 2 >/proc/sys/vm/drop_caches");
    return std::stol(shell("sed -n 's/^SUnreclaim: *\\([0-9]*\\).*/\\1/p' /proc/meminfo"));
  }

  std::optional<modules::Kernel> kernel_;
};

}  // namespace ringside::loader
