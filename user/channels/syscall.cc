// A system call of our own: the ioctl channel's calls with their arguments in registers.
#include <unistd.h>

#include <cerrno>

#include "user/channels/kinds.hh"

namespace ringside::channels {
namespace {

class SyscallChannel : public Channel {
 public:
  SyscallChannel(const Ability& ability, UniqueFd fd) : Channel(ability), fd_(std::move(fd)) {}

  Outcome<Nothing> setup(std::uint32_t length, bool checked) override {
    length_ = length, next_ = 0;
    return set_up(fd_.get(), length, checked);
  }
  Outcome<Nothing> call(Bytes payload, std::vector<std::byte>& reply) override {
    auto message = envelope_.seal(Type::kEcho, calls_++, payload);
    auto bytes = TRY(enter(RS_CHANNEL_SEND, message, back_.room(payload.size())));
    auto answer = TRY(back_.open(bytes, Type::kReply));
    reply.assign(answer.payload.begin(), answer.payload.end());
    return ok;
  }
  Outcome<Nothing> send(Bytes payload) override {
    TRY(enter(RS_CHANNEL_SEND, envelope_.seal(Type::kData, next_++, payload), {}));
    return ok;
  }
  Outcome<std::uint64_t> receive(std::vector<std::byte>& payload) override {
    auto bytes = TRY(enter(RS_CHANNEL_RECEIVE, {}, back_.room(length_)));
    auto message = TRY(back_.open(bytes, Type::kData));
    payload.assign(message.payload.begin(), message.payload.end());
    return message.header.sequence;
  }
  Outcome<rs_channel_counts> counts() override { return counts_of(fd_.get()); }

 private:
  // Bytes of the reply.
  Outcome<std::size_t> enter(int operation, Bytes message, std::span<std::byte> reply) {
    auto done = ::syscall(RS_CHANNEL_SYSCALL, fd_.get(), operation, message.data(), message.size(),
                          reply.data(), reply.size());
    if (done < 0) return system_failure("call", "the system call of the channels");
    return static_cast<std::size_t>(done);
  }

  UniqueFd fd_;
  Envelope envelope_, back_;
  std::uint32_t length_ = 0;
  std::uint64_t next_ = 0, calls_ = 0;
};

}  // namespace

Opened open_syscall(const Ability& ability) {
  auto fd = TRY(open_file(RS_CHANNEL_DEVICE));
  if (::syscall(RS_CHANNEL_SYSCALL, -1, 0, 0, 0, 0, 0) < 0 && errno == ENOSYS)
    return Failure{
        "no system call of the channels (in a guest of the lab: insmod "
        "ringside_channels_syscall.ko, first)"};
  return make<SyscallChannel>(ability, std::move(fd));
}

}  // namespace ringside::channels
