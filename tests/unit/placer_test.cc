// What a space's object may take of a kernel: exports by licence and namespace, as modules may. On
// the stock kernel 6.1 in the cache; objects are compiled on the spot.
#include "user/space/placer.hh"

#include <gtest/gtest.h>

#include "lab/kernels/kernels.hh"
#include "tests/unit/temporary.hh"
#include "user/modules/module_file.hh"
#include "user/process/process.hh"

namespace ringside::space {
namespace {

// dma_buf_put is exported to GPL-compatible code, in namespace DMA_BUF.
constexpr const char* kSource = R"(
extern void dma_buf_put(void *);
void call(void *buffer) { dma_buf_put(buffer); }
#define INFO(name, text) \
  __attribute__((used, section(".modinfo"))) static const char name[] = text;
)";

class PlacerTest : public TemporaryTest {
 protected:
  void SetUp() override {
    auto found = lab::find_kernel("6.1");  // before the cache is another one
    TemporaryTest::SetUp();
    if (!found) GTEST_SKIP() << "kernel 6.1 is not in the cache (ringside lab fetch 6.1)";
    auto image = kimage::Image::open(found->image);
    ASSERT_TRUE(image) << image.error().message;
    auto kernel = modules::Kernel::open(*std::move(image), {});
    ASSERT_TRUE(kernel) << kernel.error().message;
    kernel_.emplace(*std::move(kernel));
  }

  // What stands against an object with these lines of .modinfo; empty where nothing does.
  std::string refused(const std::string& info) {
    write(folder_ / "object.c", kSource + info);
    auto compiled =
        output_of({.argv = {"gcc", "-O2", "-ffreestanding", "-fno-pic", "-mcmodel=kernel",
                            "-fno-asynchronous-unwind-tables", "-c", "object.c"},
                   .directory = folder_,
                   .environment = {}});
    if (!compiled) return compiled.error().message;
    auto file = modules::ModuleFile::open(folder_ / "object.o");
    if (!file) return file.error().message;
    Placer placer(*kernel_, 0);
    if (auto opened = placer.open(file->bytes(), "object", 0); !opened)
      return opened.error().message;
    auto linked =
        placer.link({0xffff'ffff'c000'0000, 0xffff'ffff'c001'0000, 0xffff'ffff'c002'0000});
    return linked ? "" : linked.error().message;
  }

  std::optional<modules::Kernel> kernel_;
};

TEST_F(PlacerTest, ExportsGoByLicenceAndNamespace) {
  std::string license = "INFO(license, \"license=GPL\")",
              name_space = "INFO(ns, \"import_ns=DMA_BUF\")";
  EXPECT_EQ(refused(license + name_space), "");
  EXPECT_NE(refused(license).find("exported in namespace DMA_BUF"), std::string::npos);
  EXPECT_NE(refused(name_space).find("GPL-compatible code only"), std::string::npos);
}

}  // namespace
}  // namespace ringside::space
