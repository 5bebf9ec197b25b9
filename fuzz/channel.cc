// A ring that a liar writes: positions and bytes are the fuzzer's, and change between looks.
// Nothing outside of the ring is read, and whatever is taken is a message.
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

static void take_all(Ring& ring) {
  for (int turn = 0; turn < 600; ++turn) {
    auto next = ring.peek();
    if (!next || !*next) return;
    const auto& [header, payload] = **next;
    if (payload.size() != header.length || payload.size() > ring.most()) std::abort();
    (void)is_filled(payload, header.sequence);
    ring.take();
  }
}

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  (void)read_message({reinterpret_cast<const std::byte*>(data), size});
  auto bytes = std::make_unique<std::uint64_t[]>(kBytes / 8);
  std::span memory(reinterpret_cast<std::byte*>(bytes.get()), kBytes);
  Positions positions{};
  Ring reader(&positions, memory), writer(&positions, memory);
  for (std::size_t at = 0; at + 16 <= size; at += 16) {
    std::uint64_t words[2];
    std::memcpy(words, data + at, sizeof words);
    positions.written = words[0] % 3 ? words[0] % (2 * kBytes) & ~7ul : words[0];
    std::memcpy(memory.data() + words[1] % (kBytes - 8), data + at, 8);
    take_all(reader);
    positions.taken = words[1] % 5 ? positions.written : words[1];
    auto room = writer.room(words[0] % 3000);
    if (room && *room) {
      fill(**room, at);
      writer.put({static_cast<std::uint32_t>((*room)->size()), Type::kData, 0, at});
    }
  }
  return 0;
}
