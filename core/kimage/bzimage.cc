// A bzImage is a real-mode part of (setup_sects + 1) sectors and a protected-mode part; the header
// gives the payload's place in the second. The payload is the packed vmlinux, then its unpacked
// size in four bytes (gzip has that word as its own trailer).
#include "core/kimage/bzimage.hh"

namespace ringside::kimage {
namespace {

constexpr std::uint64_t kSetupSects = 0x1f1, kMagic = 0x202, kVersion = 0x206, kRelease = 0x20e,
                        kPayloadOffset = 0x248, kPayloadLength = 0x24c;
constexpr std::uint32_t kSector = 512, kHdrS = 0x53726448;  // "HdrS"
constexpr std::uint64_t kAlignment = 0x230, kXloadflags = 0x236, kPrefAddress = 0x258;
constexpr std::uint16_t kPayloadProtocol = 0x0208, kXloadflagsProtocol = 0x020c;
constexpr std::uint16_t kEntry64 = 1 << 0, kFiveLevels = 1 << 6;  // XLF_KERNEL_64, _5LEVEL_ENABLED

Result<std::uint16_t> read_protocol(Bytes file, std::uint16_t least) {
  auto protocol = TRY(read<std::uint16_t>(file, kVersion, "boot header"));
  if (protocol < least)
    return Error{"boot protocol too old", "boot header", kVersion, least, protocol};
  return protocol;
}

// The boot protocol keeps the string inside the real-mode part, `setup`.
Result<std::string_view> read_version(Bytes setup) {
  auto at = TRY(read<std::uint16_t>(setup, kRelease, "boot header"));
  if (!at) return std::string_view();
  return read_string(setup, std::uint64_t{at} + 0x200, "kernel_version");
}

}  // namespace

bool is_bzimage(Bytes file) {
  return fits(kMagic, 4, file.size()) && load<std::uint32_t>(file, kMagic) == kHdrS;
}

Result<BzImage> open_bzimage(Bytes file) {
  if (!is_bzimage(file)) return Error{"not a bzImage", "boot header", kMagic, kHdrS, 0};
  TRY(read_protocol(file, kPayloadProtocol));
  std::uint64_t sectors = TRY(read<std::uint8_t>(file, kSetupSects, "boot header"));
  auto offset = TRY(read<std::uint32_t>(file, kPayloadOffset, "boot header"));
  auto length = TRY(read<std::uint32_t>(file, kPayloadLength, "boot header"));
  std::uint64_t setup_size = ((sectors ? sectors : 4) + 1) * kSector;
  BzImage image;
  image.setup = TRY(slice(file, 0, setup_size, "setup"));
  image.version = TRY(read_version(image.setup));
  image.payload = TRY(slice(file, setup_size + offset, length, "payload"));
  image.packing = packing_of(image.payload);
  if (image.packing == Packing::kNone) return Error{"unknown compression", "payload", offset, 0, 0};
  if (length < 8) return Error{"payload too short", "payload", offset, 8, length};
  image.unpacked_size = load<std::uint32_t>(image.payload, length - 4);
  if (image.packing != Packing::kGzip) image.payload = image.payload.first(length - 4);
  return image;
}

Result<LoadHints> load_hints(Bytes setup) {
  TRY(read_protocol(setup, kXloadflagsProtocol));
  auto flags = TRY(read<std::uint16_t>(setup, kXloadflags, "boot header"));
  LoadHints hints{0, 0, (flags & kEntry64) != 0, (flags & kFiveLevels) != 0};
  hints.base = TRY(read<std::uint64_t>(setup, kPrefAddress, "boot header"));
  hints.alignment = TRY(read<std::uint32_t>(setup, kAlignment, "boot header"));
  return hints;
}

std::string_view release_of(std::string_view version) {
  std::size_t end = 0;
  while (end < version.size() && version[end] != ' ') ++end;
  return {version.data(), end};
}

}  // namespace ringside::kimage
