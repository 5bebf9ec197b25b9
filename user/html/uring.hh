// The source over io_uring; see user/html/source.hh.
#pragma once

#include "user/html/source.hh"

namespace ringside::html {

// Fails where the kernel has no io_uring, or does not let this user have it.
Outcome<std::unique_ptr<Source>> open_uring(int fd, const std::string& name);

}  // namespace ringside::html
