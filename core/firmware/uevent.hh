// Uevents: which request a message of the kernel's is about, and what its folder in sysfs says of
// it. Both are pairs KEY=VALUE; views lie in the input.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "core/base/result.hh"

namespace ringside::firmware {

struct Request {
  std::string_view device;    // its folder in /sys/class/firmware
  std::string_view name;      // not checked (core/firmware/name.hh)
  std::uint32_t timeout = 0;  // seconds that the kernel waits; 0: for ever
};

// A message of the kernel's socket (lib/kobject_uevent.c): "ACTION@DEVPATH", then pairs, a NUL
// behind each. Nothing where it is not about firmware that begins to be asked for.
Result<std::optional<Request>> read_uevent(std::string_view message);

// The file `uevent` in that folder: the same pairs, a line each.
Result<Request> read_uevent_file(std::string_view device, std::string_view text);

}  // namespace ringside::firmware
