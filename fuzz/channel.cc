// A ring whose peer lies: positions and bytes are the fuzzer's, and change between looks. Nothing
// outside of the ring is read or written, and whatever is taken is a message.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <memory>

#include "core/channel/message.hh"
#include "core/channel/ring.hh"

using namespace ringside;
using namespace ringside::channel;

constexpr std::size_t kBytes = 4096;

static void check(const Ring& ring, const Message& message) {
  if (message.payload.size() != message.header.length || message.payload.size() > ring.most())
    std::abort();
  (void)is_filled(message.payload, message.header.sequence);
}

static void take_slowly(Ring& ring) {
  for (int turn = 0; turn < 600; ++turn) {
    auto next = ring.peek();
    if (!next || !*next) return;
    check(ring, **next);
    ring.take();
  }
}

// `way`'s bits: which of the quick ways come first.
static void take_all(Ring& ring, std::uint64_t way) {
  std::byte room[kBytes / 2];
  Sink sink;
  sink.set_checked(way & 8);
  if (way & 1)
    ring.take_each(Type::kData, 9, [&](std::uint64_t sequence, Bytes payload) {
      check(ring,
            {{static_cast<std::uint32_t>(payload.size()), Type::kData, 0, sequence}, payload});
    });
  if (way & 2) (void)ring.take_data(sink, room, 9);
  Message message{};
  if (way & 4 && ring.next(message)) {
    check(ring, message);
    ring.take();
  }
  take_slowly(ring);
}

static void put_slowly(Ring& ring, std::size_t length, std::uint64_t sequence) {
  auto room = ring.room(length);
  if (!room || !*room) return;
  fill(**room, sequence);
  ring.put({static_cast<std::uint32_t>(length), Type::kData, 0, sequence});
}

static void put_some(Ring& ring, std::uint64_t way, std::uint64_t sequence) {
  static const std::byte kPayload[3000]{};
  Bytes payload(kPayload, way % sizeof kPayload);
  Bytes payloads[] = {payload, payload.first(payload.size() / 2)};
  put_slowly(ring, payload.size(), sequence);
  if (way & 1) (void)ring.put_each(Type::kEcho, sequence, payloads);
  if (way & 2)
    (void)ring.make_data(sequence, static_cast<std::uint32_t>(payload.size()), way & 8, 5);
  if (auto* place = way & 4 ? ring.place(payload.size()) : nullptr) {
    std::memset(place, 1, payload.size());
    ring.put({static_cast<std::uint32_t>(payload.size()), Type::kData, 0, sequence});
  }
}

// What a user hands over, wherever it is cut.
static void serve_one(const std::uint8_t* data, std::size_t size) {
  std::byte message[64];
  Sink sink;
  auto bytes = size < sizeof message ? size : sizeof message;
  std::memcpy(message, data, bytes);
  if (serve({message, bytes}, sink) == Type::kReply && sink.counts().messages != 0) std::abort();
}

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  (void)read_message({reinterpret_cast<const std::byte*>(data), size});
  serve_one(data, size);
  auto bytes = std::make_unique<std::uint64_t[]>(kBytes / 8);
  std::span memory(reinterpret_cast<std::byte*>(bytes.get()), kBytes);
  Positions positions{};
  Ring reader(&positions, memory), writer(&positions, memory);
  for (std::size_t at = 0; at + 16 <= size; at += 16) {
    std::uint64_t words[2];
    std::memcpy(words, data + at, sizeof words);
    positions.written = words[0] % 3 ? words[0] % (2 * kBytes) & ~7ul : words[0];
    std::memcpy(memory.data() + words[1] % (kBytes - 8), data + at, 8);
    take_all(reader, words[1] >> 32);
    positions.taken = words[1] % 5 ? positions.written : words[1];
    put_some(writer, words[0], at);
  }
  return 0;
}
