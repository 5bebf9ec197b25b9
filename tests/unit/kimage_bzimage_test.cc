// core/kimage/bzimage: headers of every boot protocol that counts, and every field out of bounds.
#include <gtest/gtest.h>

#include "core/kimage/bzimage.hh"
#include "tests/unit/image_writer.hh"

namespace ringside::kimage {
namespace {

using test::Buffer;
using test::poke;

constexpr std::string_view kVersion = "6.1.0-made (made@test) #1 SMP";

Buffer zstd_image() {
  return test::bzimage(kVersion, test::pack(as_bytes("a kernel"), Packing::kZstd), 8);
}

TEST(BzImage, GivesVersionPayloadAndSize) {
  auto payload = test::pack(as_bytes("a kernel"), Packing::kZstd);
  auto file = test::bzimage(kVersion, payload, 8);
  auto image = open_bzimage(file);
  ASSERT_TRUE(image);
  EXPECT_EQ(std::string(image->version), kVersion);
  EXPECT_EQ(std::string(release_of(image->version)), "6.1.0-made");
  EXPECT_EQ(image->packing, Packing::kZstd);
  EXPECT_EQ(image->unpacked_size, 8u);
  EXPECT_TRUE(
      std::equal(payload.begin(), payload.end(), image->payload.begin(), image->payload.end()));
}

TEST(BzImage, TakesTheSizeOfGzipFromItsTrailer) {
  auto payload = test::pack(as_bytes("a kernel"), Packing::kGzip);
  auto file = test::bzimage(kVersion, payload, std::nullopt);
  auto image = open_bzimage(file);
  ASSERT_TRUE(image);
  EXPECT_EQ(image->unpacked_size, 8u);
  EXPECT_EQ(image->payload.size(), payload.size());
}

TEST(BzImage, TellsEveryPackingByItsMagic) {
  for (auto packing : {Packing::kGzip, Packing::kXz, Packing::kZstd, Packing::kLz4, Packing::kLzo,
                       Packing::kBzip2, Packing::kLzma}) {
    auto packed = test::pack(as_bytes("some bytes"), packing);
    EXPECT_EQ(packing_of(packed), packing);
    for (std::size_t size = 0; size < 2; ++size)
      EXPECT_EQ(packing_of(Bytes(packed).first(size)), Packing::kNone);
  }
  EXPECT_EQ(packing_of(as_bytes("\x7f"
                                "ELF")),
            Packing::kNone);
}

TEST(BzImage, RefusesEveryTruncation) {
  auto file = zstd_image();
  for (std::size_t size = 0; size < file.size(); ++size)
    EXPECT_FALSE(open_bzimage(Buffer(file.begin(), file.begin() + size))) << size;
}

TEST(BzImage, RefusesAnOldBootProtocol) {
  auto file = zstd_image();
  poke<std::uint16_t>(file, 0x206, 0x0207);
  EXPECT_EQ(test::error_of(open_bzimage(file)).found, 0x0207u);
}

TEST(BzImage, RefusesAPayloadOutsideTheFile) {
  for (std::uint64_t field : {0x248, 0x24c})
    for (std::uint32_t value : {0xffff'ffffu, 0x8000'0000u, 0x1000u}) {
      auto file = zstd_image();
      poke(file, field, value);
      EXPECT_FALSE(open_bzimage(file)) << field << " " << value;
    }
}

TEST(BzImage, RefusesAPayloadThatIsTooShortOrUnknown) {
  for (std::uint32_t length : {0u, 1u, 4u, 7u}) {
    auto file = zstd_image();
    poke(file, 0x24c, length);
    EXPECT_FALSE(open_bzimage(file)) << length;
  }
  auto file = test::bzimage(kVersion, as_bytes("not packed at all"), 8);
  EXPECT_STREQ(test::error_of(open_bzimage(file)).what, "unknown compression");
}

TEST(BzImage, TakesNoSetupSectorsForFour) {
  auto file = zstd_image();
  Buffer longer(file.begin(), file.begin() + 1024);
  longer.resize(5 * 512);
  longer.insert(longer.end(), file.begin() + 1024, file.end());
  poke<std::uint8_t>(longer, 0x1f1, 0);
  auto image = open_bzimage(longer);
  ASSERT_TRUE(image);
  EXPECT_EQ(image->packing, Packing::kZstd);
}

TEST(BzImage, HasNoVersionWhereTheHeaderNamesNone) {
  auto file = zstd_image();
  poke<std::uint16_t>(file, 0x20e, 0);
  auto image = open_bzimage(file);
  ASSERT_TRUE(image);
  EXPECT_TRUE(image->version.empty());
}

TEST(BzImage, RefusesAVersionOutsideTheSetupPart) {
  auto file = zstd_image();
  poke<std::uint16_t>(file, 0x20e, 0xffff);
  EXPECT_STREQ(test::error_of(open_bzimage(file)).part, "kernel_version");
  file = zstd_image();
  for (std::uint64_t at = 0x300; at < 1024; ++at) poke(file, at, 'x');  // runs into the payload
  EXPECT_STREQ(test::error_of(open_bzimage(file)).part, "kernel_version");
}

TEST(ReleaseOf, EndsAtTheFirstSpace) {
  EXPECT_EQ(std::string(release_of("6.1.0 (x)")), "6.1.0");
  EXPECT_EQ(std::string(release_of("6.1.0")), "6.1.0");
  EXPECT_TRUE(release_of("").empty());
}

}  // namespace
}  // namespace ringside::kimage
