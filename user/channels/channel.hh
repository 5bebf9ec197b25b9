// Channel: one way between this process and the kernel, behind one interface for all of them
// (include/ringside/uapi/channel.h; kernel/channels is the other side). What a channel cannot do
// its Ability says, and the call for it fails with kNo.
#pragma once

#include <poll.h>

#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "core/channel/message.hh"
#include "include/ringside/uapi/channel.h"
#include "user/base/failure.hh"

namespace ringside::channels {

using std::chrono::microseconds;

// Which DATA of a stream is lost where the kernel sends more than is taken.
enum class Loss {
  kNone,    // none: it sends what it is asked for
  kNewest,  // what has no room; counted
  kOldest,  // what was not taken in time; counted
};
std::string_view name_of(Loss loss);  // "none", "newest", "oldest"

// Which of the four services, bytes of the largest payload, and what may be lost.
struct Ability {
  bool echo = false, stream = false, sink = false, notify = false;
  std::size_t most = RS_CHANNEL_PAYLOAD_MAX;
  Loss loss = Loss::kNone;
  unsigned batch = 1;       // DATA of a stream that one system call moves at most
  unsigned sink_batch = 1;  // the same of a sink
};

struct Event {
  std::uint64_t sequence = 0;
  std::uint64_t signal_ns = 0;  // monotonic clock, when the kernel sent it; 0 where it is not told
};

class Channel {
 public:
  virtual ~Channel() = default;
  const Ability& ability() const { return ability_; }

  // Bytes of each payload that the kernel streams, and whether DATA bears its pattern, both ways.
  // Begins both directions' numbers anew.
  virtual Outcome<Nothing> setup(std::uint32_t length, bool checked) = 0;

  // How much DATA one system call is to move at most, from 1 to ability().batch (sink_batch), with
  // which it begins.
  virtual void set_batch(unsigned) {}

  // echo: sends `payload`; `reply` becomes what came back.
  virtual Outcome<Nothing> call(Bytes payload, std::vector<std::byte>& reply);
  // sink: `payload`, as the next DATA. It has arrived once flush() has returned.
  virtual Outcome<Nothing> send(Bytes payload);
  virtual Outcome<Nothing> flush() { return ok; }
  // As send() of each.
  virtual Outcome<Nothing> send_all(std::span<const Bytes> payloads);
  // stream: `payload` becomes that of the kernel's next DATA, whose number is returned.
  virtual Outcome<std::uint64_t> receive(std::vector<std::byte>& payload);
  // Of the next `count`, each number and payload, which lasts as long as the call; stops at an
  // error.
  using Take = std::function<void(std::uint64_t sequence, Bytes payload)>;
  virtual Outcome<Nothing> receive_each(std::uint64_t count, const Take& take);
  // stream, where DATA may be lost: has the kernel send `messages` now, taken or not. How many of
  // all since setup() are lost so far.
  virtual Outcome<Nothing> produce(std::uint32_t messages);
  virtual Outcome<std::uint64_t> lost();
  // notify: has the kernel send an event `delay` from now; wait() sleeps until one is there, no
  // value: not before `timeout`.
  virtual Outcome<Nothing> notify(microseconds delay);
  virtual Outcome<std::optional<Event>> wait(microseconds timeout);

  // What became of what was sent.
  virtual Outcome<rs_channel_counts> counts() = 0;
  // To be polled for readiness() until an event is there; -1 where there is none.
  virtual int descriptor() const { return -1; }
  virtual short readiness() const { return POLLIN; }

 protected:
  explicit Channel(const Ability& ability) : ability_(ability) {}
  Failure cannot(const char* what) const;

 private:
  Ability ability_;
};

struct Kind {
  std::string_view name;     // "ioctl"
  std::string_view summary;  // "one system call a message, on a device of its own"
  Ability ability;
  Outcome<std::unique_ptr<Channel>> (*open)(const Ability& ability);
  bool lab = false;  // its module is for a guest of the lab, and is never installed
};

// All there are, in the order of a guide.
std::span<const Kind> kinds();
// Fails (kUsage) where there is none of that name; open() also as the channel's own does.
Outcome<Kind> find_kind(std::string_view name);
Outcome<std::unique_ptr<Channel>> open(std::string_view name);

}  // namespace ringside::channels
