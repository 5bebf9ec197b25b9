// Relay: the kernel writes to a buffer of the CPU it runs on, which this process maps. Sub-buffers
// come whole and are given back; the order across CPUs is that of the messages' numbers.
#include <fcntl.h>
#include <fmt/format.h>

#include <algorithm>

#include "user/channels/device.hh"
#include "user/channels/mapping.hh"

namespace ringside::channels {
namespace {

// The largest message fits a sub-buffer, and its SKIP.
constexpr std::uint32_t kSubBuffer = RS_CHANNEL_PAYLOAD_MAX + 4096;
constexpr std::uint32_t kSubBuffers = 4;  // of each CPU

// One CPU's buffer: what was finished, and the next message of it.
class Buffer {
 public:
  Buffer(std::uint32_t cpu, Mapping mapping) : cpu_(cpu), mapping_(std::move(mapping)) {}

  std::uint32_t cpu() const { return cpu_; }
  // Sub-buffers that were read whole, and are no longer of use here.
  std::uint32_t done() const { return static_cast<std::uint32_t>(at_ - taken_); }
  void set(const rs_channel_relay_state& state) {
    taken_ = at_ = state.taken, produced_ = state.produced;
    rest_ = {};
  }
  void forget() { at_ = produced_, rest_ = {}, head_.reset(); }

  const std::optional<channel::Message>& head() const { return head_; }
  // Makes the next message the head, where there is one.
  Outcome<Nothing> advance() {
    head_.reset();
    while (!head_ && at_ < produced_) {
      if (rest_.empty()) rest_ = sub_buffer();
      auto next = channel::read_next(rest_);
      if (!next) return Failure{describe(next.error(), "the kernel's relay buffer")};
      head_ = *next;
      at_ += rest_.empty();
    }
    return ok;
  }

 private:
  Bytes sub_buffer() const {
    return Bytes(mapping_.memory()).subspan(at_ % kSubBuffers * kSubBuffer, kSubBuffer);
  }

  std::uint32_t cpu_;
  Mapping mapping_;
  std::uint64_t taken_ = 0, at_ = 0, produced_ = 0;
  Bytes rest_;
  std::optional<channel::Message> head_;
};

class RelayChannel : public Channel {
 public:
  RelayChannel(const Ability& ability, UniqueFd fd, std::uint64_t number)
      : Channel(ability), fd_(std::move(fd)), number_(number) {}

  Outcome<Nothing> setup(std::uint32_t length, bool checked) override {
    TRY(find_buffers());
    for (auto& buffer : buffers_) {
      buffer.forget();
      TRY(look_at(buffer));
      buffer.forget();
    }
    few_ = static_cast<unsigned>(kSubBuffer / (channel::kHeader + length + 7));
    lost_ = 0;
    return set_up(fd_.get(), length, checked);
  }
  void set_batch(unsigned most) override { batch_ = std::clamp(most, 1u, kStreamBatch); }
  Outcome<std::uint64_t> receive(std::vector<std::byte>& payload) override {
    std::uint64_t number = 0;
    TRY(receive_each(1, [&](std::uint64_t sequence, Bytes bytes) {
      number = sequence;
      payload.assign(bytes.begin(), bytes.end());
    }));
    return number;
  }
  Outcome<Nothing> receive_each(std::uint64_t count, const Take& take) override {
    for (; count != 0; --count) {
      auto* buffer = oldest();
      if (!buffer) {
        TRY(refill());
        buffer = oldest();
      }
      if (!buffer) return Failure{"no data in the kernel's relay buffers"};
      take(buffer->head()->header.sequence, buffer->head()->payload);
      TRY(buffer->advance());
    }
    return ok;
  }
  Outcome<Nothing> produce(std::uint32_t messages) override {
    rs_channel_produce call{};
    call.way = RS_CHANNEL_WAY_RELAY, call.count = messages;
    TRY(ask(fd_.get(), RS_CHANNEL_IOC_PRODUCE, call, "stream from"));
    lost_ = call.lost;
    return ok;
  }
  Outcome<std::uint64_t> lost() override { return lost_; }
  Outcome<rs_channel_counts> counts() override { return counts_of(fd_.get()); }

 private:
  Buffer* oldest() {
    Buffer* found = nullptr;
    for (auto& buffer : buffers_)
      if (buffer.head() &&
          (!found || buffer.head()->header.sequence < found->head()->header.sequence))
        found = &buffer;
    return found;
  }
  // What was produced before, else what is asked for now.
  Outcome<Nothing> refill() {
    TRY(look());
    if (oldest()) return ok;
    TRY(produce(std::clamp(few_, 1u, batch_)));
    return look();
  }
  Outcome<Nothing> look() {
    TRY(find_buffers());
    for (auto& buffer : buffers_) {
      TRY(look_at(buffer));
      TRY(buffer.advance());
    }
    return ok;
  }
  // Gives back what was read.
  Outcome<Nothing> look_at(Buffer& buffer) {
    rs_channel_relay_state state{};
    state.cpu = buffer.cpu(), state.release = buffer.done();
    TRY(ask(fd_.get(), RS_CHANNEL_IOC_RELAY_STATE, state, "ask for the buffers of"));
    buffer.set(state);
    return ok;
  }
  // CPUs that have come up since have one, too.
  Outcome<Nothing> find_buffers() {
    for (std::uint32_t cpu = 0; cpu < cpus_ && buffers_.size() < cpus_; ++cpu) {
      auto is_it = [&](const Buffer& buffer) { return buffer.cpu() == cpu; };
      if (std::any_of(buffers_.begin(), buffers_.end(), is_it)) continue;
      auto path = fmt::format("{}/relay-{}-{}", RS_CHANNEL_DEBUGFS, number_, cpu);
      UniqueFd file(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
      if (!file && errno == ENOENT) continue;
      if (!file) return system_failure("open", path);
      buffers_.emplace_back(
          cpu, TRY(Mapping::of(file.get(), kSubBuffers * kSubBuffer, PROT_READ, path.c_str())));
    }
    return ok;
  }

  UniqueFd fd_;
  std::uint64_t number_;
  std::uint32_t cpus_ = static_cast<std::uint32_t>(sysconf(_SC_NPROCESSORS_CONF));
  std::vector<Buffer> buffers_;
  unsigned batch_ = kStreamBatch, few_ = 1;  // asked for; there is room for
  std::uint64_t lost_ = 0;
};

}  // namespace

Opened open_relay(const Ability& ability) {
  auto fd = TRY(open_file(RS_CHANNEL_DEVICE));
  rs_channel_relay relay{};
  relay.bytes = kSubBuffer, relay.count = kSubBuffers;
  relay.overwrite = ability.loss == Loss::kOldest;
  TRY(ask(fd.get(), RS_CHANNEL_IOC_RELAY, relay, "ask for relay buffers of"));
  auto number = TRY(number_of(fd.get()));
  return make<RelayChannel>(ability, std::move(fd), number);
}

}  // namespace ringside::channels
