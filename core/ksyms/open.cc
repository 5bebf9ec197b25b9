// Taking a table in. Every count is checked against a limit and the whole against the size before
// any part is touched; then each part's entries against each other; then every block is decoded
// once, and must end exactly where the next begins. What passes cannot make a look-up fail.
#include <cstring>

#include "core/ksyms/table.hh"

namespace ringside::ksyms {

static Error wrong(const char* what, const char* part, std::uint64_t at, std::uint64_t expected,
                   std::uint64_t found) {
  return Error{what, part, at, expected, found};
}

static Status check_header(const Header& header) {
  constexpr auto part = "symbol table header";
  if (header.magic != kMagic) return wrong("not a symbol table", part, 0, kMagic, header.magic);
  if (header.version != kVersion)
    return wrong("symbol table of another version", part, 8, kVersion, header.version);
  if (header.build_id_size > kMaxBuildId)
    return wrong("build-id too long", part, 12, kMaxBuildId, header.build_id_size);
  if (header.start > header.end)
    return wrong("addresses end before they start", part, 24, header.start, header.end);
  if (header.block_size == 0 || header.block_size > kMaxBlock)
    return wrong("symbols a block", part, 44, kMaxBlock, header.block_size);
  if (header.contexts > kMaxContexts)
    return wrong("too many type letters", part, 48, kMaxContexts, header.contexts);
  if (header.tokens > kMaxTokens)
    return wrong("too many tokens", part, 56, kMaxTokens, header.tokens);
  if (header.stream_size < kStreamPadding)
    return wrong("stream too short", part, 60, kStreamPadding, header.stream_size);
  if (header.slot_bits > 32) return wrong("bits a slot", part, 76, 32, header.slot_bits);
  if (header.slots != 0 && header.slots < kRibbonWidth)
    return wrong("too few slots", part, 72, kRibbonWidth, header.slots);
  return ok;
}

template <class T>
static std::span<const T> part_of(Bytes bytes, std::uint64_t at, std::uint64_t count) {
  return {reinterpret_cast<const T*>(bytes.data() + at), count};
}

// The header's layout has been checked against the size of bytes_.
void Table::map_parts() {
  auto at = layout_of(*header_);
  auto blocks = block_count(*header_);
  bases_ = part_of<std::uint64_t>(bytes_, at.bases, blocks);
  positions_ = part_of<std::uint32_t>(bytes_, at.positions, blocks + 1);
  contexts_ = part_of<Context>(bytes_, at.contexts, header_->contexts);
  steps_ = part_of<Step>(bytes_, at.steps, header_->steps);
  tokens_ = part_of<Token>(bytes_, at.tokens, header_->tokens);
  stream_ = bytes_.subspan(at.stream, header_->stream_size);
  slots_ = bytes_.subspan(at.slots, slot_bytes(header_->slots, header_->slot_bits));
}

static bool is_code(const ClassCode& code) {
  for (auto width : code.width)
    if (width > kMaxWidth) return false;
  return true;
}

Status Table::check_contexts() const {
  for (std::uint32_t i = 0; i < contexts_.size(); ++i)
    if (!is_code(contexts_[i].code)) return wrong("width of a code", "contexts", i, kMaxWidth, 0);
  for (std::uint32_t i = 0; i < steps_.size(); ++i) {
    if (steps_[i].context >= contexts_.size())
      return wrong("type of a step", "steps", i, contexts_.size(), steps_[i].context);
    if (steps_[i].shift > kMaxShift)
      return wrong("alignment of a step", "steps", i, kMaxShift, steps_[i].shift);
    if (steps_[i].bits > 64u - steps_[i].shift)
      return wrong("gap of more than 64 bits", "steps", i, 64, steps_[i].bits);
  }
  return ok;
}

Status Table::check_token(Token token, std::uint32_t at) const {
  if (token.is_terminal()) {
    if (token.terminal() >= kTerminals || token.left != Token::kTerminal)
      return wrong("no such terminal", "tokens", at, kTerminals, token.terminal());
    if (token.is_last() != (token.terminal() == kEndOfName))
      return wrong("end of name", "tokens", at, kEndOfName, token.terminal());
    return ok;
  }
  if (token.left >= tokens_.size() || token.right_token() >= tokens_.size())
    return wrong("no such token", "tokens", at, tokens_.size(), token.right_token());
  if (tokens_[token.left].is_last() || tokens_[token.right_token()].is_last() != token.is_last())
    return wrong("end of name within a token", "tokens", at, token.left, token.right_token());
  return ok;
}

Status Table::check_tokens() const {
  if (!is_code(header_->token_code))
    return wrong("width of a code", "symbol table header", 0, kMaxWidth, 0);
  for (std::uint32_t i = 0; i < tokens_.size(); ++i) TRY(check_token(tokens_[i], i));
  return ok;
}

// Spells a whole name, where the one before has `before` bytes; its size, or none.
std::optional<std::uint32_t> Table::check_name(Spelling& spelling, std::uint32_t before,
                                               Scratch& scratch) const {
  auto terminal = next_terminal(spelling, scratch);
  std::uint32_t size = 0;
  if (terminal >= kCopy) {
    size = terminal - kCopy;
    if (size == 0 || size > before) return std::nullopt;
    terminal = next_terminal(spelling, scratch);
  }
  for (; terminal != kEndOfName; ++size) {
    if (terminal >= kCopy || size == kMaxName) return std::nullopt;
    terminal = next_terminal(spelling, scratch);
  }
  if (size == 0 || spelling.depth != 0) return std::nullopt;
  return size;
}

// Decodes the block as look-ups will.
Status Table::check_block(std::uint32_t block, Scratch& scratch) const {
  auto walk = first_of(block);
  while (walk.index != walk.last) {
    if (walk.context >= contexts_.size())
      return wrong("type of a symbol", "stream", walk.index, contexts_.size(), walk.context);
    auto before = walk.address;
    if (!advance(walk) || walk.address < before)
      return wrong("no step to the next symbol", "stream", walk.index, before, walk.address);
  }
  if (walk.context >= contexts_.size())
    return wrong("type of a symbol", "stream", walk.index, contexts_.size(), walk.context);
  if (block + 1 < blocks() && walk.address > bases_[block + 1])
    return wrong("addresses do not ascend", "bases", block, walk.address, bases_[block + 1]);
  if (walk.bits.at() != names_of(block).at())
    return wrong("names start elsewhere", "stream", block, walk.bits.at(), names_of(block).at());
  std::uint32_t size = 0;
  for (auto at = block * header_->block_size; at <= walk.last; ++at) {
    Spelling spelling{walk.bits, 0, false};
    auto checked = check_name(spelling, size, scratch);
    if (!checked) return wrong("no name", "stream", at, kMaxName, size);
    size = *checked;
    walk.bits = spelling.bits;
  }
  if (walk.bits.at() != positions_[block + 1])
    return wrong("block ends elsewhere", "positions", block, positions_[block + 1], walk.bits.at());
  return ok;
}

// What does not need a block decoded: where the blocks lie, and which addresses are answered.
Status Table::check_range() const {
  auto limit = (std::uint64_t{header_->stream_size} - kStreamPadding) * 8;
  for (auto position : positions_)
    if (position > limit) return wrong("position past the stream", "positions", 0, limit, position);
  if (size() != 0 && header_->start < bases_[0])
    return wrong("starts before the first symbol", "symbol table header", 24, bases_[0],
                 header_->start);
  if (size() == 0 && header_->start != header_->end)
    return wrong("addresses without symbols", "symbol table header", 24, header_->start,
                 header_->end);
  return ok;
}

Result<Table> Table::start(Bytes bytes) {
  if (reinterpret_cast<std::uintptr_t>(bytes.data()) % 8 != 0)
    return wrong("not aligned to 8 bytes", "symbol table", 0, 0, 0);
  if (bytes.size() < sizeof(Header))
    return wrong("too short for a symbol table", "symbol table header", 0, sizeof(Header),
                 bytes.size());
  Table table;
  table.header_ = reinterpret_cast<const Header*>(bytes.data());
  TRY(check_header(*table.header_));
  auto total = layout_of(*table.header_).total;
  if (total != table.header_->total_size || total > bytes.size())
    return wrong("size of the symbol table", "symbol table header", 16, total, bytes.size());
  table.bytes_ = bytes.first(total);
  table.map_parts();
  TRY(table.check_contexts());
  TRY(table.check_tokens());
  TRY(table.check_range());
  return table;
}

Result<Table> Table::open(Bytes bytes, Scratch& scratch) {
  auto table = TRY(start(bytes));
  for (std::uint32_t block = 0; block < table.blocks(); ++block)
    TRY(table.check_block(block, scratch));
  return table;
}

}  // namespace ringside::ksyms
