#include "core/scsi/command.hh"

namespace ringside::scsi {
namespace {

Cdb start(Operation operation, std::uint8_t size) {
  Cdb cdb;
  cdb.bytes[0] = static_cast<std::uint8_t>(operation);
  cdb.size = size;
  return cdb;
}

void put_big16(Cdb& cdb, unsigned at, std::uint16_t value) {
  cdb.bytes[at] = static_cast<std::uint8_t>(value >> 8);
  cdb.bytes[at + 1] = static_cast<std::uint8_t>(value);
}

}  // namespace

Cdb inquiry(std::uint16_t bytes) {
  auto cdb = start(Operation::kInquiry, 6);
  put_big16(cdb, 3, bytes);
  return cdb;
}

Cdb inquiry_page(std::uint8_t page, std::uint16_t bytes) {
  auto cdb = inquiry(bytes);
  cdb.bytes[1] = 1;  // EVPD
  cdb.bytes[2] = page;
  return cdb;
}

Cdb report_luns(std::uint32_t bytes) {
  auto cdb = start(Operation::kReportLuns, 12);
  put_big16(cdb, 6, static_cast<std::uint16_t>(bytes >> 16));
  put_big16(cdb, 8, static_cast<std::uint16_t>(bytes));
  return cdb;
}

Cdb read_capacity10() {
  return start(Operation::kReadCapacity10, 10);
}

Cdb read_capacity16() {
  constexpr std::uint8_t kServiceAction = 0x10, kBytes = 32;
  auto cdb = start(Operation::kServiceActionIn16, 16);
  cdb.bytes[1] = kServiceAction;
  cdb.bytes[13] = kBytes;
  return cdb;
}

}  // namespace ringside::scsi
