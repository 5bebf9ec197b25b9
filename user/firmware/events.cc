#include "user/firmware/events.hh"

#include <linux/netlink.h>
#include <sys/socket.h>

#include <array>
#include <cerrno>

#include "core/firmware/uevent.hh"

namespace ringside::firmware {

Outcome<Events> Events::open() {
  constexpr unsigned kKernelsGroup = 1;  // 2 is udev's
  UniqueFd fd(
      socket(AF_NETLINK, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, NETLINK_KOBJECT_UEVENT));
  sockaddr_nl address{};
  address.nl_family = AF_NETLINK;
  address.nl_groups = kKernelsGroup;
  if (!fd || bind(fd.get(), reinterpret_cast<sockaddr*>(&address), sizeof address) != 0)
    return system_failure("listen to", "the kernel's uevents");
  int room = 4 << 20;  // for a machine that finds all its devices at once
  (void)setsockopt(fd.get(), SOL_SOCKET, SO_RCVBUFFORCE, &room, sizeof room);
  return Events(std::move(fd));
}

std::optional<Events::Event> Events::next() {
  std::array<char, 8192> message;  // the kernel's are of 2 KiB at most
  sockaddr_nl sender{};
  socklen_t length = sizeof sender;
  auto size = recvfrom(fd_.get(), message.data(), message.size(), MSG_TRUNC,
                       reinterpret_cast<sockaddr*>(&sender), &length);
  if (size < 0 && errno == ENOBUFS) return Event{true, ""};
  if (size < 0) return std::nullopt;
  if (sender.nl_pid != 0) return Event{};
  if (static_cast<std::size_t>(size) > message.size()) return Event{true, ""};
  auto request = read_uevent({message.data(), static_cast<std::size_t>(size)});
  if (!request) return Event{true, ""};
  return *request ? Event{false, std::string((*request)->device)} : Event{};
}

}  // namespace ringside::firmware
