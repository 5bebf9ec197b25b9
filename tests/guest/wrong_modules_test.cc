// Every kind of wrong module (tests/modules/kinds.hh) against the kernel that runs here: where the
// checker says "loads" it loads, where it says "refused" it is refused. That the checker says what
// the table has is asserted on the host (tests/unit/wrong_modules_test.cc). Kinds that a kernel
// does not look at, and may be harmed by, are asked in guests of their own (tests/modules/alone).
#include <gtest/gtest.h>

#include "lab/kernels/kernels.hh"
#include "tests/guest/module.hh"
#include "tests/modules/kernel_answer.hh"

namespace ringside::modules::test {
namespace {

bool cannot_tell(std::string_view said) {
  return said.find("unsupported ") != said.npos && said.find("refused ") == said.npos;
}

TEST(WrongModules, TheStockKernelAgrees) {
  auto found = lab::find_kernel(guest::kernel_name());
  ASSERT_TRUE(found) << found.error().message;
  auto files = files_for(guest::release(), found->modules);
  if (!files) GTEST_SKIP() << "our modules are not built for both kernels (make modules)";
  auto series = series_of(guest::release());
  const char* folder = std::getenv("RINGSIDE_TEST_RESULTS");
  std::ofstream results(std::string(folder ? folder : "/tmp") + "/wrong-modules-" + series +
                        "-shared.tsv");
  int asked = 0;
  for (const auto& kind : kinds()) {
    if (kind.is_dangerous_on(series)) continue;
    auto wrong = *files;
    kind.edit(wrong);
    auto answer = ask_kernel(wrong);
    results << result_line(series, kind, answer, "shared") << std::flush;
    ++asked;
    if (cannot_tell(kind.said_on(series))) continue;
    EXPECT_EQ(answer == "loads", kind.loads_on(series)) << kind.name << ": " << answer;
  }
  EXPECT_GE(asked, 80);
  RecordProperty("kinds", asked);
}

}  // namespace
}  // namespace ringside::modules::test
