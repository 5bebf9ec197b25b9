// The C face of core/channel for the kernel glue.
#include "kernel/channels/bridge.h"

#include <new>

#include "core/channel/message.hh"
#include "core/channel/ring.hh"

using namespace ringside;
using channel::Header;
using channel::Ring;
using channel::Sink;
using channel::Type;

static_assert(sizeof(Sink) <= sizeof(rs_sink) && sizeof(Ring) <= sizeof(rs_ring_side));

namespace {

Ring& core(rs_ring_side* side) {
  return *reinterpret_cast<Ring*>(side);
}

// 1, 0: none, -1: the ring is none.
int next_message(Ring& ring, channel::Message& message) {
  if (ring.next(message)) return 1;
  auto slow = ring.peek();
  if (!slow) return -1;
  if (!*slow) return 0;
  message = **slow;
  return 1;
}
// 1, 0: full, -1: it never has room, or the ring is none.
int place_for(Ring& ring, std::size_t length, std::byte*& place) {
  place = ring.place(length);
  if (place) return 1;
  auto room = ring.room(length);
  if (!room) return -1;
  if (!*room) return 0;
  place = (*room)->data();
  return 1;
}

}  // namespace

extern "C" {

void rs_message_make(void* data, unsigned type, unsigned long long sequence, unsigned length,
                     int checked) {
  auto* to = static_cast<std::byte*>(data);
  channel::store_header(to, {length, static_cast<Type>(type), 0, sequence});
  channel::make_payload({to + channel::kHeader, length}, sequence, checked != 0);
}

void rs_sink_start(rs_sink* sink, int checked) {
  ::new (sink) Sink;
  reinterpret_cast<Sink*>(sink)->set_checked(checked != 0);
}

int rs_sink_serve(rs_sink* sink, void* message, unsigned long bytes) {
  auto type =
      channel::serve({static_cast<std::byte*>(message), bytes}, *reinterpret_cast<Sink*>(sink));
  return type == Type::kReply ? 1 : type == Type::kData ? 0 : -1;
}

void rs_sink_counts(const rs_sink* sink, unsigned long long* counts) {
  const auto& from = reinterpret_cast<const Sink*>(sink)->counts();
  __builtin_memcpy(counts, &from, sizeof from);
}

void rs_ring_start(rs_ring_side* side, void* page, unsigned long bytes) {
  auto* positions = static_cast<channel::Positions*>(page);
  auto* first = static_cast<std::byte*>(page) + channel::kRingPage;
  ::new (side) Ring(positions, {first, bytes});
}

int rs_ring_peek(rs_ring_side* side, unsigned* type) {
  channel::Message message{};
  if (int there = next_message(core(side), message); there <= 0) return there;
  *type = static_cast<unsigned>(message.header.type);
  return static_cast<int>(channel::kHeader + message.payload.size());
}

int rs_ring_room(rs_ring_side* side, unsigned bytes) {
  std::byte* place = nullptr;
  return place_for(core(side), bytes - channel::kHeader, place);
}

// The header that was checked is the one that is handed on: what lies in the ring may have changed.
int rs_ring_next(rs_ring_side* side, void* message, unsigned room) {
  channel::Message next{};
  if (int there = next_message(core(side), next); there <= 0) return there;
  auto bytes = channel::kHeader + next.payload.size();
  if (bytes > room) return -1;
  __builtin_memcpy(message, &next.header, channel::kHeader);
  channel::copy(static_cast<std::byte*>(message) + channel::kHeader, next.payload.data(),
                next.payload.size());
  core(side).take();
  return static_cast<int>(bytes);
}

unsigned rs_ring_take_data(rs_ring_side* side, rs_sink* sink, void* message, unsigned count) {
  return core(side).take_data(*reinterpret_cast<Sink*>(sink), static_cast<std::byte*>(message),
                              count);
}

int rs_ring_make_data(rs_ring_side* side, unsigned long long first, unsigned length, int checked,
                      unsigned count) {
  auto made = core(side).make_data(first, length, checked != 0, count);
  return made ? static_cast<int>(*made) : -1;
}

int rs_ring_put(rs_ring_side* side, const void* message, unsigned bytes) {
  std::byte* place = nullptr;
  if (int there = place_for(core(side), bytes - channel::kHeader, place); there <= 0) return there;
  Header header;
  __builtin_memcpy(&header, message, channel::kHeader);
  channel::copy(place, static_cast<const std::byte*>(message) + channel::kHeader,
                bytes - channel::kHeader);
  core(side).put(header);
  return 1;
}

}  // extern "C"
