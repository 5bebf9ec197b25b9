// Text: reading one line of untrusted text from left to right. A Cursor never leaves its line, and
// every step costs what it consumes, so that a line is done in time linear in its length.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace ringside::oops {

constexpr bool is_digit(char c) {
  return c >= '0' && c <= '9';
}
constexpr bool is_upper(char c) {
  return c >= 'A' && c <= 'Z';
}
constexpr bool is_lower(char c) {
  return c >= 'a' && c <= 'z';
}
constexpr bool is_letter(char c) {
  return is_upper(c) || is_lower(c);
}

// 0 to 15, or -1 where `c` is no hexadecimal digit.
constexpr int hex_value(char c) {
  if (is_digit(c)) return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

// What a symbol's name consists of: C, C++ and Rust names as the kernel prints them (mangled).
constexpr bool is_name(char c) {
  return is_letter(c) || is_digit(c) || c == '_' || c == '.' || c == '$';
}

// text[from, to), both clamped to the text.
constexpr std::string_view cut(std::string_view text, std::size_t from,
                               std::size_t to = std::string_view::npos) {
  if (to > text.size()) to = text.size();
  if (from > to) from = to;
  return {text.data() + from, to - from};
}

constexpr bool begins(std::string_view text, std::string_view head) {
  if (head.size() > text.size()) return false;
  for (std::size_t at = 0; at < head.size(); ++at)
    if (text[at] != head[at]) return false;
  return true;
}

constexpr bool ends(std::string_view text, std::string_view tail) {
  return tail.size() <= text.size() && begins(cut(text, text.size() - tail.size()), tail);
}

constexpr bool same(std::string_view a, std::string_view b) {
  return a.size() == b.size() && begins(a, b);
}

constexpr std::size_t kNowhere = std::string_view::npos;

// Where `what`, a short literal, first stands in `text` at or behind `from`; kNowhere if it does
// not.
constexpr std::size_t find(std::string_view text, std::string_view what, std::size_t from = 0) {
  for (std::size_t at = from; at + what.size() <= text.size(); ++at)
    if (text[at] == what[0] && begins(cut(text, at), what)) return at;
  return kNowhere;
}

constexpr bool has(std::string_view text, std::string_view what) {
  return find(text, what) != kNowhere;
}

class Cursor {
 public:
  explicit constexpr Cursor(std::string_view text) : text_(text) {}

  constexpr bool at_end() const { return at_ >= text_.size(); }
  constexpr std::size_t at() const { return at_; }
  constexpr void move_to(std::size_t at) { at_ = at; }
  constexpr std::string_view rest() const { return cut(text_, at_); }
  constexpr std::string_view since(std::size_t from) const { return cut(text_, from, at_); }
  // The character `ahead` of the next one, or NUL behind the end.
  constexpr char peek(std::size_t ahead = 0) const {
    return at_ + ahead < text_.size() ? text_[at_ + ahead] : '\0';
  }
  constexpr void skip(std::size_t count = 1) {
    at_ = count < text_.size() - at_ ? at_ + count : text_.size();
  }

  constexpr bool eat(char c) {
    if (at_end() || text_[at_] != c) return false;
    ++at_;
    return true;
  }
  constexpr bool eat(std::string_view literal) {
    if (!begins(rest(), literal)) return false;
    at_ += literal.size();
    return true;
  }

  // Blanks, tabs and U+00A0, which mail programs put in their place; how many bytes.
  constexpr std::size_t spaces() {
    auto from = at_;
    for (;;) {
      if (peek() == ' ' || peek() == '\t') {
        ++at_;
      } else if (peek() == '\xc2' && peek(1) == '\xa0') {
        at_ += 2;
      } else {
        return at_ - from;
      }
    }
  }

  // Hexadecimal digits, at most 16 of which count; how many there are.
  constexpr std::size_t hex(std::uint64_t& value) {
    auto from = at_;
    value = 0;
    for (int digit = hex_value(peek()); digit >= 0; digit = hex_value(peek())) {
      if (at_ - from < 16) value = value << 4 | static_cast<std::uint64_t>(digit);
      ++at_;
    }
    return at_ - from;
  }

  // Decimal digits; how many there are. What does not fit 63 bits becomes the largest that does.
  constexpr std::size_t decimal(std::int64_t& value) {
    auto from = at_;
    value = 0;
    for (; is_digit(peek()); ++at_)
      if (__builtin_mul_overflow(value, 10, &value) ||
          __builtin_add_overflow(value, peek() - '0', &value))
        value = INT64_MAX;
    return at_ - from;
  }
  constexpr std::size_t digits() {
    std::int64_t value = 0;
    return decimal(value);
  }

  // A symbol's name; empty where none stands here.
  constexpr std::string_view name() {
    auto from = at_;
    while (is_name(peek())) ++at_;
    return since(from);
  }

  // All up to the next blank; empty at the end or at a blank.
  constexpr std::string_view word() {
    auto from = at_;
    while (!at_end() && peek() != ' ' && peek() != '\t' && !(peek() == '\xc2' && peek(1) == '\xa0'))
      ++at_;
    return since(from);
  }

 private:
  std::string_view text_;
  std::size_t at_ = 0;
};

// `text` without blanks at its ends.
constexpr std::string_view trimmed(std::string_view text) {
  while (!text.empty() && (text.back() == ' ' || text.back() == '\t' || text.back() == '\r'))
    text.remove_suffix(1);
  while (!text.empty() && (text.front() == ' ' || text.front() == '\t')) text.remove_prefix(1);
  return text;
}

}  // namespace ringside::oops
