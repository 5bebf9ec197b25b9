// The fast path: from one byte that matters to the next, by the index. Text is copied in runs. A
// tag that lies whole in the slice, whose name has at most seven bytes and whose attributes are
// name="value", is passed by hops to '=' and to closing quotes; anything else is left to the
// states, from its '<' on.
#include <array>

#include "core/html/stripper.hh"

namespace ringside::html {
namespace {

constexpr std::uint64_t kOnes = 0x0101'0101'0101'0101;
constexpr std::uint64_t kHighBits = kOnes << 7;

// Bytes from a '<' on that must be in the slice for the fast path: "</" and eight bytes of a name.
constexpr unsigned kTagRoom = 10;

std::uint64_t load64(const unsigned char* from) {
  std::uint64_t word;
  __builtin_memcpy(&word, from, sizeof(word));
  return word;
}

// Where the first byte below '0', or '>', is in `word`: 0 to 7, or 8. It ends a tag's name, or is a
// byte (such as '-') that is left to the states.
unsigned name_bytes(std::uint64_t word) {
  std::uint64_t below = (word - kOnes * '0') & ~word & kHighBits;
  std::uint64_t bracket = word ^ kOnes * '>';
  std::uint64_t ends = below | ((bracket - kOnes) & ~bracket & kHighBits);
  return ends ? static_cast<unsigned>(__builtin_ctzll(ends)) / 8 : 8;
}

// `word` with its letters in lower case.
std::uint64_t lower_word(std::uint64_t word) {
  std::uint64_t seven = word & ~kHighBits;
  std::uint64_t from_a = seven + kOnes * (0x80 - 'A'), beyond_z = seven + kOnes * (0x7f - 'Z');
  return word | ((from_a & ~beyond_z & ~word & kHighBits) >> 2);
}

constexpr bool ends_name(unsigned char c) {
  return is_space(c) || c == '/' || c == '>';
}

// For each byte behind a '<', and behind "</", the sums of the next two with which it is not
// passed, as bits. Letters: of start tags, those of elements that switch; no other element that is
// common in pages has its bit set. Other bytes: all.
constexpr unsigned sum_bit(unsigned char second, unsigned char third) {
  return (second + third) & 31u;
}
constexpr auto kStops = [] {
  std::array<std::array<std::uint32_t, 256>, 2> bytes{};
  for (unsigned c = 0; c < 256; ++c)
    if (!is_letter(static_cast<unsigned char>(c))) bytes[0][c] = bytes[1][c] = ~0u;
  for (const char* name : {"title", "textarea", "style", "script", "svg", "xmp", "iframe",
                           "noembed", "noframes", "plaintext", "math"})
    for (unsigned upper : {0, 32})
      bytes[0][static_cast<unsigned char>(name[0]) - upper] |= 1u << sum_bit(name[1], name[2]);
  return bytes;
}();

}  // namespace

// Where the tag whose '<' is at `from` ends: the place of its '>'; 0 where the states must look,
// because it is not whole in the slice or has an attribute that is not name="value". A window at a
// time, without a branch on what is in it: a byte is in a value where the number of quotes since
// the
// '<' is odd, and the first '>' that is not ends the tag. That holds if every quote that opens a
// value looks so, and every '=' outside of values has such a one behind it.
inline unsigned Stripper::end_of_tag(unsigned from) const {
  constexpr std::uint64_t kInWindow = (std::uint64_t{1} << Index::kWindow) - 1;
  std::uint64_t before = 0 - (index_.window(kParity, from) & 1);
  for (; from < index_.size(); from += Index::kWindow) {
    std::uint64_t inside = index_.window(kParity, from) ^ before;
    std::uint64_t ends = index_.window(kEnd, from) & ~inside & kInWindow;
    std::uint64_t wrong =
        (index_.window(kStray, from) & inside) | (index_.window(kOdd, from) & ~inside);
    if (wrong & (ends ^ (ends - 1)) & kInWindow) return 0;
    if (ends) [[likely]]
      return from + static_cast<unsigned>(__builtin_ctzll(ends));
  }
  return 0;
}

// Whether what begins with the '<' at `at` is a tag, and not of an element that may switch.
inline bool passes(const unsigned char* tag) {
  unsigned end = tag[1] == '/';
  const auto* name = tag + 1 + end;
  return !(kStops[end][name[0]] >> sum_bit(name[1], name[2]) & 1);
}

// What stands at `at`, where it is no '<': false where it is left to others.
inline bool Stripper::sweep_other(const unsigned char* in, unsigned& at, Output& out) const {
  if (in[at] == '\r') {
    if (in[++at] != '\n') out.put('\n');
    return true;
  }
  auto [size, code] = common_reference(in, at);
  if (!size) return false;
  out.at += encode_utf8(code, out.at);
  at += 1 + size;
  return true;
}

// What is outside of tags in the block at `base`, whose first byte is within one or not: copies it
// from swept.at on, all but what comes behind the last tag; false where it stops there.
inline bool Stripper::sweep_block(const unsigned char* in, unsigned base, bool within,
                                  const Sweep& sweep, Swept& swept) const {
  std::uint64_t ends = sweep.ends();
  auto behind = [&] {
    if (ends) swept.at = base + static_cast<unsigned>(__builtin_ctzll(ends)) + 1;
    ends &= ends - 1;
  };
  if (within) behind();
  for (std::uint64_t marks = sweep.marks(); marks; marks &= marks - 1) {
    unsigned mark = base + static_cast<unsigned>(__builtin_ctzll(marks));
    swept.out.copy_freely(in + swept.at, mark - swept.at);
    swept.at = mark;
    if (in[mark] != '<') {
      if (!sweep_other(in, swept.at, swept.out)) return false;
      continue;
    }
    if (!passes(in + mark)) return false;
    swept.tag = mark;
    behind();
  }
  return true;
}

// The '>' of the comment that begins at `at`; 0 where none does, or it is not whole in the slice.
inline unsigned Stripper::end_of_comment(const unsigned char* in, unsigned at) const {
  if (in[at + 1] != '!' || in[at + 2] != '-' || in[at + 3] != '-') return 0;
  for (unsigned end = at + 4; (end = index_.next(kEnd, end)) < index_.size(); ++end) {
    bool bang = in[end - 1] == '!' && end >= at + 7;  // "--!" with dashes of its own
    if (in[end - 1 - bang] == '-' && in[end - 2 - bang] == '-') return end;
  }
  return 0;
}

// Block after block, from byte `at` on, which is text: copies to `out` what is outside of tags.
Stripper::Swept Stripper::sweep(const unsigned char* in, unsigned at, Output out) const {
  Sweep sweep;
  Swept swept{out, at, at, 0};
  std::uint64_t from = ~std::uint64_t{0} << (at % kBlock);
  for (unsigned base = at - at % kBlock; base + 2 * kBlock <= index_.size();
       base += kBlock, from = ~std::uint64_t{0}) {
    bool within = sweep.open();
    if (!sweep.take(index_, base / kBlock, from)) {
      swept.wrong = base + kBlock;
      break;
    }
    if (!sweep_block(in, base, within, sweep, swept)) return swept;
  }
  if (sweep.open()) swept.at = swept.tag;
  return swept;
}

// Text for --raw: from run to run, over the ends of lines, and in data over tags as long as they
// are whole and switch nothing. Leaves at_ at what is something else.
void Stripper::raw_text(const unsigned char* in) {
  bool tags = state_ == State::kData && !foreign_.inside();
  Swept swept{out_, at_, at_, 0};
  auto& [out, at, tag, wrong] = swept;
  while (out.room() >= kSlice + 64) {
    if (tags && at >= wrong) swept = sweep(in, at, out);
    unsigned to = index_.next(kText, at);
    out.copy(in + at, to - at, index_.size() - at);
    at = to;
    if (at + kTagRoom > index_.size()) break;
    if (in[at] == '\r') {
      sweep_other(in, at, out);
      continue;
    }
    if (!tags || in[at] != '<') break;
    unsigned close = passes(in + at) ? end_of_tag(at) : end_of_comment(in, at);
    if (!close) break;
    at = close + 1;
  }
  out_ = out;
  at_ = at;
}

// A whole tag at at_, with a name of at most seven bytes; false where it is left to the states.
bool Stripper::data_tag(const unsigned char* in) {
  if (at_ + kTagRoom > index_.size()) return false;
  bool end = in[at_ + 1] == '/';
  unsigned start = at_ + 1 + end;
  std::uint64_t word = load64(in + start);
  unsigned bytes = name_bytes(word);
  if (!is_letter(in[start]) || bytes == 8 || !ends_name(in[start + bytes])) return false;
  unsigned close = end_of_tag(at_);
  if (!close) return false;
  Name name;
  name.low = lower_word(word) & ((std::uint64_t{1} << (8 * bytes)) - 1);
  name.length = static_cast<std::uint8_t>(bytes);
  std::uint32_t flags = element_flags(name);
  if (foreign_.inside() && flags & (kFont | kAnnotation)) return false;
  begin_tag(end);
  name_ = name;
  facts_.self_closing = in[close - 1] == '/';
  at_ = close + 1;
  finish_tag(flags);
  return true;
}

// The references that pages are full of, and decimal ones, whole in the slice.
Stripper::CommonReference Stripper::common_reference(const unsigned char* in, unsigned at) const {
  struct Named {
    std::uint64_t bytes;
    CommonReference reference;
  };
  static constexpr Named kNamed[] = {{0x3b'746c, {3, '<'}},
                                     {0x3b'7467, {3, '>'}},
                                     {0x3b70'6d61, {4, '&'}},
                                     {0x3b'746f'7571, {5, '"'}},
                                     {0x3b'7073'626e, {5, 0xa0}}};  // lt; gt; amp; quot; nbsp;
  if (in[at] != '&' || at + 9 > index_.size()) return {};
  if (in[at + 1] == '#') return decimal_reference(in + at + 2);
  std::uint64_t word = load64(in + at + 1);
  for (const auto& [bytes, reference] : kNamed)
    if ((word & ((std::uint64_t{1} << (8 * reference.size)) - 1)) == bytes) return reference;
  return {};
}

// Up to six digits and ';'.
Stripper::CommonReference Stripper::decimal_reference(const unsigned char* digits) {
  std::uint32_t number = 0;
  for (unsigned each = 0; each < 7; ++each) {
    if (digits[each] == ';' && each) return {each + 2, numeric_reference(number)};
    unsigned value = digits[each] - unsigned{'0'};
    if (value > 9) break;
    number = number * 10 + value;
  }
  return {};
}

// A byte that matters in text; false where the states must go on behind it.
bool Stripper::special(const unsigned char* in) {
  unsigned char c = in[at_];
  if (state_ == State::kData && c == '<' && data_tag(in)) return is_text(state_);
  if (state_ <= State::kRcdata)
    if (auto [size, code] = common_reference(in, at_); size) {
      unsigned char bytes[4];
      unsigned count = encode_utf8(code, bytes);
      for (unsigned each = 0; each < count; ++each) emit(bytes[each]);
      at_ += 1 + size;
      return true;
    }
  if (c == '\r' && at_ + 1 < index_.size()) {
    emit('\n');
    at_ += in[at_ + 1] == '\n' ? 2 : 1;
    return true;
  }
  step(in[at_++]);
  return is_text(state_) && !skip_lf_;
}

void Stripper::text(const unsigned char* in) {
  while (at_ < index_.size() && out_.room() >= kLeastRoom) {
    if (raw_) raw_text(in);
    unsigned to = index_.next(kText, at_);
    std::size_t most = out_.room() - kLeastRoom / 2;
    bool all = to - at_ <= most;
    if (!all) to = at_ + static_cast<unsigned>(most);
    if (raw_)
      out_.copy(in + at_, to - at_, index_.size() - at_);
    else
      page_.text(out_, in, at_, to, index_);
    at_ = to;
    if (!all || at_ == index_.size() || !special(in)) return;
  }
}

// In states that wait for one byte, straight to it, where nothing on the way counts.
void Stripper::skip(const unsigned char* in) {
  if (capture_ || skip_lf_) return;
  if (state_ == State::kBogusComment) {
    at_ = index_.next(kEnd, at_);
  } else if (state_ == State::kDoubleQuoted) {
    while (at_ < index_.size() && in[at_] != '"') ++at_;
  } else if (state_ == State::kComment) {
    while (at_ < index_.size() && in[at_] != '-') ++at_;
  }
}

}  // namespace ringside::html
