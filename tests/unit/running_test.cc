// /proc/kallsyms in files of its form: modules left out, KASLR taken off, hidden addresses told.
#include <gtest/gtest.h>

#include "tests/unit/temporary.hh"
#include "user/kimage/running.hh"

namespace ringside::kimage {
namespace {

class RunningSymbolsFile : public TemporaryTest {
 protected:
  std::string file_with(const std::string& text) {
    write(folder_ / "kallsyms", text);
    return (folder_ / "kallsyms").string();
  }
};

TEST_F(RunningSymbolsFile, TakesTheKaslrOffsetOffAndLeavesModulesOut) {
  auto symbols =
      read_running_symbols(file_with("0000000000000000 A fixed_percpu_data\n"
                                     "ffffffff9f600000 T _text\n"
                                     "ffffffff9f601230 t helper\n"
                                     "ffffffffc0400000 t of_a_module\t[loop]\n"
                                     "no line of kallsyms\n"));
  ASSERT_TRUE(symbols) << symbols.error().message;
  EXPECT_EQ(symbols->offset, 0x1e600000u);
  ASSERT_EQ(symbols->symbols.size(), 3u);
  EXPECT_EQ(symbols->symbols[0].address, 0u);
  EXPECT_EQ(symbols->symbols[1].address, 0xffffffff81000000u);
  EXPECT_EQ(symbols->symbols[2].address, 0xffffffff81001230u);
  EXPECT_EQ(symbols->symbols[2].name, "helper");
  EXPECT_EQ(symbols->symbols[2].type, 't');
}

TEST_F(RunningSymbolsFile, SaysThatAddressesAreHidden) {
  auto symbols =
      read_running_symbols(file_with("0000000000000000 T _text\n0000000000000000 T kfree\n"));
  ASSERT_FALSE(symbols);
  EXPECT_NE(symbols.error().message.find("run as root"), std::string::npos);
}

TEST_F(RunningSymbolsFile, NamesAFileThatIsNotThere) {
  auto symbols = read_running_symbols("/nonexistent/kallsyms");
  ASSERT_FALSE(symbols);
  EXPECT_NE(symbols.error().message.find("/nonexistent/kallsyms"), std::string::npos);
}

}  // namespace
}  // namespace ringside::kimage
