// The name index's hash, the same when a table is built and when it is asked: which slots of the
// ribbon the XOR for (name, ordinal) takes.
#pragma once

#include <cstdint>
#include <cstring>
#include <string_view>

#include "core/ksyms/format.hh"

namespace ringside::ksyms {

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
  std::memcpy(&tail, name.data() + at, name.size() - at);
  return mix(hash ^ tail);
}

// One equation over the slots: XOR of slot start + i for every bit i of `mask` gives the value.
struct RibbonRow {
  std::uint64_t start;
  std::uint64_t mask;  // bit 0 is set
};

// `slots` is at least kRibbonWidth.
constexpr RibbonRow ribbon_row(std::uint64_t name_hash, std::uint32_t ordinal,
                               std::uint32_t slots) {
  auto hash = mix(name_hash + ordinal);
  auto places = std::uint64_t{slots} - kRibbonWidth + 1;
  return {(hash >> 32) * places >> 32, mix(hash + 1) | 1};
}

}  // namespace ringside::ksyms
