#include "core/scsi/identity.hh"

#include <algorithm>

#include "core/scsi/command.hh"

namespace ringside::scsi {
namespace {

constexpr std::uint64_t kHeader = 4;  // of a page, and of a designator

std::uint8_t byte_at(Bytes bytes, std::uint64_t at) {
  return load<std::uint8_t>(bytes, at);
}

Bytes body_of(Bytes page, std::uint8_t code) {
  if (page.size() < kHeader || byte_at(page, 1) != code) return {};
  return page.subspan(kHeader, std::min<std::uint64_t>(big16(page, 2), page.size() - kHeader));
}

int rank_of(const Designator& designator) {
  switch (designator.type) {
    case 3:
      return designator.value.size() >= 16 ? 5 : 4;
    case 2:
      return 3;
    case 8:
      return 2;
    case 1:
      return 1;
    default:
      return 0;
  }
}

}  // namespace

std::optional<Designator> next_designator(Bytes& rest) {
  while (rest.size() >= kHeader) {
    auto header = rest.first(kHeader);
    std::uint64_t size = byte_at(header, 3);
    if (!fits(kHeader, size, rest.size())) break;
    auto value = rest.subspan(kHeader, size);
    rest = rest.subspan(kHeader + size);
    bool is_of_unit = (byte_at(header, 1) >> 4 & 3) == 0;
    if (!is_of_unit || value.empty()) continue;
    auto type = static_cast<std::uint8_t>(byte_at(header, 1) & 0xf);
    return Designator{type, (byte_at(header, 0) & 0xf) >= 2, value};
  }
  rest = {};
  return std::nullopt;
}

Bytes designators_of(Bytes page) {
  return body_of(page, kIdentityPage);
}

std::optional<Designator> identity_of(Bytes page) {
  std::optional<Designator> best;
  auto rest = designators_of(page);
  while (auto designator = next_designator(rest))
    if (rank_of(*designator) > (best ? rank_of(*best) : 0)) best = designator;
  return best;
}

Bytes serial_of(Bytes page) {
  auto serial = body_of(page, kSerialPage);
  auto is_blank = [](std::byte byte) { return byte == std::byte{' '} || byte == std::byte{0}; };
  while (!serial.empty() && is_blank(serial.front())) serial = serial.subspan(1);
  while (!serial.empty() && is_blank(serial.back())) serial = serial.first(serial.size() - 1);
  return serial;
}

}  // namespace ringside::scsi
