// Every kind of wrong module (tests/modules/kinds.hh) against the checker, for each kernel that the
// cache holds: exactly the faults that the table names, and a verdict that follows from them.
#include <set>

#include "lab/kernels/kernels.hh"
#include "tests/modules/judge.hh"
#include "tests/unit/temporary.hh"

namespace ringside::modules::test {
namespace {

class WrongModules : public testing::TestWithParam<const char*> {
 protected:
  void SetUp() override {
    auto found = lab::find_kernel(GetParam());
    if (!found || found->modules.empty())
      GTEST_SKIP() << "kernel " << GetParam() << " is not in the cache (ringside lab fetch)";
    files_ = files_for(found->release, found->modules);
    if (!files_) GTEST_SKIP() << "our modules are not built for both kernels (make modules)";
    auto image = kimage::Image::open(found->image);
    ASSERT_TRUE(image) << image.error().message;
    auto kernel = Kernel::open(*std::move(image), found->modules);
    ASSERT_TRUE(kernel) << kernel.error().message;
    kernel_.emplace(*std::move(kernel));
    auto pattern = (std::filesystem::temp_directory_path() / "ringside-test-XXXXXX").native();
    ASSERT_NE(mkdtemp(pattern.data()), nullptr);
    folder_ = pattern;
  }
  void TearDown() override {
    if (!folder_.empty()) std::filesystem::remove_all(folder_);
  }

  Verdict judge_kind(const Kind& kind) {
    auto files = *files_;
    kind.edit(files);
    return judge(files, *kernel_, folder_);
  }

  std::filesystem::path folder_;
  std::optional<Files> files_;
  std::optional<Kernel> kernel_;
};

TEST_P(WrongModules, EachIsSaidToBeWhatItIs) {
  auto unharmed = judge(*files_, *kernel_, folder_);
  EXPECT_TRUE(unharmed.loads()) << to_line(unharmed.reasons.front());
  EXPECT_EQ(said(unharmed, {}), "taints unsigned, taints out-of-tree");
  for (const auto& kind : kinds()) {
    auto verdict = judge_kind(kind);
    EXPECT_EQ(said(verdict, unharmed), kind.said_on(GetParam())) << kind.name;
    EXPECT_EQ(verdict.loads(), kind.loads_on(GetParam())) << kind.name;
  }
}

TEST_P(WrongModules, AreManyAndEachHasItsOwnName) {
  std::set<std::string_view> names;
  std::size_t blocked = 0;
  for (const auto& kind : kinds()) {
    EXPECT_TRUE(names.insert(kind.name).second) << kind.name;
    blocked += !kind.loads_on(GetParam());
  }
  EXPECT_GE(blocked, 40u);
}

INSTANTIATE_TEST_SUITE_P(Kernels, WrongModules, testing::Values("6.1", "6.12"),
                         [](const auto& info) {
                           return std::string(info.param) == "6.1" ? "V6_1" : "V6_12";
                         });

}  // namespace
}  // namespace ringside::modules::test
