// Runs of plain bytes are copied whole; only what is left is looked at character by character.
#include "user/oops/json.hh"

#include <fmt/format.h>

namespace ringside::oops {
namespace {

// Bytes of the UTF-8 character at the beginning of `text`; 0 where there is none.
std::size_t character(std::string_view text) {
  auto first = static_cast<unsigned char>(text[0]);
  std::size_t size = first < 0x80                    ? 1
                     : first >= 0xc2 && first < 0xe0 ? 2
                     : (first & 0xf0) == 0xe0        ? 3
                     : first >= 0xf0 && first < 0xf5 ? 4
                                                     : 0;
  if (size == 0 || size > text.size()) return 0;
  for (std::size_t at = 1; at < size; ++at)
    if ((static_cast<unsigned char>(text[at]) & 0xc0) != 0x80) return 0;
  auto second = size > 2 ? static_cast<unsigned char>(text[1]) : 0;
  bool overlong = (first == 0xe0 && second < 0xa0) || (first == 0xf0 && second < 0x90);
  bool surrogate = first == 0xed && second >= 0xa0;
  bool beyond = first == 0xf4 && second >= 0x90;
  return overlong || surrogate || beyond ? 0 : size;
}

}  // namespace

void Json::quote(std::string_view value) {
  out_ += '"';
  while (!value.empty()) {
    std::size_t plain = 0;
    while (plain < value.size() && value[plain] >= 0x20 && value[plain] < 0x7f &&
           value[plain] != '"' && value[plain] != '\\')
      ++plain;
    out_.append(value.substr(0, plain));
    value.remove_prefix(plain);
    if (value.empty()) break;
    char c = value[0];
    auto size = character(value);
    if (size == 0) {
      out_ += "\xef\xbf\xbd";
      size = 1;
    } else if (c == '"' || c == '\\') {
      out_ += '\\';
      out_ += c;
    } else if (static_cast<unsigned char>(c) < 0x20 || c == 0x7f) {
      out_ += fmt::format("\\u{:04x}", static_cast<int>(c));
    } else {
      out_.append(value.substr(0, size));
    }
    value.remove_prefix(size);
  }
  out_ += '"';
}

void Json::begin(std::string_view key) {
  if (!first_) out_ += ',';
  first_ = false;
  if (key.empty()) return;
  quote(key);
  out_ += ':';
}

Json& Json::open(std::string_view key, char bracket) {
  begin(key);
  out_ += bracket;
  first_ = true;
  return *this;
}

Json& Json::close(char bracket) {
  out_ += bracket;
  first_ = false;
  return *this;
}

Json& Json::text(std::string_view key, std::string_view value) {
  begin(key);
  quote(value);
  return *this;
}

Json& Json::number(std::string_view key, std::int64_t value) {
  begin(key);
  out_ += std::to_string(value);
  return *this;
}

Json& Json::hex(std::string_view key, std::uint64_t value) {
  begin(key);
  out_ += fmt::format("\"{:#x}\"", value);
  return *this;
}

Json& Json::flag(std::string_view key, bool value) {
  begin(key);
  out_ += value ? "true" : "false";
  return *this;
}

}  // namespace ringside::oops
