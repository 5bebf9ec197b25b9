// A name's hash, for tables that may lie in files: it must never change without their versions.
#pragma once

#include <cstdint>
#include <cstring>
#include <string_view>

namespace ringside {

// Every bit of the result depends on every bit of `value` (xor-shift and odd multipliers).
constexpr std::uint64_t mix(std::uint64_t value) {
  value = (value ^ value >> 32) * 0xd6e8feb86659fd93;
  value = (value ^ value >> 29) * 0xa0761d6478bd642f;
  return value ^ value >> 32;
}

inline std::uint64_t hash_name(std::string_view name, std::uint64_t seed) {
  auto hash = mix(seed + name.size());
  std::size_t at = 0;
  for (; at + 8 <= name.size(); at += 8) {
    std::uint64_t word = 0;
    std::memcpy(&word, name.data() + at, 8);
    hash = mix(hash ^ word);
  }
  std::uint64_t tail = 0;
  // An empty view may point nowhere, which memcpy does not take.
  if (at < name.size()) std::memcpy(&tail, name.data() + at, name.size() - at);
  return mix(hash ^ tail);
}

}  // namespace ringside
