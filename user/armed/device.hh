// Device: the client of /dev/ringside-oops (include/ringside/uapi/oops.h).
#pragma once

#include <cstdint>
#include <span>
#include <string>

#include "core/base/bytes.hh"
#include "include/ringside/uapi/oops.h"
#include "user/base/failure.hh"
#include "user/base/unique_fd.hh"

namespace ringside::armed {

class Device {
 public:
  // Fails where the module is not loaded, or the caller may not use it.
  static Outcome<Device> open();

  // The kernel checks the tables whole and keeps its own copies. Of `about`, what says which module
  // it is: all but size, version, kind, and the table's and the parts' places.
  Outcome<Nothing> take_symbols(Bytes table);
  Outcome<Nothing> take_lines(Bytes table);
  Outcome<Nothing> take_module(rs_oops_take about, Bytes table,
                               std::span<const rs_oops_part> parts);

  // Symbols at run-time addresses of code in no module; they stay until this Device is destroyed.
  Outcome<Nothing> take_space(const std::string& name, Bytes table);

  // All tables but spaces'; false where there is none of that module.
  Outcome<Nothing> drop_all();
  Outcome<bool> drop(const std::string& module);

  Outcome<Nothing> arm(bool on);
  Outcome<rs_oops_status> status();

  // What would be printed for one frame, and the nanoseconds that took.
  struct Frame {
    std::string text;
    std::uint64_t nanoseconds = 0;
  };
  Outcome<Frame> frame(std::uint64_t address, bool is_return);

 private:
  explicit Device(UniqueFd fd) : fd_(std::move(fd)) {}
  Outcome<Nothing> take(rs_oops_take take, Bytes table);
  UniqueFd fd_;
};

}  // namespace ringside::armed
