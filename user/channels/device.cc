#include "user/channels/device.hh"

#include <sys/eventfd.h>

namespace ringside::channels {

Outcome<UniqueFd> make_eventfd() {
  UniqueFd event(eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK));
  if (!event) return system_failure("create", "an eventfd");
  return event;
}

Opened open_ioctl(const Ability& ability) {
  return make<IoctlChannel>(ability, TRY(open_file(RS_CHANNEL_DEVICE)));
}

Opened open_eventfd(const Ability& ability) {
  auto fd = TRY(open_file(RS_CHANNEL_DEVICE));
  return make<EventfdChannel>(ability, std::move(fd), TRY(make_eventfd()));
}

}  // namespace ringside::channels
