// The ring: messages are written to memory that the kernel sees too, and a kick, one call, has it
// work on all of them. Events come by an eventfd.
#include "core/channel/ring.hh"

#include <algorithm>
#include <cstring>

#include "user/channels/device.hh"
#include "user/channels/mapping.hh"

namespace ringside::channels {
namespace {

constexpr std::uint32_t kRingBytes = 4u << 20;  // of each; a payload is less than half of it

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
  Outcome<Nothing> send(Bytes payload) override { return send_all({&payload, 1}); }
  Outcome<Nothing> send_all(std::span<const Bytes> payloads) override {
    while (!payloads.empty()) {
      auto count = std::min<std::size_t>(payloads.size(), batch_ - pending_);
      auto done = out_.put_each(Type::kData, next_, payloads.first(count));
      payloads = payloads.subspan(done), next_ += done,
      pending_ += static_cast<std::uint32_t>(done);
      if (done < count) TRY(send_slowly(payloads[0])), payloads = payloads.subspan(1);
      if (pending_ >= batch_) TRY(flush());
    }
    return ok;
  }
  void set_batch(unsigned most) override { batch_ = std::clamp(most, 1u, kRingBatch); }
  Outcome<Nothing> flush() override {
    pending_ = 0;
    return kick(0);
  }
  Outcome<std::uint64_t> receive(std::vector<std::byte>& payload) override {
    std::uint64_t number = 0;
    TRY(each(1, [&](std::uint64_t sequence, Bytes bytes) {
      number = sequence, payload.assign(bytes.begin(), bytes.end());
    }));
    return number;
  }
  Outcome<Nothing> receive_each(std::uint64_t count, const Take& take) override {
    return each(count, take);
  }

 private:
  Outcome<std::optional<channel::Message>> next() {
    auto message = in_.peek();
    if (!message) return broken(message.error());
    return *message;
  }
  template <class Taker>
  Outcome<Nothing> each(std::uint64_t count, const Taker& taker) {
    while (count > 0) {
      auto most = static_cast<unsigned>(std::min<std::uint64_t>(count, kRingBatch));
      auto taken = in_.take_each(Type::kData, most, taker);
      if (taken == 0) TRY(ask_for_more());
      count -= taken;
    }
    return ok;
  }
  // peek() goes on at the ring's start where a message did not fit before its end.
  Outcome<Nothing> ask_for_more() {
    auto message = TRY(next());
    if (!message) {
      TRY(kick(batch_));
      message = TRY(next());
    }
    if (message && message->header.type == Type::kData) return ok;
    return Failure{"no data in the kernel's ring"};
  }
  Outcome<Nothing> send_slowly(Bytes payload) {
    ++pending_;
    return put(Type::kData, next_++, payload);
  }
  Outcome<Nothing> put(Type type, std::uint64_t sequence, Bytes payload) {
    auto* place = TRY(place_for(payload.size()));
    if (!payload.empty()) std::memcpy(place, payload.data(), payload.size());
    out_.put({static_cast<std::uint32_t>(payload.size()), type, 0, sequence});
    return ok;
  }
  Outcome<std::byte*> place_for(std::size_t length) {
    auto room = out_.room(length);
    if (room && !*room) {
      TRY(kick(0));
      room = out_.room(length);
    }
    if (!room) return broken(room.error());
    if (!*room) return Failure{"the kernel takes nothing out of its ring"};
    return (*room)->data();
  }
  Outcome<Nothing> kick(std::uint32_t stream) {
    rs_channel_kick kick{};
    kick.stream = stream, kick.eventfd = -1;
    return ask(fd(), RS_CHANNEL_IOC_KICK, kick, "kick the ring of");
  }

  Mapping mapping_;
  channel::Ring out_, in_;
  std::uint32_t length_ = 0, batch_ = kRingBatch, pending_ = 0;
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
