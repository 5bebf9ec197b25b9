// The fast path: from one byte that matters to the next, by the index. Text is copied in runs. A
// tag that lies whole in the slice, whose name has at most seven bytes and whose attributes are
// name="value", is passed by hops to '=' and to closing quotes; anything else is left to the
// states, from its '<' on.
#include "core/html/stripper.hh"

namespace ringside::html {
namespace {

constexpr std::uint64_t kOnes = 0x0101'0101'0101'0101;
constexpr std::uint64_t kHighBits = kOnes << 7;

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

constexpr bool is_plain_name_byte(unsigned char c) {
  return is_letter(c) || (c >= '0' && c <= '9') || c == '-' || c == ':' || c == '_';
}

}  // namespace

// The place of the '>' that ends the tag, from behind its name on; 0 where the states must look.
// A '=' behind a byte of a name ends that name, for only quoted values were passed before it.
unsigned Stripper::attributes(const unsigned char* in, unsigned at) const {
  for (;;) {
    unsigned hit = index_.next(kTag, at);
    if (hit + 1 >= index_.size()) return 0;
    if (in[hit] == '>') return hit;
    unsigned char quote = in[hit + 1];
    if (!is_plain_name_byte(in[hit - 1]) || (quote != '"' && quote != '\'')) return 0;
    at = hit + 1;
    do {
      at = index_.next(kQuote, at + 1);
      if (at + 1 >= index_.size()) return 0;
    } while (in[at] != quote);
    ++at;
  }
}

// A whole tag at at_; false where it is left to the states.
bool Stripper::data_tag(const unsigned char* in) {
  unsigned start = at_ + 1;
  if (start + 10 > index_.size()) return false;
  bool end = in[start] == '/';
  start += end;
  std::uint64_t word = load64(in + start);
  unsigned bytes = name_bytes(word);
  if (!is_letter(in[start]) || bytes == 8 || !ends_name(in[start + bytes])) return false;
  Name name;
  name.low = lower_word(word) & ((std::uint64_t{1} << (8 * bytes)) - 1);
  name.length = static_cast<std::uint8_t>(bytes);
  unsigned close = attributes(in, start + bytes);
  if (!close) return false;
  std::uint32_t flags = element_flags(name);
  if (raw_ && !foreign_.inside() && (end || !(flags & (kSwitches | kForeignRoots)))) {
    at_ = close + 1;
    return true;
  }
  if (foreign_.inside() && flags & (kFont | kAnnotation)) return false;
  begin_tag(end);
  name_ = name;
  facts_.self_closing = in[close - 1] == '/';
  at_ = close + 1;
  finish_tag(flags);
  return true;
}

// The references that pages are full of, whole in the slice.
bool Stripper::common_reference(const unsigned char* in) {
  struct Common {
    std::uint64_t bytes;
    unsigned size;
    unsigned char c;
  };
  constexpr Common kCommon[] = {{0x3b'746c, 3, '<'},
                                {0x3b'7467, 3, '>'},
                                {0x3b70'6d61, 4, '&'},
                                {0x3b'746f'7571, 5, '"'},
                                {0x3b'3933'23, 4, '\''}};  // lt; gt; amp; quot; #39;
  if (at_ + 9 > index_.size()) return false;
  std::uint64_t word = load64(in + at_ + 1);
  for (const auto& common : kCommon) {
    if ((word & ((std::uint64_t{1} << (8 * common.size)) - 1)) != common.bytes) continue;
    emit(common.c);
    at_ += 1 + common.size;
    return true;
  }
  return false;
}

// A byte that matters in text; false where the states must go on behind it.
bool Stripper::special(const unsigned char* in) {
  unsigned char c = in[at_];
  if (state_ == State::kData && c == '<' && data_tag(in)) return is_text(state_);
  if (c == '&' && state_ <= State::kRcdata && common_reference(in)) return true;
  step(in[at_++]);
  return is_text(state_) && !skip_lf_;
}

void Stripper::text(const unsigned char* in) {
  while (at_ < index_.size() && out_.room() >= kLeastRoom) {
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
    while (at_ < index_.size() && in[at_] != '>') at_ = index_.next(kTag, at_ + 1);
  } else if (state_ == State::kDoubleQuoted || state_ == State::kSingleQuoted) {
    unsigned char quote = state_ == State::kDoubleQuoted ? '"' : '\'';
    while (at_ < index_.size() && in[at_] != quote) at_ = index_.next(kQuote, at_ + 1);
  } else if (state_ == State::kComment) {
    while (at_ < index_.size() && in[at_] != '-') ++at_;
  }
}

}  // namespace ringside::html
