// The ring: messages are written to memory that the kernel sees too, and a kick, one call, has it
// work on all of them. Events come by an eventfd.
#include "core/channel/ring.hh"

#include <cstring>

#include "user/channels/device.hh"
#include "user/channels/mapping.hh"

namespace ringside::channels {
namespace {

constexpr std::uint32_t kRingBytes = 4u << 20;  // of each; a payload is less than half of it
constexpr std::uint32_t kStreamed = 256;        // messages that one kick asks for at most

// Ring number `n` of two.
channel::Ring ring_of(const Mapping& mapping, std::size_t n) {
  auto half = mapping.memory().size() / 2;
  auto memory = mapping.memory().subspan(n * half, half);
  return {reinterpret_cast<channel::Positions*>(memory.data()), memory.subspan(channel::kRingPage)};
}

Failure broken(const Error& error) {
  return Failure{describe(error, "the kernel's ring")};
}

class RingChannel : public EventfdChannel {
 public:
  RingChannel(const Ability& ability, UniqueFd fd, UniqueFd event, Mapping mapping)
      : EventfdChannel(ability, std::move(fd), std::move(event)),
        mapping_(std::move(mapping)),
        out_(ring_of(mapping_, 0)),
        in_(ring_of(mapping_, 1)) {}

  Outcome<Nothing> setup(std::uint32_t length, bool checked) override {
    TRY(flush());
    while (TRY(next())) in_.take();
    next_ = 0, length_ = length;
    return IoctlChannel::setup(length, checked);
  }
  Outcome<Nothing> call(Bytes payload, std::vector<std::byte>& reply) override {
    TRY(put(Type::kEcho, calls_++, payload));
    TRY(kick(0));
    auto message = TRY(next());
    if (!message || message->header.type != Type::kReply)
      return Failure{"no reply in the kernel's ring"};
    reply.assign(message->payload.begin(), message->payload.end());
    in_.take();
    return ok;
  }
  Outcome<Nothing> send(Bytes payload) override { return put(Type::kData, next_++, payload); }
  Outcome<Nothing> flush() override { return kick(0); }
  Outcome<std::uint64_t> receive(std::vector<std::byte>& payload) override {
    auto message = TRY(next());
    if (!message) {
      TRY(kick(kStreamed));
      message = TRY(next());
    }
    if (!message || message->header.type != Type::kData)
      return Failure{"no data in the kernel's ring"};
    payload.assign(message->payload.begin(), message->payload.end());
    in_.take();
    return message->header.sequence;
  }

 private:
  Outcome<std::optional<channel::Message>> next() {
    auto message = in_.peek();
    if (!message) return broken(message.error());
    return *message;
  }
  Outcome<Nothing> put(Type type, std::uint64_t sequence, Bytes payload) {
    auto room = out_.room(payload.size());
    if (room && !*room) {
      TRY(kick(0));
      room = out_.room(payload.size());
    }
    if (!room) return broken(room.error());
    if (!*room) return Failure{"the kernel takes nothing out of its ring"};
    if (!payload.empty()) std::memcpy((*room)->data(), payload.data(), payload.size());
    out_.put({static_cast<std::uint32_t>(payload.size()), type, 0, sequence});
    return ok;
  }
  Outcome<Nothing> kick(std::uint32_t stream) {
    rs_channel_kick kick{};
    kick.stream = stream, kick.eventfd = -1;
    return ask(fd(), RS_CHANNEL_IOC_KICK, kick, "kick the ring of");
  }

  Mapping mapping_;
  channel::Ring out_, in_;
  std::uint32_t length_ = 0;
  std::uint64_t next_ = 0, calls_ = 0;
};

}  // namespace

Opened open_ring(const Ability& ability) {
  auto fd = TRY(open_file(RS_CHANNEL_DEVICE));
  rs_channel_rings rings{};
  rings.bytes = kRingBytes;
  TRY(ask(fd.get(), RS_CHANNEL_IOC_RINGS, rings, "ask for rings of"));
  auto mapping =
      TRY(Mapping::of(fd.get(), rings.mapping, PROT_READ | PROT_WRITE, RS_CHANNEL_DEVICE));
  return make<RingChannel>(ability, std::move(fd), TRY(make_eventfd()), std::move(mapping));
}

}  // namespace ringside::channels
