// Device: the client of /dev/ringside-html (include/ringside/uapi/html.h), the kernel placement.
#pragma once

#include <span>
#include <string>

#include "core/base/bytes.hh"
#include "include/ringside/uapi/html.h"
#include "user/base/failure.hh"
#include "user/base/unique_fd.hh"

namespace ringside::html {

class Device {
 public:
  // Fails where the module is not loaded, or the caller may not use it.
  static Outcome<Device> open();

  // Hands `fd` over, from its position on; `name` stands for it in a failure. The kernel keeps the
  // file, so `fd` may be closed. `flags`: RS_HTML_PORTABLE or none, beside raw.
  Outcome<Nothing> source(int fd, const std::string& name, bool raw, std::uint32_t flags = 0);

  // The next text into `room`; none at its end.
  Outcome<Bytes> read(std::span<std::byte> room, const std::string& name);

  Outcome<rs_html_status> status();

  // Nanoseconds that `rounds` kernel_read()s of the first `bytes` of `fd` take.
  Outcome<std::uint64_t> read_cost(int fd, std::uint64_t bytes, std::uint32_t rounds);

 private:
  explicit Device(UniqueFd fd) : fd_(std::move(fd)) {}
  UniqueFd fd_;
};

}  // namespace ringside::html
