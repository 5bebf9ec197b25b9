// The C API over user/channels.
#include <fmt/format.h>

#include <algorithm>
#include <optional>

#include "user/api/guard.hh"
#include "user/channels/channel.hh"

struct ringside_channel {
  std::unique_ptr<ringside::channels::Channel> channel;
  std::vector<std::byte> payload;         // of the last message that came
  std::optional<std::uint64_t> sequence;  // of one that nobody has had room for yet
};

namespace ringside {
namespace {

using api::fail;
using api::guarded;
using api::is_sized;
using api::kNoSize;
using api::kNullPointer;
using channels::Ability;
using channels::Loss;

static_assert(sizeof(ringside_ability) == 24 && sizeof(ringside_event) == 24);
static_assert(int{RINGSIDE_LOSS_NONE} == int(Loss::kNone) &&
              int{RINGSIDE_LOSS_NEWEST} == int(Loss::kNewest) &&
              int{RINGSIDE_LOSS_OLDEST} == int(Loss::kOldest));

Bytes bytes_of(const void* memory, std::uint64_t size) {
  return {static_cast<const std::byte*>(memory), size};
}

// What a channel cannot do is a wrong call, not an answer.
Outcome<Nothing> must(bool can, const char* what) {
  if (can) return ok;
  return Failure{fmt::format("this channel cannot {} (ringside channel list)", what), kUsage};
}
Outcome<Nothing> must_carry(const Ability& ability, std::uint64_t size) {
  if (size <= ability.most) return ok;
  return Failure{fmt::format("{} bytes: this channel carries {} at most", size, ability.most),
                 kUsage};
}

Outcome<Nothing> must_have_room(std::uint64_t room, std::uint64_t needed) {
  if (room >= needed) return ok;
  return Failure{fmt::format("the message has {} bytes, there is room for {}", needed, room),
                 kUsage};
}

void give(Bytes payload, void* to, std::uint64_t& size) {
  size = payload.size();
  if (!payload.empty()) std::memcpy(to, payload.data(), payload.size());
}

}  // namespace
}  // namespace ringside

using namespace ringside;  // NOLINT: what follows has C linkage

extern "C" {

int ringside_channel_open(const char* name, ringside_channel** channel, ringside_error* error) {
  if (channel) *channel = nullptr;
  if (!name || !channel) return fail(kUsage, kNullPointer, error);
  return guarded(error, [&]() -> Outcome<int> {
    auto opened = TRY(channels::open(name));
    *channel = new ringside_channel{std::move(opened), {}, {}};
    return int{kYes};
  });
}

void ringside_channel_close(ringside_channel* channel) {
  delete channel;
}

int ringside_channel_ability(const ringside_channel* channel, ringside_ability* ability) {
  if (!channel || !ability || !is_sized(*ability)) return kUsage;
  const auto& from = channel->channel->ability();
  ability->loss = static_cast<std::uint32_t>(from.loss);
  ability->most = from.most;
  ability->batch = std::max(from.batch, from.sink_batch);
  ability->echo = from.echo, ability->stream = from.stream;
  ability->sink = from.sink, ability->notify = from.notify;
  return kYes;
}

int ringside_channel_call(ringside_channel* channel, const void* request, uint64_t size,
                          void* reply, uint64_t* reply_size, ringside_error* error) {
  if (!channel || !reply_size || (size && (!request || !reply)))
    return fail(kUsage, kNullPointer, error);
  return guarded(error, [&]() -> Outcome<int> {
    const auto& ability = channel->channel->ability();
    TRY(must(ability.echo, "be called"));
    TRY(must_carry(ability, size));
    TRY(must_have_room(*reply_size, size));
    std::vector<std::byte> answer;
    TRY(channel->channel->call(bytes_of(request, size), answer));
    TRY(must_have_room(*reply_size, answer.size()));
    give(answer, reply, *reply_size);
    return int{kYes};
  });
}

int ringside_channel_send(ringside_channel* channel, const void* payload, uint64_t size,
                          ringside_error* error) {
  if (!channel || (size && !payload)) return fail(kUsage, kNullPointer, error);
  return guarded(error, [&]() -> Outcome<int> {
    const auto& ability = channel->channel->ability();
    TRY(must(ability.sink, "take data"));
    TRY(must_carry(ability, size));
    TRY(channel->channel->send(bytes_of(payload, size)));
    return int{kYes};
  });
}

int ringside_channel_flush(ringside_channel* channel, ringside_error* error) {
  if (!channel) return fail(kUsage, kNullPointer, error);
  return guarded(error, [&]() -> Outcome<int> {
    TRY(channel->channel->flush());
    return int{kYes};
  });
}

int ringside_channel_setup(ringside_channel* channel, uint32_t size, ringside_error* error) {
  if (!channel) return fail(kUsage, kNullPointer, error);
  return guarded(error, [&]() -> Outcome<int> {
    TRY(must_carry(channel->channel->ability(), size));
    channel->sequence.reset();
    TRY(channel->channel->setup(size, false));
    return int{kYes};
  });
}

int ringside_channel_receive(ringside_channel* channel, void* payload, uint64_t* size,
                             uint64_t* sequence, ringside_error* error) {
  if (!channel || !size || (*size && !payload)) return fail(kUsage, kNullPointer, error);
  return guarded(error, [&]() -> Outcome<int> {
    TRY(must(channel->channel->ability().stream, "stream"));
    if (!channel->sequence) channel->sequence = TRY(channel->channel->receive(channel->payload));
    auto room = std::exchange(*size, channel->payload.size());
    TRY(must_have_room(room, channel->payload.size()));
    give(channel->payload, payload, *size);
    auto number = *std::exchange(channel->sequence, std::nullopt);
    if (sequence) *sequence = number;
    return int{kYes};
  });
}

int ringside_channel_notify(ringside_channel* channel, uint32_t delay, ringside_error* error) {
  if (!channel) return fail(kUsage, kNullPointer, error);
  return guarded(error, [&]() -> Outcome<int> {
    TRY(must(channel->channel->ability().notify, "notify"));
    TRY(channel->channel->notify(channels::microseconds(delay)));
    return int{kYes};
  });
}

int ringside_channel_wait(ringside_channel* channel, uint32_t timeout, ringside_event* event,
                          ringside_error* error) {
  if (!channel || !event) return fail(kUsage, kNullPointer, error);
  if (!is_sized(*event)) return fail(kUsage, kNoSize, error);
  return guarded(error, [&]() -> Outcome<int> {
    TRY(must(channel->channel->ability().notify, "notify"));
    auto came = TRY(channel->channel->wait(channels::microseconds(timeout)));
    if (!came) return int{kNo};
    event->sequence = came->sequence, event->signal_ns = came->signal_ns;
    return int{kYes};
  });
}

int ringside_channel_descriptor(const ringside_channel* channel, int16_t* events) {
  if (!channel) return -1;
  if (events) *events = channel->channel->readiness();
  return channel->channel->descriptor();
}

}  // extern "C"
