#include "core/scsi/sense.hh"

#include <algorithm>

namespace ringside::scsi {
namespace {

std::uint8_t byte_at(Bytes bytes, std::size_t at) {
  return at < bytes.size() ? static_cast<std::uint8_t>(bytes[at]) : std::uint8_t{0};
}

Sense descriptor_format(Bytes sense) {
  return {true, static_cast<std::uint8_t>(byte_at(sense, 1) & 0xf), byte_at(sense, 2),
          byte_at(sense, 3)};
}

// Its length says how much of what follows was filled in.
Sense fixed_format(Bytes sense) {
  auto filled = sense.first(std::min<std::size_t>(sense.size(), 8u + byte_at(sense, 7)));
  return {true, static_cast<std::uint8_t>(byte_at(sense, 2) & 0xf), byte_at(filled, 12),
          byte_at(filled, 13)};
}

}  // namespace

Sense read_sense(Bytes sense) {
  auto code = byte_at(sense, 0) & 0x7f;
  if (code < 0x70 || code > 0x73) return {};
  return code >= 0x72 ? descriptor_format(sense) : fixed_format(sense);
}

Sense complaint_of(const Reply& reply) {
  bool is_check = reply.delivery == Delivery::kAnswered && reply.status == kCheckCondition;
  return is_check ? read_sense(reply.sense) : Sense{};
}

}  // namespace ringside::scsi
