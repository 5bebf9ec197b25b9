// Channels of /dev/ringside-channel: ioctl, and eventfd, whose events are set up by ioctl; the ring
// is one of these with memory.
#pragma once

#include <unistd.h>

#include <cerrno>

#include "user/channels/kinds.hh"

namespace ringside::channels {

class IoctlChannel : public Channel {
 public:
  IoctlChannel(const Ability& ability, UniqueFd fd) : Channel(ability), fd_(std::move(fd)) {}

  Outcome<Nothing> setup(std::uint32_t length, bool checked) override {
    length_ = length, next_ = 0;
    return set_up(fd_.get(), length, checked);
  }
  Outcome<Nothing> call(Bytes payload, std::vector<std::byte>& reply) override {
    auto message = envelope_.seal(Type::kEcho, calls_++, payload);
    TRY(post(message, back_.room(payload.size())));
    auto answer = TRY(back_.open(message.size(), Type::kReply));
    reply.assign(answer.payload.begin(), answer.payload.end());
    return ok;
  }
  Outcome<Nothing> send(Bytes payload) override {
    return post(envelope_.seal(Type::kData, next_++, payload), {});
  }
  Outcome<std::uint64_t> receive(std::vector<std::byte>& payload) override {
    auto room = back_.room(length_);
    rs_channel_receive receive{};
    receive.message = reinterpret_cast<std::uintptr_t>(room.data());
    receive.room = static_cast<std::uint32_t>(room.size());
    TRY(ask(fd_.get(), RS_CHANNEL_IOC_RECEIVE, receive, "receive from"));
    auto message = TRY(back_.open(receive.bytes, Type::kData));
    payload.assign(message.payload.begin(), message.payload.end());
    return message.header.sequence;
  }
  Outcome<Nothing> notify(microseconds delay) override { return arm(delay, -1); }
  Outcome<std::optional<Event>> wait(microseconds timeout) override {
    rs_channel_wait wait{};
    wait.timeout = static_cast<std::uint32_t>(timeout.count());
    auto came = ask(fd_.get(), RS_CHANNEL_IOC_WAIT, wait, "wait for");
    if (!came && errno == ETIME) return std::optional<Event>();
    TRY(std::move(came));
    return std::optional(Event{wait.sequence, wait.signal_ns});
  }
  Outcome<rs_channel_counts> counts() override { return counts_of(fd_.get()); }
  int descriptor() const override { return fd_.get(); }
  short readiness() const override { return POLLPRI; }

 protected:
  int fd() const { return fd_.get(); }
  Outcome<Nothing> arm(microseconds delay, int eventfd) {
    rs_channel_notify notify{};
    notify.delay = static_cast<std::uint32_t>(delay.count());
    notify.eventfd = eventfd;
    return ask(fd_.get(), RS_CHANNEL_IOC_NOTIFY, notify, "ask for an event of");
  }

  static rs_channel_send send_of(Bytes message, std::span<std::byte> reply) {
    rs_channel_send send{};
    send.size = sizeof send, send.version = RS_CHANNEL_VERSION;
    send.message = reinterpret_cast<std::uintptr_t>(message.data());
    send.bytes = static_cast<std::uint32_t>(message.size());
    send.reply = reinterpret_cast<std::uintptr_t>(reply.data());
    send.room = static_cast<std::uint32_t>(reply.size());
    return send;
  }

 private:
  Outcome<Nothing> post(Bytes message, std::span<std::byte> reply) {
    auto send = send_of(message, reply);
    return ask(fd_.get(), RS_CHANNEL_IOC_SEND, send, "send to");
  }

  UniqueFd fd_;
  Envelope envelope_, back_;
  std::uint32_t length_ = 0;
  std::uint64_t next_ = 0, calls_ = 0;
};

Outcome<UniqueFd> make_eventfd();

class EventfdChannel : public IoctlChannel {
 public:
  EventfdChannel(const Ability& ability, UniqueFd fd, UniqueFd event)
      : IoctlChannel(ability, std::move(fd)), event_(std::move(event)) {}

  Outcome<Nothing> call(Bytes payload, std::vector<std::byte>& reply) override {
    return Channel::call(payload, reply);
  }
  Outcome<Nothing> send(Bytes payload) override { return Channel::send(payload); }
  Outcome<std::uint64_t> receive(std::vector<std::byte>& payload) override {
    return Channel::receive(payload);
  }
  Outcome<Nothing> notify(microseconds delay) override { return arm(delay, event_.get()); }
  Outcome<std::optional<Event>> wait(microseconds timeout) override {
    pollfd wanted{event_.get(), POLLIN, 0};
    timespec limit{timeout.count() / 1'000'000, timeout.count() % 1'000'000 * 1'000};
    if (left_ == 0) {
      int ready = ppoll(&wanted, 1, &limit, nullptr);
      if (ready < 0) return system_failure("poll", "an eventfd");
      if (ready == 0) return std::optional<Event>();
      if (::read(event_.get(), &left_, sizeof left_) != sizeof left_)
        return system_failure("read", "an eventfd");
    }
    --left_;
    return std::optional(Event{events_++, 0});
  }
  int descriptor() const override { return event_.get(); }
  short readiness() const override { return POLLIN; }

 private:
  UniqueFd event_;
  std::uint64_t left_ = 0, events_ = 0;  // the counter says how many, not which
};

}  // namespace ringside::channels
