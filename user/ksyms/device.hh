// Device: the client of /dev/ringside-ksyms (include/ringside/uapi/ksyms.h), the kernel placement.
#pragma once

#include <cstdint>
#include <span>

#include "core/base/bytes.hh"
#include "include/ringside/uapi/ksyms.h"
#include "user/base/failure.hh"
#include "user/base/unique_fd.hh"

namespace ringside::ksyms {

class Device {
 public:
  // Fails where the module is not loaded, or the caller may not use it.
  static Outcome<Device> open();

  // Hands `table` over; the kernel checks it whole and keeps its own copy.
  Outcome<Nothing> take(Bytes table);
  Outcome<rs_ksyms_status> status();

  // Answers `records` in place; gives the nanoseconds that the kernel spent in the look-ups.
  Outcome<std::uint64_t> look_up(rs_ksyms_op op, std::span<rs_ksyms_record> records);

 private:
  explicit Device(UniqueFd fd) : fd_(std::move(fd)) {}
  UniqueFd fd_;
};

}  // namespace ringside::ksyms
