// Packing: how a file or a payload is compressed, told by its first bytes.
#pragma once

#include <string_view>

#include "core/base/bytes.hh"

namespace ringside {

enum class Packing { kNone, kGzip, kXz, kZstd, kLz4, kLzo, kBzip2, kLzma };

struct PackingMagic {
  std::string_view bytes;
  Packing packing;
};
inline constexpr PackingMagic kPackingMagics[] = {
    {std::string_view("\x1f\x8b", 2), Packing::kGzip},
    {std::string_view("\xfd"
                      "7zXZ\0",
                      6),
     Packing::kXz},
    {std::string_view("\x28\xb5\x2f\xfd", 4), Packing::kZstd},
    {std::string_view("\x02\x21\x4c\x18", 4), Packing::kLz4},
    {std::string_view("\x89LZO\0\r\n\x1a\n", 9), Packing::kLzo},
    {std::string_view("BZh", 3), Packing::kBzip2},
    {std::string_view("\x5d\0\0\0", 4), Packing::kLzma},
};

// How `data` is packed; kNone where no magic is known. kLz4 is the legacy frame that kernels use.
inline Packing packing_of(Bytes data) {
  for (const auto& magic : kPackingMagics)
    if (fits(0, magic.bytes.size(), data.size()) &&
        std::memcmp(data.data(), magic.bytes.data(), magic.bytes.size()) == 0)
      return magic.packing;
  return Packing::kNone;
}

}  // namespace ringside
