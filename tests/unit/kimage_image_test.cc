// user/kimage: an image that is packed here is opened, cached, and mended where the cache is
// damaged.
#include "user/kimage/image.hh"

#include <gtest/gtest.h>

#include "tests/unit/image_writer.hh"
#include "tests/unit/temporary.hh"

namespace ringside::kimage {
namespace {

using test::Buffer;

constexpr std::string_view kRelease = "6.1.0-made";
constexpr std::string_view kBuildId = "303132333435363738396162636465666768696a";

std::string refusal(const std::filesystem::path& file) {
  auto image = Image::open(file);
  return image ? "" : image.error().message;
}

bool holds(const std::string& text, const std::string& part) {
  return text.find(part) != text.npos;
}

class ImageTest : public TemporaryTest {
 protected:
  std::filesystem::path put(const std::string& name, Bytes bytes) {
    auto file = folder_ / name;
    write(file, {reinterpret_cast<const char*>(bytes.data()), bytes.size()});
    return file;
  }
  std::filesystem::path put_bzimage(const std::string& name, Bytes kernel, Packing packing,
                                    std::int32_t size_error = 0) {
    auto size = static_cast<std::uint32_t>(kernel.size() + size_error);
    auto word = packing == Packing::kGzip ? std::nullopt : std::optional(size);
    return put(name, test::bzimage("6.1.0-made (x) #1", test::pack(kernel, packing), word));
  }

  Buffer kernel_ = test::vmlinux(kRelease, test::kernel_symbols(300));
};

void expect_whole(Image& image) {
  EXPECT_EQ(image.release(), kRelease);
  EXPECT_EQ(image.build_id(), kBuildId);
  auto symbols = image.kallsyms();
  ASSERT_TRUE(symbols) << symbols.error().message;
  EXPECT_EQ(symbols->size(), 300u);
  EXPECT_EQ(image.exports()->size(), 2u);
  EXPECT_EQ(image.orc()->size(), 2u);
  EXPECT_EQ(image.btf()->size(), 2u);
}

TEST_F(ImageTest, OpensABzImageOfEveryPacking) {
  for (auto packing : {Packing::kGzip, Packing::kXz, Packing::kZstd, Packing::kLz4, Packing::kLzo,
                       Packing::kBzip2, Packing::kLzma}) {
    auto image = Image::open(put_bzimage("vmlinuz", kernel_, packing));
    ASSERT_TRUE(image) << image.error().message;
    expect_whole(*image);
  }
}

TEST_F(ImageTest, OpensAVmlinuxAndReadsItsReleaseFromTheBanner) {
  auto image = Image::open(put("vmlinux", kernel_));
  ASSERT_TRUE(image) << image.error().message;
  expect_whole(*image);
}

TEST_F(ImageTest, UnpacksOnceAndMapsTheCacheFromThenOn) {
  auto file = put_bzimage("vmlinuz", kernel_, Packing::kZstd);
  ASSERT_TRUE(Image::open(file));
  auto cached = folder_ / "ringside" / "index" / kBuildId / "vmlinux.v1";
  ASSERT_TRUE(std::filesystem::exists(cached));
  auto stamp = std::filesystem::last_write_time(cached);
  ASSERT_TRUE(Image::open(file));
  EXPECT_EQ(std::filesystem::last_write_time(cached), stamp);
  std::filesystem::remove(cached);
  auto again = Image::open(file);
  ASSERT_TRUE(again);
  expect_whole(*again);
  EXPECT_TRUE(std::filesystem::exists(cached));
}

TEST_F(ImageTest, KeepsWhatItGaveOutWhenItIsMoved) {
  auto opened = Image::open(put_bzimage("vmlinuz", kernel_, Packing::kZstd));
  ASSERT_TRUE(opened);
  auto btf = opened->btf();
  auto symbols = opened->kallsyms();
  ASSERT_TRUE(btf && symbols);
  auto moved = *std::move(opened);
  EXPECT_TRUE(*btf->find(BtfKind::kStruct, "pair"));
  EXPECT_EQ(symbols->address(299), 0xffff'ffff'8100'0000 + 299 * 0x40);
}

TEST_F(ImageTest, RefusesAPayloadOfAnotherSizeThanTheImageSays) {
  for (std::int32_t error : {-1, 1}) {
    auto file = put_bzimage("vmlinuz", kernel_, Packing::kZstd, error);
    EXPECT_TRUE(holds(refusal(file), "payload unpacks to")) << error;
  }
  EXPECT_FALSE(std::filesystem::exists(folder_ / "ringside" / "index" / kBuildId));
}

TEST_F(ImageTest, RefusesADamagedPayload) {
  auto bytes = test::bzimage(kRelease, test::pack(kernel_, Packing::kXz), 1);
  bytes[bytes.size() / 2] ^= std::byte{1};
  EXPECT_TRUE(holds(refusal(put("vmlinuz", bytes)), "damaged or truncated xz"));
}

TEST_F(ImageTest, NamesTheFileAndWhatIsMissing) {
  EXPECT_TRUE(holds(refusal(folder_ / "nowhere"), "nowhere: No such file"));
  EXPECT_TRUE(holds(refusal(put("empty", {})), "a bzImage or vmlinux is needed"));
  EXPECT_TRUE(holds(refusal(put("text", as_bytes("hello"))), "a bzImage or vmlinux is needed"));
  auto bare = test::elf_file({{".text", 0x1000, Buffer(16)}});
  EXPECT_TRUE(holds(refusal(put("bare", bare)), "no .notes section"));
  auto anonymous = test::elf_file({{".notes", 0, test::note("Linux", 1, {}), 7}});
  EXPECT_TRUE(holds(refusal(put("anonymous", anonymous)), "no build-id"));
}

TEST_F(ImageTest, SaysWhichPartAKernelWasBuiltWithout) {
  auto stripped = test::elf_file({{".notes", 0, test::note("GNU", 3, as_bytes("12345678")), 7},
                                  {".rodata", 0xffff'ffff'8200'0000, Buffer(4096)}});
  auto image = Image::open(put("vmlinux", stripped));
  ASSERT_TRUE(image) << image.error().message;
  EXPECT_TRUE(image->release().empty());
  EXPECT_TRUE(holds(test::error_of(image->kallsyms()).message, "no token table"));
  EXPECT_TRUE(holds(test::error_of(image->btf()).message, "no .BTF section"));
  EXPECT_EQ(image->exports()->size(), 0u);
  EXPECT_EQ(image->orc()->size(), 0u);
}

TEST(Hex, GoesBothWaysAndRefusesOtherText) {
  auto bytes = from_hex("00ff7a");
  ASSERT_TRUE(bytes);
  EXPECT_EQ(to_hex(*bytes), "00ff7a");
  for (auto text : {"0", "0g", "0x12", "FF", " 1"}) EXPECT_FALSE(from_hex(text)) << text;
}

}  // namespace
}  // namespace ringside::kimage
