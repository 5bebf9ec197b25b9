// Building a table: order the symbols by address and cut them into blocks; write each block's names
// as what differs from the name before; find the grammar of that text; give tokens and steps
// prefix codes by how often they occur; write the blocks as bits; solve the name index; and lay
// everything out behind the header.
#include "core/ksyms/build.hh"

#include <algorithm>
#include <bit>

#include "core/base/sort.hh"
#include "core/ksyms/format.hh"
#include "core/ksyms/grammar.hh"
#include "core/ksyms/name_index.hh"
#include "core/ksyms/step_codes.hh"

namespace ringside::ksyms {
namespace {

constexpr std::uint32_t kMaxSymbols = 1u << 24;
constexpr std::size_t kMinCopy = 3;  // shorter common beginnings are left to the grammar

// The stages are not inlined: their frames would lie under those behind them.
[[gnu::noinline]] Status check(std::span<const Symbol> symbols, Bytes build_id) {
  if (symbols.size() > kMaxSymbols)
    return Error{"too many symbols", "symbols", 0, kMaxSymbols, symbols.size()};
  if (build_id.size() > kMaxBuildId)
    return Error{"build-id too long", "build-id", 0, kMaxBuildId, build_id.size()};
  for (std::size_t i = 0; i < symbols.size(); ++i) {
    auto name = symbols[i].name;
    if (name.empty() || name.size() > kMaxName)
      return Error{"length of a name", "symbols", i, kMaxName, name.size()};
    for (auto letter : name)
      if (letter == '\0') return Error{"NUL in a name", "symbols", i, 0, name.size()};
  }
  return ok;
}

[[gnu::noinline]] Result<std::span<const Symbol>> by_address(std::span<const Symbol> symbols,
                                                             Arena& arena) {
  auto sorted = TRY(arena.take<Symbol>(symbols.size()));
  for (std::size_t i = 0; i < symbols.size(); ++i) sorted[i] = symbols[i];
  TRY(merge_sort(
      sorted, [](const Symbol& a, const Symbol& b) { return a.address < b.address; }, arena));
  return std::span<const Symbol>(sorted);
}

// The fewest blocks of at most kMaxBlock symbols that are a power of two, and so use up the bits of
// a block's number in the name index; then as even as possible.
std::uint32_t block_size_for(std::size_t symbols) {
  if (symbols == 0) return 1;
  auto blocks = std::bit_ceil((symbols + kMaxBlock - 1) / kMaxBlock);
  return static_cast<std::uint32_t>((symbols + blocks - 1) / blocks);
}

std::size_t common_beginning(std::string_view a, std::string_view b) {
  std::size_t size = 0;
  while (size < a.size() && size < b.size() && size < kMaxCopy && a[size] == b[size]) ++size;
  return size < kMinCopy ? 0 : size;
}

// The names as terminals.
Result<std::span<const std::uint16_t>> text_of(std::span<const Symbol> symbols,
                                               std::uint32_t block_size, Arena& arena) {
  std::size_t limit = 0, size = 0;
  for (const auto& symbol : symbols) limit += symbol.name.size() + 1;
  auto text = TRY(arena.take<std::uint16_t>(limit));
  for (std::size_t i = 0; i < symbols.size(); ++i) {
    auto name = symbols[i].name;
    auto copied = i % block_size == 0 ? 0 : common_beginning(symbols[i - 1].name, name);
    if (copied != 0) text[size++] = static_cast<std::uint16_t>(kCopy + copied);
    for (auto at = copied; at < name.size(); ++at)
      text[size++] = static_cast<std::uint8_t>(name[at]);
    text[size++] = kEndOfName;
  }
  return std::span<const std::uint16_t>(text.first(size));
}

// The grammar in the table's numbering: ids that the text uses, most frequent first, then those
// that only rules use.
struct Tokens {
  NumberedCode code;  // of the grammar's ids
  std::span<const Token> tokens;
};

// The grammar's ids by their number in the table.
Result<std::span<const std::uint16_t>> order_ids(const Grammar& grammar, const NumberedCode& code,
                                                 std::span<const std::uint32_t> occurrences,
                                                 Arena& arena) {
  auto ids = TRY(arena.take<std::uint16_t>(occurrences.size()));
  auto in_rules = TRY(arena.take<bool>(occurrences.size()));
  for (auto rule : grammar.rules) in_rules[rule.left] = in_rules[rule.right] = true;
  std::size_t count = 0;
  for (auto id : code.order) ids[count++] = id;
  for (std::size_t id = 0; id < occurrences.size(); ++id)
    if (occurrences[id] == 0 && in_rules[id]) ids[count++] = static_cast<std::uint16_t>(id);
  return std::span<const std::uint16_t>(ids.first(count));
}

// Whether what the id stands for ends with kEndOfName.
bool is_last(const Grammar& grammar, std::uint16_t id) {
  while (id >= kTerminals) id = grammar.rules[id - kTerminals].right;
  return id == kEndOfName;
}

[[gnu::noinline]] Status number_tokens(const Grammar& grammar, Tokens& made, Arena& arena) {
  auto occurrences = TRY(arena.take<std::uint32_t>(kTerminals + grammar.rules.size()));
  for (auto id : grammar.sequence) ++occurrences[id];
  TRY(make_class_code(occurrences, made.code, arena));
  auto ids = TRY(order_ids(grammar, made.code, occurrences, arena));
  auto numbers = TRY(arena.take<std::uint16_t>(occurrences.size()));
  for (std::size_t n = 0; n < ids.size(); ++n) numbers[ids[n]] = static_cast<std::uint16_t>(n);
  auto tokens = TRY(arena.take<Token>(ids.size()));
  for (std::size_t n = 0; n < ids.size(); ++n) {
    auto id = ids[n];
    tokens[n] = {Token::kTerminal, id};
    if (id >= kTerminals) {
      auto rule = grammar.rules[id - kTerminals];
      tokens[n] = {numbers[rule.left], numbers[rule.right]};
    }
    if (is_last(grammar, id)) tokens[n].right |= Token::kLast;
  }
  made.tokens = tokens;
  return ok;
}

// A table on its way: what the parts are made from.
struct Draft {
  std::span<const Symbol> symbols;
  std::uint32_t block_size;
  Grammar grammar;
  Tokens tokens;
  StepCodes steps;
  std::span<std::uint32_t> positions;
  Bytes stream;
  NameIndex index;
  Header header;
};

// Writes the names of a block; `at` is where the grammar's sequence stands.
void write_names(const Draft& draft, std::size_t names, std::size_t& at, BitWriter& bits) {
  while (names > 0) {
    auto id = draft.grammar.sequence[at++];
    write_code(draft.tokens.code.code, draft.tokens.code.numbers[id], bits);
    names -= is_last(draft.grammar, id);
  }
}

[[gnu::noinline]] Status write_stream(Draft& draft, Arena& arena) {
  auto count = draft.symbols.size();
  constexpr std::size_t kCode = kClassBits + kMaxWidth, kGap = 64;
  auto limit =
      draft.grammar.sequence.size() * kCode + count * (kContextBits + kStepsBits + kCode + kGap);
  auto memory = TRY(arena.take<std::byte>(limit / 8 + 1 + kStreamPadding));
  auto blocks = (count + draft.block_size - 1) / draft.block_size;
  draft.positions = TRY(arena.take<std::uint32_t>(blocks + 1));
  BitWriter bits(memory);
  std::size_t at = 0;
  for (std::size_t block = 0; block < blocks; ++block) {
    auto first = block * draft.block_size;
    auto size = std::min<std::size_t>(draft.block_size, count - first);
    draft.positions[block] = static_cast<std::uint32_t>(bits.size());
    write_steps(draft.steps, draft.symbols.subspan(first, size), bits);
    write_names(draft, size, at, bits);
  }
  if (bits.size() > 0xffffffff)
    return Error{"table too large", "stream", 0, 0xffffffff, bits.size()};
  draft.positions[blocks] = static_cast<std::uint32_t>(bits.size());
  draft.stream = memory.first((bits.size() + 7) / 8 + kStreamPadding);
  return ok;
}

// What look-ups by address answer: [start, end).
void set_range(std::span<const Symbol> symbols, Header& header) {
  if (symbols.empty()) return;
  auto first = symbols.front().address, last = symbols.back().address;
  header.start = first;
  header.end = last + 1 == 0 ? last : last + 1;
  std::optional<std::uint64_t> start, end;
  for (const auto& symbol : symbols) {
    if (symbol.name == "_stext") start = symbol.address;
    if (symbol.name == "_end") end = symbol.address;
  }
  if (!start || !end || *start > *end) return;
  header.start = *start;
  header.end = *end;
}

[[gnu::noinline]] void set_header(Draft& draft, Bytes build_id) {
  auto& header = draft.header;
  header.magic = kMagic;
  header.version = kVersion;
  header.build_id_size = static_cast<std::uint32_t>(build_id.size());
  if (!build_id.empty()) std::memcpy(header.build_id, build_id.data(), build_id.size());
  set_range(draft.symbols, header);
  header.symbols = static_cast<std::uint32_t>(draft.symbols.size());
  header.block_size = draft.block_size;
  header.contexts = static_cast<std::uint32_t>(draft.steps.contexts.size());
  header.steps = static_cast<std::uint32_t>(draft.steps.steps.size());
  header.tokens = static_cast<std::uint32_t>(draft.tokens.tokens.size());
  header.token_code = draft.tokens.code.code;
  header.stream_size = static_cast<std::uint32_t>(draft.stream.size());
  header.seed = draft.index.seed;
  header.slots = draft.index.slots;
  header.slot_bits = draft.index.slot_bits;
  header.total_size = layout_of(header).total;
}

template <class T>
void put(std::span<std::byte> table, std::uint64_t at, std::span<const T> part) {
  if (!part.empty()) std::memcpy(table.data() + at, part.data(), part.size_bytes());
}

[[gnu::noinline]] Result<Bytes> lay_out(const Draft& draft, Arena& arena) {
  auto words = TRY(arena.take<std::uint64_t>(draft.header.total_size / 8));
  auto table = std::as_writable_bytes(words);
  auto at = layout_of(draft.header);
  put(table, 0, std::span(&draft.header, 1));
  for (std::size_t block = 0; block + 1 < draft.positions.size(); ++block)
    words[at.bases / 8 + block] = draft.symbols[block * draft.block_size].address;
  put(table, at.positions, std::span<const std::uint32_t>(draft.positions));
  put(table, at.contexts, draft.steps.contexts);
  put(table, at.steps, draft.steps.steps);
  put(table, at.tokens, draft.tokens.tokens);
  put(table, at.stream, draft.stream);
  BitWriter slots(table.subspan(at.slots));
  for (auto value : draft.index.values) slots.put(value, draft.header.slot_bits);
  return Bytes(table);
}

// What the names are made of.
[[gnu::noinline]] Status add_grammar(Draft& draft, Arena& arena) {
  auto text = TRY(text_of(draft.symbols, draft.block_size, arena));
  draft.grammar = TRY(make_grammar(text, arena));
  return ok;
}

}  // namespace

Result<Bytes> build(std::span<const Symbol> symbols, Bytes build_id, Arena& arena) {
  TRY(check(symbols, build_id));
  auto& draft = TRY(arena.take<Draft>(1)).front();
  draft.symbols = TRY(by_address(symbols, arena));
  draft.block_size = block_size_for(symbols.size());
  TRY(add_grammar(draft, arena));
  TRY(number_tokens(draft.grammar, draft.tokens, arena));
  draft.steps = TRY(make_step_codes(draft.symbols, draft.block_size, arena));
  TRY(write_stream(draft, arena));
  draft.index = TRY(make_name_index(draft.symbols, draft.block_size, arena));
  set_header(draft, build_id);
  return lay_out(draft, arena);
}

}  // namespace ringside::ksyms
