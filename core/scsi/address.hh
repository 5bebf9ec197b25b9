// Address: where a command goes within a host, and what the eight bytes of a LUN say (SAM-5, 4.7).
#pragma once

#include <array>
#include <cstdint>

namespace ringside::scsi {

// Logical unit numbers as kernels count and print them (scsilun_to_int): each pair of bytes is one
// 16-bit number, the first pair the lowest.
using Lun = std::uint64_t;
using LunBytes = std::array<std::uint8_t, 8>;

inline constexpr Lun kReportLunsLun =
    0xc101;  // well-known: answers REPORT LUNS where LUN 0 is none

constexpr Lun lun_of(const LunBytes& bytes) {
  Lun lun = 0;
  for (unsigned i = 0; i < 8; i += 2) lun |= (Lun{bytes[i]} << 8 | bytes[i + 1]) << 8 * i;
  return lun;
}
constexpr LunBytes bytes_of(Lun lun) {
  LunBytes bytes{};
  for (unsigned i = 0; i < 8; i += 2) {
    bytes[i] = static_cast<std::uint8_t>(lun >> 8 * i >> 8);
    bytes[i + 1] = static_cast<std::uint8_t>(lun >> 8 * i);
  }
  return bytes;
}

// The first two bits.
enum class Method : std::uint8_t { kPeripheral, kFlat, kLogicalUnit, kExtended };
constexpr Method method_of(Lun lun) {
  return static_cast<Method>(lun >> 14 & 3);
}
// Extended, two bytes, method 1.
constexpr bool is_well_known(Lun lun) {
  return (lun & 0xff00) == 0xc100;
}

// What the first level says beyond its method; the levels below are not looked at.
struct LunParts {
  Method method = Method::kPeripheral;
  std::uint8_t bus = 0;      // of kPeripheral and kLogicalUnit
  std::uint8_t target = 0;   // of kLogicalUnit
  std::uint64_t number = 0;  // the unit
  bool is_nested = false;    // there are levels below (kPeripheral with a bus other than 0, ...)
};
LunParts parts_of(Lun lun);

struct Address {
  std::uint32_t channel = 0, target = 0;
  Lun lun = 0;

  bool operator==(const Address&) const = default;
};

}  // namespace ringside::scsi
