// A lab port's reads and writes.
#include "lab/port.hh"

#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>

namespace ringside::lab {

void Port::send(Type type, std::uint32_t run, std::string_view payload) {
  pending += encode(type, run, payload);
  flush();
}

void Port::flush() {
  std::size_t sent = 0;
  while (sent < pending.size()) {
    const char* rest = pending.data() + sent;
    auto size = pending.size() - sent;
    auto n = socket ? ::send(fd, rest, size, MSG_NOSIGNAL) : ::write(fd, rest, size);
    if (n <= 0) break;  // full, or the other end is gone, which fill() will tell
    sent += n;
  }
  pending.erase(0, sent);
}

bool Port::fill() {
  char chunk[65536];
  auto n = read(fd, chunk, sizeof chunk);
  if (n > 0) decoder.feed({chunk, static_cast<std::size_t>(n)});
  return n > 0 || (n < 0 && (errno == EAGAIN || errno == EINTR));
}

}  // namespace ringside::lab
