// What channel.cc lists: each channel's way in.
#pragma once

#include "user/base/unique_fd.hh"
#include "user/channels/channel.hh"

namespace ringside::channels {

using channel::Type;
using Opened = Outcome<std::unique_ptr<Channel>>;

template <class Made, class... Parts>
Opened make(Parts&&... parts) {
  return std::unique_ptr<Channel>(std::make_unique<Made>(std::forward<Parts>(parts)...));
}

inline constexpr unsigned kUringBatch = 128, kRingBatch = 1024;
inline constexpr unsigned kStreamBatch = 4096;  // what a dump or a buffer is asked for at most

Opened open_ioctl(const Ability& ability);
Opened open_syscall(const Ability& ability);
Opened open_procfs(const Ability& ability);
Opened open_debugfs(const Ability& ability);
Opened open_sysfs(const Ability& ability);
Opened open_netlink(const Ability& ability);
Opened open_ring(const Ability& ability);
Opened open_uring(const Ability& ability);
Opened open_bpf(const Ability& ability);
Opened open_relay(const Ability& ability);  // what is lost says which
Opened open_eventfd(const Ability& ability);

// A message with room for a payload; what channels send from, and receive to.
class Envelope {
 public:
  Bytes seal(Type type, std::uint64_t sequence, Bytes payload);
  std::span<std::byte> room(std::size_t payload);
  // The message that came, of `bytes`; a Failure where it is none, or of another type.
  Outcome<channel::Message> open(std::size_t bytes, Type expected) const;

 private:
  std::vector<std::byte> bytes_;
};

// An ioctl of ours, size and version filled in; its errno as a Failure of `what`.
template <class Call>
Outcome<Nothing> ask(int fd, unsigned long command, Call& call, const char* what);
Outcome<Nothing> ask_raw(int fd, unsigned long command, void* call, const char* what);

template <class Call>
Outcome<Nothing> ask(int fd, unsigned long command, Call& call, const char* what) {
  call.size = sizeof(Call), call.version = RS_CHANNEL_VERSION;
  return ask_raw(fd, command, &call, what);
}

Outcome<UniqueFd> open_file(const char* path);
Outcome<Nothing> set_up(int fd, std::uint32_t length, bool checked);
Outcome<rs_channel_counts> counts_of(int fd);
Outcome<std::uint64_t> number_of(int fd);  // of the session

}  // namespace ringside::channels
