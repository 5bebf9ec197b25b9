#include "core/channel/message.hh"

namespace ringside::channel {
namespace {

// Eight bytes of the pattern: a sequence's words differ from each other and from its neighbours'.
std::uint64_t word_at(std::uint64_t sequence, std::size_t index) {
  return (sequence + 1) * 0x9e3779b97f4a7c15u + index * 0xd1b54a32d192ed03u;
}

}  // namespace

Result<Message> read_message(Bytes bytes) {
  if (bytes.size() < kHeader)
    return Error{"message too short", "message", 0, kHeader, bytes.size()};
  Message message{load<Header>(bytes, 0), {}};
  const auto& header = message.header;
  if (header.type > Type::kEvent || header.reserved != 0)
    return Error{"no known type", "message", 4, 4, static_cast<std::uint64_t>(header.type)};
  if (header.length > kMostPayload || header.length > bytes.size() - kHeader)
    return Error{"payload too long", "message", 0, bytes.size() - kHeader, header.length};
  message.payload = bytes.subspan(kHeader, header.length);
  return message;
}

Result<std::optional<Message>> read_next(Bytes& run) {
  using Next = std::optional<Message>;
  if (run.size() >= 8 && load<Type>(run, 4) == Type::kSkip) run = {};
  if (run.empty()) return Next{};
  auto message = read_message(run);
  if (!message) return message.error();
  auto extent = align_up(kHeader + message->payload.size(), 8);
  run = run.subspan(extent < run.size() ? extent : run.size());
  return Next{*message};
}

void fill(std::span<std::byte> payload, std::uint64_t sequence) {
  std::size_t at = 0;
  for (; at + 8 <= payload.size(); at += 8) {
    auto word = word_at(sequence, at / 8);
    __builtin_memcpy(payload.data() + at, &word, 8);
  }
  auto word = word_at(sequence, at / 8);
  for (; at < payload.size(); ++at, word >>= 8) payload[at] = static_cast<std::byte>(word);
}

bool is_filled(Bytes payload, std::uint64_t sequence) {
  std::size_t at = 0;
  std::uint64_t differs = 0;
  for (; at + 8 <= payload.size(); at += 8)
    differs |= load<std::uint64_t>(payload, at) ^ word_at(sequence, at / 8);
  auto word = word_at(sequence, at / 8);
  for (; at < payload.size(); ++at, word >>= 8)
    differs |= static_cast<std::uint8_t>(payload[at]) ^ (word & 0xff);
  return differs == 0;
}

void Sink::take_astray(std::uint64_t sequence) {
  if (sequence < next_) {
    ++counts_.repeated;
    return;
  }
  counts_.missing += sequence - next_;
  next_ = sequence + 1;
}

}  // namespace ringside::channel
