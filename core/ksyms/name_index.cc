// Each (name, ordinal) is a linear equation over the slots: the XOR of some of kRibbonWidth
// consecutive ones is a block's number. Rows are taken in one at a time, each eliminating the
// leading unknown that an earlier row already has; back substitution then gives the slots. An
// equation that contradicts the others means another seed and a little more room.
#include "core/ksyms/name_index.hh"

#include <bit>

#include "core/base/sort.hh"
#include "core/ksyms/name_hash.hh"

namespace ringside::ksyms {
namespace {

constexpr std::uint32_t kMaxAttempts = 24;

struct HashedName {
  std::uint64_t hash;
  std::uint32_t index;
};

struct Key {
  std::uint64_t hash;  // of the name
  std::uint32_t ordinal;
  std::uint32_t block;
};

struct Row {
  std::uint64_t mask;
  std::uint32_t value;
};

// More slots than keys, by 1/16 and 1/64 more with each attempt.
std::uint32_t slots_for(std::uint64_t keys, std::uint32_t attempt) {
  return static_cast<std::uint32_t>(kRibbonWidth + keys + keys * (4 + attempt) / 64);
}

Status hash_names(std::span<const Symbol> symbols, std::uint64_t seed, std::span<HashedName> hashed,
                  Arena arena) {
  for (std::uint32_t i = 0; i < symbols.size(); ++i)
    hashed[i] = {hash_name(symbols[i].name, seed), i};
  return merge_sort(
      hashed, [](const HashedName& a, const HashedName& b) { return a.hash < b.hash; }, arena);
}

bool same_name(std::string_view a, std::string_view b) {
  return a.size() == b.size() && std::memcmp(a.data(), b.data(), a.size()) == 0;
}

// One key for each block that holds a name; how many, or none where two names have one hash.
std::optional<std::uint32_t> make_keys(std::span<const Symbol> symbols, std::uint32_t block_size,
                                       std::span<const HashedName> hashed, std::span<Key> keys) {
  std::uint32_t count = 0;
  for (std::size_t i = 0; i < hashed.size(); ++i) {
    auto block = hashed[i].index / block_size;
    std::uint32_t ordinal = 0;
    if (i != 0 && hashed[i].hash == hashed[i - 1].hash) {
      if (!same_name(symbols[hashed[i].index].name, symbols[hashed[i - 1].index].name))
        return std::nullopt;
      if (keys[count - 1].block == block) continue;
      ordinal = keys[count - 1].ordinal + 1;
    }
    keys[count++] = {hashed[i].hash, ordinal, block};
  }
  return count;
}

// Takes the row in; false where it contradicts those that are there.
bool add_row(std::span<Row> rows, std::uint64_t start, Row row) {
  while (row.mask != 0) {
    auto skip = static_cast<std::uint32_t>(std::countr_zero(row.mask));
    start += skip;
    row.mask >>= skip;
    if (rows[start].mask == 0) {
      rows[start] = row;
      return true;
    }
    row.mask ^= rows[start].mask;
    row.value ^= rows[start].value;
  }
  return row.value == 0;
}

bool add_keys(std::span<Row> rows, std::span<const Key> keys) {
  for (const auto& key : keys) {
    auto slots = static_cast<std::uint32_t>(rows.size());
    auto [start, mask] = ribbon_row(key.hash, key.ordinal, slots);
    if (!add_row(rows, start, {mask, key.block})) return false;
  }
  return true;
}

// Slots from the last to the first: each row gives its leading one from those behind it.
void solve(std::span<const Row> rows, std::span<std::uint32_t> values) {
  for (auto slot = rows.size(); slot-- > 0;) {
    auto value = rows[slot].value;
    for (auto mask = rows[slot].mask & ~std::uint64_t{1}; mask != 0; mask &= mask - 1)
      value ^= values[slot + static_cast<std::uint32_t>(std::countr_zero(mask))];
    values[slot] = value;
  }
}

}  // namespace

Result<NameIndex> make_name_index(std::span<const Symbol> symbols, std::uint32_t block_size,
                                  Arena& arena) {
  if (symbols.empty()) return NameIndex{};
  auto blocks = (symbols.size() + block_size - 1) / block_size;
  auto hashed = TRY(arena.take<HashedName>(symbols.size()));
  auto keys = TRY(arena.take<Key>(symbols.size()));
  auto all_slots = slots_for(symbols.size(), kMaxAttempts);
  auto values = TRY(arena.take<std::uint32_t>(all_slots));
  auto all_rows = TRY(arena.take<Row>(all_slots));
  for (std::uint32_t attempt = 0; attempt < kMaxAttempts; ++attempt) {
    TRY(hash_names(symbols, attempt, hashed, arena));
    auto count = make_keys(symbols, block_size, hashed, keys);
    if (!count) continue;
    auto slots = slots_for(*count, attempt);
    auto rows = all_rows.first(slots);
    std::memset(rows.data(), 0, rows.size_bytes());
    if (!add_keys(rows, keys.first(*count))) continue;
    solve(rows, values);
    return NameIndex{attempt, slots, static_cast<std::uint32_t>(std::bit_width(blocks - 1)),
                     values.first(slots)};
  }
  return Error{"names cannot be told apart by their hashes", "name index", 0, 0, symbols.size()};
}

}  // namespace ringside::ksyms
