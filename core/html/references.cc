// Character references (WHATWG HTML 13.2.5.72 to 13.2.5.80), in text and in those attributes that
// count. What may still become a longer name is held, at most as many bytes as the longest name
// has.
#include "core/html/stripper.hh"

namespace ringside::html {
namespace {

constexpr bool is_digit(unsigned char c) {
  return c >= '0' && c <= '9';
}

// The value of a hexadecimal digit, or 16.
constexpr unsigned hex_value(unsigned char c) {
  if (is_digit(c)) return c - '0';
  c = lower(c);
  return c >= 'a' && c <= 'f' ? c - 'a' + 10u : 16u;
}

}  // namespace

bool Stripper::in_attribute_value() const {
  return return_ >= State::kDoubleQuoted && return_ <= State::kUnquoted;
}

// A byte of what the reference stands for, or of what was none.
void Stripper::give(unsigned char c) {
  if (in_attribute_value())
    value_byte(c);
  else
    emit(c);
}

void Stripper::give_held(unsigned from) {
  for (unsigned each = from; each < held_bytes_; ++each) give(held_[each]);
  held_bytes_ = 0;
}

void Stripper::give_code(std::uint32_t code) {
  unsigned char bytes[4];
  unsigned size = encode_utf8(code, bytes);
  for (unsigned each = 0; each < size; ++each) give(bytes[each]);
}

bool Stripper::begin_reference() {
  return_ = state_;
  matcher_ = {};
  held_bytes_ = 0;
  number_ = 0;
  return over(State::kReference);
}

// `next`: the byte behind what was taken, 0 at the end of the input. In an attribute, a name
// without a semicolon is none where '=' or a letter or digit follows it: "?a=b&copy=c" is a URL.
void Stripper::end_named(unsigned char next) {
  unsigned matched = matcher_.matched();
  unsigned char after = matched < held_bytes_ ? held_[matched] : next;
  bool is_name = matched > 0;
  if (in_attribute_value() && !matcher_.ends_with_semicolon() &&
      (after == '=' || is_letter(after) || is_digit(after)))
    is_name = false;
  state_ = return_;
  if (!is_name) return give('&'), give_held(0);
  give_code(matcher_.first());
  if (matcher_.second()) give_code(matcher_.second());
  give_held(matched);
}

void Stripper::end_number() {
  state_ = return_;
  give_code(numeric_reference(number_));
}

bool Stripper::in_number(unsigned char c) {
  unsigned base = state_ == State::kHex ? 16 : 10, value = hex_value(c);
  if (value < base) {
    if (number_ <= 0x10'ffff) number_ = number_ * base + value;
    return true;
  }
  end_number();
  return c == ';';
}

bool Stripper::in_reference(unsigned char c) {
  switch (state_) {
    case State::kReference:
      if (c == '#') return hold(c), over(State::kNumericReference);
      if (is_letter(c) || is_digit(c)) return again(State::kNamedReference);
      break;
    case State::kNamedReference:
      if (matcher_.take(c)) {
        hold(c);
        if (c == ';') end_named(0);
        return true;
      }
      end_named(c);
      return false;
    case State::kNumericReference:
      if (is_digit(c)) return again(State::kDecimal);
      if (lower(c) == 'x') return hold(c), over(State::kHexStart);
      break;
    case State::kHexStart:
      if (hex_value(c) < 16) return again(State::kHex);
      break;
    default:  // kHex, kDecimal
      return in_number(c);
  }
  give('&');
  give_held(0);
  return again(return_);
}

// The input ended in a reference.
void Stripper::end_reference() {
  if (state_ == State::kHex || state_ == State::kDecimal) return end_number();
  end_named(0);
}

}  // namespace ringside::html
