// One end of a lab port, on either side: messages out of and into a non-blocking descriptor. What
// cannot be written yet waits in `pending`; whoever polls asks for POLLOUT while it is not empty.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "lab/protocol.hh"

namespace ringside::lab {

struct Port {
  int fd = -1;
  bool socket = false;  // the host's ends are sockets, the guest's are character devices
  Decoder decoder{kControlLimit};
  std::string pending;

  void send(Type type, std::uint32_t run, std::string_view payload = {});
  void flush();
  // Reads what is there into the decoder; false where the other end is gone.
  bool fill();
};

}  // namespace ringside::lab
