// Command: what a scan wants sent, and Reply: what came of it. Whoever sends them is glue: bsg,
// the kernel's own calls, or a simulator.
#pragma once

#include <array>
#include <cstdint>

#include "core/base/bytes.hh"
#include "core/scsi/address.hh"

namespace ringside::scsi {

struct Cdb {
  std::array<std::uint8_t, 16> bytes{};
  std::uint8_t size = 0;
};

struct Command {
  std::uint32_t slot = 0;  // to be given back with the reply
  Address address;
  Cdb cdb;
  std::uint32_t timeout_ms = 0;
  std::uint32_t reply_bytes = 0;  // room for what it reads; nothing is ever written
};

enum class Delivery : std::uint8_t {
  kAnswered,        // there is a status
  kNobody,          // nobody is there: selection timed out, no connection
  kTimedOut,        // no answer within the command's time
  kFailed,          // reset, aborted, a bus or host fault
  kNotAddressable,  // the glue has no way to send to this address
};

struct Reply {
  Delivery delivery = Delivery::kAnswered;
  std::uint8_t status = 0;  // of kAnswered: SAM's
  Bytes sense;
  Bytes data;  // what was read, at most reply_bytes; valid during the call
};

enum class Operation : std::uint8_t {
  kInquiry = 0x12,
  kReadCapacity10 = 0x25,
  kServiceActionIn16 = 0x9e,
  kReportLuns = 0xa0,
};

// Big-endian numbers; the caller has checked that they lie within.
inline std::uint32_t big16(Bytes bytes, std::uint64_t at) {
  return std::uint32_t{load<std::uint8_t>(bytes, at)} << 8 | load<std::uint8_t>(bytes, at + 1);
}
inline std::uint32_t big32(Bytes bytes, std::uint64_t at) {
  return big16(bytes, at) << 16 | big16(bytes, at + 2);
}
inline std::uint64_t big64(Bytes bytes, std::uint64_t at) {
  return std::uint64_t{big32(bytes, at)} << 32 | big32(bytes, at + 4);
}

// The CDBs of a scan. `page`: of vital product data; without one the standard data is asked for.
Cdb inquiry(std::uint16_t bytes);
Cdb inquiry_page(std::uint8_t page, std::uint16_t bytes);
Cdb report_luns(std::uint32_t bytes);
Cdb read_capacity10();
Cdb read_capacity16();

}  // namespace ringside::scsi
