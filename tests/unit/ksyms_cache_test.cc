// The symbol table in the cache: sealed, so that it is taken as it is; made again where the seal is
// broken.
#include "tests/unit/image_writer.hh"
#include "tests/unit/temporary.hh"
#include "user/ksyms/symbols.hh"

namespace ringside::ksyms {
namespace {

class KsymsCacheTest : public TemporaryTest {
 protected:
  Outcome<Symbols> open() { return Symbols::open(TRY(kimage::Image::open(folder_ / "vmlinux"))); }
  std::filesystem::path table() const {
    for (const auto& entry :
         std::filesystem::recursive_directory_iterator(folder_ / "ringside" / "index"))
      if (entry.path().filename().native().starts_with("ksyms")) return entry.path();
    return {};
  }
  static std::string name_at(const Symbols& symbols, std::uint32_t index) {
    Scratch scratch;
    auto match = symbols.table().at(index, scratch);
    return match ? std::string(match->name) : "";
  }
  void SetUp() override {
    TemporaryTest::SetUp();
    auto kernel = ringside::test::vmlinux("6.1.0-made", ringside::test::kernel_symbols(300));
    write(folder_ / "vmlinux", {reinterpret_cast<const char*>(kernel.data()), kernel.size()});
  }
};

TEST_F(KsymsCacheTest, ADamagedTableIsMadeAgain) {
  auto first = open();
  ASSERT_TRUE(first) << first.error().message;
  auto name = name_at(*first, 299);
  auto content = read(table());
  for (std::size_t at : {std::size_t{20}, content.size() / 2, content.size() - 1}) {
    auto damaged = content;
    damaged[at] = static_cast<char>(damaged[at] ^ 4);
    write(table(), damaged);
    auto again = open();
    ASSERT_TRUE(again) << again.error().message;
    EXPECT_EQ(name_at(*again, 299), name);
    EXPECT_EQ(read(table()), content) << at;
  }
  write(table(), content.substr(0, 5));
  EXPECT_TRUE(open());
}

}  // namespace
}  // namespace ringside::ksyms
