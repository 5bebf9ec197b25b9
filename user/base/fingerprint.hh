// A number that tells contents apart: against damage, not against malice.
#pragma once

#include <cstdint>

#include "core/base/bytes.hh"

namespace ringside {

inline std::uint64_t fingerprint(Bytes data) {
  std::uint64_t hash = data.size() * 0x9e37'79b9'7f4a'7c15;
  std::uint64_t at = 0;
  for (; fits(at, 8, data.size()); at += 8) {
    hash = (hash ^ load<std::uint64_t>(data, at)) * 0xff51'afd7'ed55'8ccd;
    hash ^= hash >> 32;
  }
  for (; at < data.size(); ++at)
    hash = (hash ^ static_cast<std::uint8_t>(data[at])) * 0x100'0000'01b3;
  return hash;
}

}  // namespace ringside
