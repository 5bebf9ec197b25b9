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

Bytes bytes_at(const void* data, std::size_t size) {
  return {static_cast<const std::byte*>(data), size};
}
Ring& core(rs_ring_side* side) {
  return *reinterpret_cast<Ring*>(side);
}

}  // namespace

extern "C" {

int rs_message_read(const void* data, unsigned long bytes, rs_view* view) {
  auto message = channel::read_message(bytes_at(data, bytes));
  if (!message) return 0;
  *view = {data, static_cast<unsigned>(message->header.type),
           static_cast<unsigned>(channel::kHeader + message->header.length)};
  return 1;
}

void rs_message_make(void* data, unsigned type, unsigned long long sequence, unsigned length,
                     int checked) {
  Header header{length, static_cast<Type>(type), 0, sequence};
  auto* payload = static_cast<std::byte*>(data) + channel::kHeader;
  __builtin_memcpy(data, &header, channel::kHeader);
  if (checked)
    channel::fill({payload, length}, sequence);
  else
    __builtin_memset(payload, 0, length);
}

void rs_sink_start(rs_sink* sink, int checked) {
  ::new (sink) Sink;
  reinterpret_cast<Sink*>(sink)->set_checked(checked != 0);
}

void rs_sink_take(rs_sink* sink, const rs_view* view) {
  auto message = channel::read_message(bytes_at(view->message, view->bytes));
  if (message) reinterpret_cast<Sink*>(sink)->take(*message);
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
  auto next = core(side).peek();
  if (!next) return -1;
  if (!*next) return 0;
  *type = static_cast<unsigned>((*next)->header.type);
  return static_cast<int>(channel::kHeader + (*next)->payload.size());
}

int rs_ring_room(rs_ring_side* side, unsigned bytes) {
  auto room = core(side).room(bytes - channel::kHeader);
  return !room ? -1 : room->has_value() ? 1 : 0;
}

// The header that was checked is the one that is handed on: what lies in the ring may have changed.
int rs_ring_next(rs_ring_side* side, void* message, unsigned room) {
  auto next = core(side).peek();
  if (!next) return -1;
  if (!*next) return 0;
  const auto& [header, payload] = **next;
  auto bytes = channel::kHeader + payload.size();
  if (bytes > room) return -1;
  __builtin_memcpy(message, &header, channel::kHeader);
  __builtin_memcpy(static_cast<std::byte*>(message) + channel::kHeader, payload.data(),
                   payload.size());
  core(side).take();
  return static_cast<int>(bytes);
}

int rs_ring_put(rs_ring_side* side, const void* message, unsigned bytes) {
  Header header;
  __builtin_memcpy(&header, message, channel::kHeader);
  auto room = core(side).room(bytes - channel::kHeader);
  if (!room) return -1;
  if (!*room) return 0;
  __builtin_memcpy((*room)->data(), static_cast<const std::byte*>(message) + channel::kHeader,
                   (*room)->size());
  core(side).put(header);
  return 1;
}

}  // extern "C"
