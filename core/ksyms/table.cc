// Look-up. By address: find the block by binary search over the blocks' first addresses, walk its
// steps to the symbol, then decode the block's names up to it. By name: the name index names the
// one block that can hold it; decode that block and compare. Loops are bounded by kMaxBlock,
// kMaxName, kMaxDepth or the logarithm of the number of blocks.
#include "core/ksyms/table.hh"

#include <algorithm>

#include "core/ksyms/name_hash.hh"

namespace ringside::ksyms {

static constexpr std::uint32_t kDamaged = 0xffff;  // no terminal

std::uint32_t Table::last_of(std::uint32_t block) const {
  auto end = (std::uint64_t{block} + 1) * header_->block_size;
  return static_cast<std::uint32_t>(end < size() ? end : size()) - 1;
}

Table::Walk Table::first_of(std::uint32_t block) const {
  BitReader bits(stream_, positions_[block]);
  auto context = static_cast<std::uint32_t>(bits.take(kContextBits));
  bits.skip(kStepsBits);
  return {bits, bases_[block], block * header_->block_size, last_of(block), context};
}

// On to the next symbol; false where the bits are no step.
bool Table::advance(Walk& walk) const {
  const auto& context = context_of(walk.context);
  auto number = context.first_step + decode(walk.bits, context.code);
  if (number >= steps_.size()) return false;
  auto step = steps_[number];
  std::uint64_t gap = 0;
  if (step.bits != 0) {
    std::uint32_t odd = step.shift < kMaxShift && step.bits > 1;
    auto middle = walk.bits.take(step.bits - 1u - odd);
    gap = (std::uint64_t{1} << (step.bits - 1) | middle << odd | odd) << step.shift;
  }
  walk.address += gap;
  walk.context = step.context;
  ++walk.index;
  return true;
}

// The last block whose first address is at or below `address`; there is one.
std::uint32_t Table::block_at(std::uint64_t address) const {
  std::uint32_t low = 0, high = blocks();
  while (high - low > 1) {
    auto middle = low + (high - low) / 2;
    (bases_[middle] <= address ? low : high) = middle;
  }
  return low;
}

// The first symbol in the block with the greatest address at or below `address`.
std::optional<Table::Place> Table::place(std::uint32_t block, std::uint64_t address) const {
  auto walk = first_of(block);
  auto after = block + 1 < blocks() ? bases_[block + 1] : header_->end;
  Place place{walk.address, after, walk.index, walk.context};
  while (walk.index != walk.last) {
    if (!advance(walk)) return std::nullopt;
    if (walk.address > address) {
      place.next = walk.address;
      break;
    }
    if (walk.address != place.address) place = {walk.address, after, walk.index, walk.context};
  }
  return place;
}

// The name's next terminal, or kDamaged. Goes down the left halves of a token, whose right halves
// wait on the stack.
std::uint32_t Table::next_terminal(Spelling& spelling, Scratch& scratch) const {
  std::uint32_t number = 0;
  if (spelling.depth != 0) {
    number = scratch.stack[--spelling.depth];
  } else {
    number = decode(spelling.bits, header_->token_code);
    if (number >= tokens_.size()) return kDamaged;
    spelling.last = tokens_[number].is_last();
  }
  auto token = tokens_[number];
  while (!token.is_terminal()) {
    if (spelling.depth == kMaxDepth) return kDamaged;
    scratch.stack[spelling.depth++] = token.right_token();
    token = tokens_[token.left];
  }
  return token.terminal();
}

// On to the next name; false where there is none. `last`: the token at hand ends the one at hand.
bool Table::skip_rest(BitReader& bits, bool last) const {
  for (std::uint32_t tokens = 0; !last; ++tokens) {
    auto number = decode(bits, header_->token_code);
    if (number >= tokens_.size() || tokens > kMaxName) return false;
    last = tokens_[number].is_last();
  }
  return true;
}

// How many bytes of the name before a name copies that begins with `token`.
std::uint32_t Table::copied_by(Token token) const {
  for (std::uint32_t depth = 0; !token.is_terminal() && depth < kMaxDepth; ++depth)
    token = tokens_[token.left];
  return token.is_terminal() && token.terminal() > kCopy ? token.terminal() - kCopy : 0u;
}

// Writes bytes [from, limit) of the located name `n` in the block, or up to its end, where `from`
// is what it copies. How many bytes the name then has.
std::optional<std::uint32_t> Table::spell(std::uint32_t n, std::uint32_t limit,
                                          Scratch& scratch) const {
  Spelling spelling{BitReader(stream_, scratch.starts[n]), 0, false};
  std::uint32_t size = scratch.copied[n];
  if (size != 0) next_terminal(spelling, scratch);
  while (size < limit) {
    auto terminal = next_terminal(spelling, scratch);
    if (terminal == kEndOfName) return size;
    if (terminal >= kCopy) return std::nullopt;
    scratch.name[size++] = static_cast<char>(terminal);
  }
  return size;
}

// Where the block's first name is.
BitReader Table::names_of(std::uint32_t block) const {
  BitReader bits(stream_, positions_[block]);
  bits.skip(kContextBits);
  auto steps = static_cast<std::uint32_t>(bits.take(kStepsBits));
  bits.skip(steps);
  return bits;
}

// Notes where the block's first `count` names start and what they copy.
bool Table::locate_names(BitReader bits, std::uint32_t count, Scratch& scratch) const {
  for (std::uint32_t n = 0; n < count; ++n) {
    scratch.starts[n] = static_cast<std::uint32_t>(bits.at());
    auto number = decode(bits, header_->token_code);
    if (number >= tokens_.size()) return false;
    scratch.copied[n] = copied_by(tokens_[number]);
    if (!skip_rest(bits, tokens_[number].is_last())) return false;
  }
  return true;
}

// Spells the name, and of the names before it no more than the bytes that it copies: going back,
// each name with a shorter copy than the one before has some of these.
std::optional<std::string_view> Table::name_of(std::uint32_t index, Scratch& scratch) const {
  auto n = index % header_->block_size;
  if (!locate_names(names_of(index / header_->block_size), n + 1, scratch)) return std::nullopt;
  auto size = spell(n, kMaxName, scratch);
  if (!size) return std::nullopt;
  auto missing = scratch.copied[n];
  while (missing != 0 && n-- > 0) {
    if (scratch.copied[n] >= missing) continue;
    auto spelt = spell(n, missing, scratch);
    if (!spelt || *spelt < missing) return std::nullopt;  // it copies more than there is
    missing = scratch.copied[n];
  }
  if (missing != 0) return std::nullopt;
  return std::string_view(scratch.name, *size);
}

Match Table::match(const Place& place, std::string_view name) const {
  auto size = place.next > place.address ? place.next - place.address : 0;
  auto type = static_cast<char>(context_of(place.context).type);
  return {place.address, size, place.index, type, name};
}

// The first symbol at `address`, where some block begins at it: blocks before that one may end with
// more of them.
std::optional<Table::Place> Table::first_at(std::uint64_t address) const {
  auto earlier = address == bases_[0] ? 0 : block_at(address - 1);
  auto first = place(earlier, address);
  if (first && first->address != address) first = place(earlier + 1, address);
  return first;
}

std::optional<Match> Table::find(std::uint64_t address, Scratch& scratch) const {
  if (!covers(address)) return std::nullopt;
  auto block = block_at(address);
  auto found = place(block, address);
  if (!found) return std::nullopt;
  auto first = found->address == bases_[block] ? first_at(found->address) : found;
  if (!first) return std::nullopt;
  first->next = found->next;
  auto name = name_of(first->index, scratch);
  if (!name) return std::nullopt;
  return match(*first, *name);
}

// Where symbol `index` lies.
std::optional<Table::Place> Table::place_of(std::uint32_t index) const {
  auto walk = first_of(index / header_->block_size);
  while (walk.index != index)
    if (!advance(walk)) return std::nullopt;
  auto last = place(block_at(walk.address), walk.address);
  if (!last) return std::nullopt;
  return Place{walk.address, last->next, index, walk.context};
}

std::optional<Match> Table::at(std::uint32_t index, Scratch& scratch) const {
  if (index >= size()) return std::nullopt;
  auto found = place_of(index);
  auto name = name_of(index, scratch);
  if (!found || !name) return std::nullopt;
  return match(*found, *name);
}

std::optional<std::string_view> Table::name_at(std::uint32_t index, Scratch& scratch) const {
  if (index >= size()) return std::nullopt;
  return name_of(index, scratch);
}

NameCursor Table::names(std::string_view name) const {
  NameCursor cursor{name, hash_name(name, header_->seed)};
  cursor.done = header_->slots == 0;
  return cursor;
}

// XOR of the slots that belong to the cursor's name and ordinal: the number of a block if the
// table holds that many blocks with the name, else any number.
std::uint32_t Table::indexed_block(const NameCursor& cursor) const {
  auto row = ribbon_row(cursor.hash, cursor.ordinal, header_->slots);
  std::uint64_t value = 0;
  for (auto mask = row.mask; mask != 0; mask &= mask - 1) {
    auto slot = row.start + static_cast<std::uint32_t>(__builtin_ctzll(mask));
    value ^= BitReader(slots_, slot * header_->slot_bits).take(header_->slot_bits);
  }
  return static_cast<std::uint32_t>(value);
}

// On to the next block that may hold the name. Blocks come in ascending order, so a block that
// does not lie after the last one is the answer to a question that was never built in.
bool Table::enter_block(NameCursor& cursor) const {
  auto block = indexed_block(cursor);
  if (block >= blocks() || (cursor.ordinal != 0 && block <= cursor.block)) return false;
  cursor.block = block;
  cursor.from = block * header_->block_size;
  cursor.in_block = true;
  cursor.found = false;
  return true;
}

// Compares the name that begins at `spelling` with `name`. `same` is how many leading bytes the
// name before had in common with it, and becomes how many this one has. A name that copies more
// than that differs where the one before it does.
Table::Comparison Table::compare(Spelling& spelling, std::string_view name, std::uint32_t& same,
                                 Scratch& scratch) const {
  auto terminal = next_terminal(spelling, scratch);
  std::uint32_t copied = 0;
  if (terminal >= kCopy) {
    if (terminal == kDamaged) return Comparison::damaged;
    copied = terminal - kCopy;
    if (copied > same) return Comparison::differs;
    terminal = next_terminal(spelling, scratch);
  }
  for (same = copied; same < name.size(); ++same) {
    if (terminal != static_cast<unsigned char>(name[same])) return Comparison::differs;
    terminal = next_terminal(spelling, scratch);
  }
  return terminal == kEndOfName ? Comparison::equal : Comparison::differs;
}

// The first symbol of the name in the cursor's block that has not been given out yet.
std::optional<std::uint32_t> Table::scan(const NameCursor& cursor, Scratch& scratch) const {
  auto bits = names_of(cursor.block);
  std::uint32_t same = 0;
  for (auto at = cursor.block * header_->block_size; at <= last_of(cursor.block); ++at) {
    Spelling spelling{bits, 0, false};
    auto comparison = compare(spelling, cursor.name, same, scratch);
    if (comparison == Comparison::equal && at >= cursor.from) return at;
    if (comparison == Comparison::damaged || !skip_rest(spelling.bits, spelling.last))
      return std::nullopt;
    bits = spelling.bits;
  }
  return std::nullopt;
}

std::optional<Match> Table::next(NameCursor& cursor, Scratch& scratch) const {
  while (!cursor.done) {
    if (!cursor.in_block && !enter_block(cursor)) break;
    if (auto index = scan(cursor, scratch)) {
      cursor.from = *index + 1;
      cursor.found = true;
      auto found = place_of(*index);
      if (!found) break;
      return match(*found, cursor.name);
    }
    if (!cursor.found) break;
    cursor.in_block = false;
    ++cursor.ordinal;
  }
  cursor.done = true;
  return std::nullopt;
}

}  // namespace ringside::ksyms
