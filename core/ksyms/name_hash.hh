// The name index's places, the same when a table is built and when it is asked: which slots of the
// ribbon the XOR for (name, ordinal) takes.
#pragma once

#include <cstdint>

#include "core/base/name_hash.hh"
#include "core/ksyms/format.hh"

namespace ringside::ksyms {

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
