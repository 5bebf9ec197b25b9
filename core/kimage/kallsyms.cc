// 1. token_index: 256 rising 16-bit offsets, each of which, but for the first, points behind a NUL
//    of the token table that ends right before it. Nothing else in a kernel looks so.
// 2. num_syms, names, markers: a plausible count, so many length-prefixed names behind it, and
//    behind those the markers, which must equal every 256th name's offset, and must end at the
//    token table (before 6.4 with the 3-byte sequence numbers in between, where they exist).
// 3. offsets and relative_base: right before num_syms (before 6.4) or right behind token_index.
// Every label is aligned to 8. A budget of steps keeps the time linear in a hostile image.
#include "core/kimage/kallsyms.hh"

#include "core/x86/addresses.hh"

namespace ringside::kimage {
namespace {

constexpr std::uint64_t kTokens = 256, kIndexBytes = kTokens * 2, kTokenMax = 512;
constexpr std::uint64_t kMinSymbols = 256, kMaxSymbols = 4'000'000, kMarkerEvery = 256;
// A name has two bytes or more and is stepped over twice, so the right start takes at most as many
// steps as there are bytes before the tokens; false starts may take twice that.
constexpr std::uint64_t kStepsPerByte = 3;

std::uint16_t index_entry(Bytes rodata, std::uint64_t at, std::uint64_t entry) {
  return load<std::uint16_t>(rodata, at + entry * 2);
}

bool rising(Bytes rodata, std::uint64_t at) {
  for (std::uint64_t entry = 1; entry < kTokens; ++entry) {
    unsigned low = index_entry(rodata, at, entry - 1), high = index_entry(rodata, at, entry);
    if (high <= low || high - low > kTokenMax) return false;
  }
  return true;
}

// True where the token table [table, index) agrees with the index at `index`.
bool tokens_agree(Bytes rodata, std::uint64_t table, std::uint64_t index) {
  for (std::uint64_t entry = 1; entry < kTokens; ++entry)
    if (rodata[table + index_entry(rodata, index, entry) - 1] != std::byte{0}) return false;
  auto last = read_string(rodata.first(index), table + index_entry(rodata, index, kTokens - 1), "");
  if (!last || last->empty()) return false;
  auto end = table + index_entry(rodata, index, kTokens - 1) + last->size() + 1;
  return align_up(end, 8) == index;
}

std::optional<std::uint64_t> table_before(Bytes rodata, std::uint64_t index) {
  std::uint64_t least = index_entry(rodata, index, kTokens - 1) + 2u;
  for (std::uint64_t size = align_up(least, 8); size < least + kTokenMax && size <= index;
       size += 8)
    if (tokens_agree(rodata, index - size, index)) return index - size;
  return std::nullopt;
}

// A name's length prefix: one byte, or two where the first has its high bit (since 6.1).
struct Length {
  std::uint64_t value, prefix;
};
std::optional<Length> name_length(Bytes names, std::uint64_t at) {
  if (at >= names.size()) return std::nullopt;
  std::uint64_t low = static_cast<std::uint8_t>(names[at]);
  if (low < 0x80) return Length{low, 1};
  if (at + 1 >= names.size()) return std::nullopt;
  return Length{(low & 0x7f) | std::uint64_t{static_cast<std::uint8_t>(names[at + 1])} << 7, 2};
}

// The offset behind `count` names that start at the front of `names`; takes from `budget`.
std::optional<std::uint64_t> skip_names(Bytes names, std::uint64_t count, std::uint64_t& budget) {
  std::uint64_t at = 0;
  for (; count; --count) {
    auto length = name_length(names, at);
    if (!length || !length->value || length->value > kSymbolNameMax || !budget) return std::nullopt;
    --budget;
    at += length->prefix + length->value;
  }
  return at <= names.size() ? std::optional(at) : std::nullopt;
}

// True where the markers at `at` are the offsets of every 256th of `count` names.
bool markers_agree(Bytes names, Bytes markers, std::uint64_t count, std::uint64_t& budget) {
  std::uint64_t offset = 0;
  for (std::uint64_t entry = 0; entry * kMarkerEvery < count; ++entry) {
    if (!fits(entry * 4, 4, markers.size())) return false;
    if (load<std::uint32_t>(markers, entry * 4) != offset) return false;
    auto left = count - entry * kMarkerEvery;
    auto step =
        skip_names(names.subspan(offset), left < kMarkerEvery ? left : kMarkerEvery, budget);
    if (!step) return false;
    offset += *step;
  }
  return true;
}

// A count whose names and markers could just fill [at, end).
bool plausible(std::uint64_t count, std::uint64_t room) {
  return count >= kMinSymbols && count <= kMaxSymbols && count * 2 < room && room < count * 140;
}

}  // namespace

Result<Nothing> Kallsyms::find_tokens(Bytes rodata) {
  for (std::uint64_t at = 0; fits(at, kIndexBytes, rodata.size()); at += 8) {
    auto first = load<std::uint32_t>(rodata, at);
    if ((first & 0xffff) || !(first >> 16) || (first >> 16) > kTokenMax) continue;
    if (!rising(rodata, at)) continue;
    auto table = table_before(rodata, at);
    if (!table) continue;
    tokens_at_ = *table;
    index_at_ = at;
    tokens_ = rodata.subspan(*table, at - *table);
    token_index_ = rodata.subspan(at, kIndexBytes);
    return ok;
  }
  return Error{"no token table", "kallsyms_token_index", rodata.size(), 0, 0};
}

Result<Nothing> Kallsyms::find_names(Bytes rodata) {
  std::uint64_t budget = kStepsPerByte * tokens_at_;
  for (std::uint64_t at = tokens_at_ & ~7ull; at >= 8; at -= 8) {
    auto count = load<std::uint64_t>(rodata, at - 8);
    if (!plausible(count, tokens_at_ - at)) continue;
    auto names = rodata.subspan(at, tokens_at_ - at);
    auto size = skip_names(names, count, budget);
    if (!budget) break;
    if (!size) continue;
    auto markers = align_up(at + *size, 8);
    auto end = align_up(markers + (count + kMarkerEvery - 1) / kMarkerEvery * 4, 8);
    bool sequences = align_up(end + count * 3, 8) == tokens_at_;
    if ((end != tokens_at_ && !sequences) || markers > tokens_at_) continue;
    if (!markers_agree(names, rodata.subspan(markers, tokens_at_ - markers), count, budget))
      continue;
    count_ = static_cast<std::uint32_t>(count);
    count_at_ = at - 8;
    names_ = names.first(*size);
    has_sequences_ = sequences;
    return ok;
  }
  return Error{budget ? "no names before the token table" : "too many false starts",
               "kallsyms_names", tokens_at_, 0, 0};
}

Result<Nothing> Kallsyms::find_addresses(Bytes rodata) {
  std::uint64_t room = align_up(std::uint64_t{count_} * 4, 8);
  struct Place {
    std::uint64_t offsets, base;
    bool sequences_follow;
  };
  const Place places[] = {{count_at_ - 8 - room, count_at_ - 8, false},
                          {index_at_ + kIndexBytes, index_at_ + kIndexBytes + room, true}};
  for (const auto& place : places) {
    if (!fits(place.offsets, room, rodata.size()) || !fits(place.base, 8, rodata.size())) continue;
    offsets_ = rodata.subspan(place.offsets, room);
    relative_base_ = load<std::uint64_t>(rodata, place.base);
    if (relative_base_ < kKernelBase) continue;
    // Where absolute symbols stand apart, all others have negative offsets, the last one too.
    bool negative = load<std::int32_t>(offsets_, (std::uint64_t{count_} - 1) * 4) < 0;
    for (bool absolute : {true, false}) {
      if (absolute && !negative) continue;
      percpu_absolute_ = absolute;
      std::uint32_t index = 1;
      while (index < count_ && address(index - 1) <= address(index)) ++index;
      has_sequences_ |= place.sequences_follow;
      if (index == count_) return ok;
    }
  }
  return Error{"no rising addresses beside the names", "kallsyms_offsets", count_at_, 0, 0};
}

Result<Kallsyms> Kallsyms::locate(Bytes rodata) {
  Kallsyms tables;
  TRY(tables.find_tokens(rodata));
  TRY(tables.find_names(rodata));
  TRY(tables.find_addresses(rodata));
  return tables;
}

std::uint64_t Kallsyms::bytes() const {
  return names_.size() + tokens_.size() + token_index_.size() + std::uint64_t{count_} * 4 +
         (std::uint64_t{count_} + kMarkerEvery - 1) / kMarkerEvery * 4 +
         (has_sequences_ ? std::uint64_t{count_} * 3 : 0) + 12;
}

std::uint64_t Kallsyms::address(std::uint32_t index) const {
  auto offset = load<std::int32_t>(offsets_, std::uint64_t{index} * 4);
  if (!percpu_absolute_) return relative_base_ + static_cast<std::uint32_t>(offset);
  if (offset >= 0) return static_cast<std::uint64_t>(offset);
  return relative_base_ - 1 - static_cast<std::int64_t>(offset);
}

std::string_view Kallsyms::token(std::uint8_t code) const {
  std::uint64_t start = load<std::uint16_t>(token_index_, code * 2u), end = start;
  while (end < tokens_.size() && tokens_[end] != std::byte{0}) ++end;
  return {reinterpret_cast<const char*>(tokens_.data()) + start, end - start};
}

Result<std::optional<KernelSymbol>> Kallsyms::Cursor::next() {
  if (index_ == tables_.count_) return std::optional<KernelSymbol>();
  auto length = name_length(tables_.names_, at_);
  if (!length || !fits(at_ + length->prefix, length->value, tables_.names_.size()))
    return Error{"name past the end", "kallsyms_names", at_, tables_.names_.size(), at_};
  std::size_t used = 0;
  for (auto code : tables_.names_.subspan(at_ + length->prefix, length->value)) {
    auto text = tables_.token(static_cast<std::uint8_t>(code));
    if (!fits(used, text.size(), name_.size()))
      return Error{"name too long", "kallsyms_names", at_, kSymbolNameMax, used + text.size()};
    std::memcpy(name_.data() + used, text.data(), text.size());
    used += text.size();
  }
  if (used < 2) return Error{"empty name", "kallsyms_names", at_, 2, used};
  at_ += length->prefix + length->value;
  return std::optional(
      KernelSymbol{tables_.address(index_++), name_[0], {name_.data() + 1, used - 1}});
}

}  // namespace ringside::kimage
