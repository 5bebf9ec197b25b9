#include "core/scsi/address.hh"

namespace ringside::scsi {
namespace {

// Method 3: two bits more say how long it is, four what it means. Lengths of 2, 4, 6 and 8 bytes.
std::uint64_t extended_number(const LunBytes& bytes) {
  unsigned end = 2 + 2 * (bytes[0] >> 4 & 3);
  std::uint64_t number = 0;
  for (unsigned i = 1; i < end; ++i) number = number << 8 | bytes[i];
  return number;
}

}  // namespace

LunParts parts_of(Lun lun) {
  auto bytes = bytes_of(lun);
  LunParts parts{method_of(lun), 0, 0, 0, (lun >> 16) != 0};
  std::uint64_t low = lun & 0x3fff;
  switch (parts.method) {
    case Method::kPeripheral:
      parts.bus = static_cast<std::uint8_t>(low >> 8), parts.number = low & 0xff;
      break;
    case Method::kFlat:
      parts.number = low;
      break;
    case Method::kLogicalUnit:
      parts.target = bytes[0] & 0x3f, parts.bus = bytes[1] >> 5, parts.number = bytes[1] & 0x1f;
      break;
    case Method::kExtended:
      parts.number = extended_number(bytes);
      parts.is_nested = false;
      break;
  }
  return parts;
}

}  // namespace ringside::scsi
