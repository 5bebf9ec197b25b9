// Tags byte by byte (WHATWG HTML 13.2.5.6 to 8, 13.2.5.32 to 40), and the end tags of RCDATA,
// RAWTEXT and script data (13.2.5.9 to 17, 13.2.5.25 and 26). A tag emits no character; it may
// switch the state, as the tree builder does it, and goes to the page.
#include "core/html/stripper.hh"

namespace ringside::html {
namespace {

// One more byte of a value that may be `word`: how many bytes of it were there, or kNever.
constexpr std::uint8_t kNever = 255;
std::uint8_t follow(std::string_view word, std::uint8_t bytes, unsigned char c) {
  bool goes_on = bytes < word.size() && lower(c) == static_cast<unsigned char>(word[bytes]);
  return goes_on ? bytes + 1 : kNever;
}

constexpr std::string_view kHtmlType = "text/html", kXhtmlType = "application/xhtml+xml";

}  // namespace

void Stripper::begin_tag(bool end) {
  name_ = {};
  end_tag_ = end;
  capture_ = false;
  encoding_seen_ = false;
  facts_ = {};
}

// The tag's name is known: do its attributes count?
bool Stripper::end_name(State state) {
  capture_ = !end_tag_ && foreign_.inside() && element_flags(name_) & (kFont | kAnnotation);
  return over(state);
}

bool Stripper::begin_attribute(unsigned char c) {
  attribute_ = {};
  if (c != '=') return again(State::kAttributeName);
  attribute_.append(c);
  return over(State::kAttributeName);
}

bool Stripper::end_attribute_name(State state) {
  constexpr Name kColor("color"), kFace("face"), kSize("size");
  if (capture_ && (attribute_ == kColor || attribute_ == kFace || attribute_ == kSize))
    facts_.font_breaks_out = true;
  html_bytes_ = xhtml_bytes_ = 0;
  return state == State::kBeforeAttributeValue ? over(state) : again(state);
}

void Stripper::value_byte(unsigned char c) {
  html_bytes_ = follow(kHtmlType, html_bytes_, c);
  xhtml_bytes_ = follow(kXhtmlType, xhtml_bytes_, c);
}

bool Stripper::end_value(State state) {
  constexpr Name kEncoding("encoding");
  if (capture_ && attribute_ == kEncoding && !encoding_seen_) {
    encoding_seen_ = true;
    facts_.holds_html = html_bytes_ == kHtmlType.size() || xhtml_bytes_ == kXhtmlType.size();
  }
  return over(state);
}

bool Stripper::in_tag_open(unsigned char c) {
  if (c == '!') {
    matched_ = 0;
    return over(State::kMarkupDeclaration);
  }
  if (c == '/') return over(State::kEndTagOpen);
  if (c == '?') return again(State::kBogusComment);
  if (!is_letter(c)) {
    emit('<');
    return again(State::kData);
  }
  begin_tag(false);
  return again(State::kTagName);
}

bool Stripper::in_end_tag_open(unsigned char c) {
  if (c == '>') return over(State::kData);
  if (!is_letter(c)) return again(State::kBogusComment);
  begin_tag(true);
  return again(State::kTagName);
}

bool Stripper::in_attribute(unsigned char c) {
  bool delimits = is_space(c) || c == '/' || c == '>';
  switch (state_) {
    case State::kBeforeAttributeName:
      if (is_space(c)) return true;
      return delimits ? again(State::kAfterAttributeName) : begin_attribute(c);
    case State::kAttributeName:
      if (delimits) return end_attribute_name(State::kAfterAttributeName);
      if (c == '=') return end_attribute_name(State::kBeforeAttributeValue);
      attribute_.append(c);
      return true;
    default:  // kAfterAttributeName
      if (is_space(c)) return true;
      if (c == '/') return over(State::kSelfClosing);
      if (c == '>') return close_tag();
      return c == '=' ? over(State::kBeforeAttributeValue) : begin_attribute(c);
  }
}

bool Stripper::in_value(unsigned char c) {
  bool unquoted = state_ == State::kUnquoted;
  if (c == '&' && capture_) return begin_reference();
  if (c == '"' && state_ == State::kDoubleQuoted) return end_value(State::kAfterQuoted);
  if (c == '\'' && state_ == State::kSingleQuoted) return end_value(State::kAfterQuoted);
  if (unquoted && is_space(c)) return end_value(State::kBeforeAttributeName);
  if (unquoted && c == '>') return end_value(State::kData), close_tag();
  value_byte(c);
  return true;
}

bool Stripper::in_tag(unsigned char c) {
  switch (state_) {
    case State::kTagOpen:
      return in_tag_open(c);
    case State::kEndTagOpen:
      return in_end_tag_open(c);
    case State::kTagName:
      if (is_space(c)) return end_name(State::kBeforeAttributeName);
      if (c == '/') return end_name(State::kSelfClosing);
      if (c == '>') return close_tag();
      name_.append(c);
      return true;
    case State::kBeforeAttributeName:
    case State::kAttributeName:
    case State::kAfterAttributeName:
      return in_attribute(c);
    case State::kBeforeAttributeValue:
      if (is_space(c)) return true;
      if (c == '"') return over(State::kDoubleQuoted);
      if (c == '\'') return over(State::kSingleQuoted);
      return c == '>' ? close_tag() : again(State::kUnquoted);
    case State::kDoubleQuoted:
    case State::kSingleQuoted:
    case State::kUnquoted:
      return in_value(c);
    case State::kAfterQuoted:
      if (c == '/') return over(State::kSelfClosing);
      return c == '>' ? close_tag() : again(State::kBeforeAttributeName);
    default:  // kSelfClosing
      if (c != '>') return again(State::kBeforeAttributeName);
      facts_.self_closing = true;
      return close_tag();
  }
}

// An end tag that bears another name than the start tag is text. It is told from the first byte
// that differs on.
bool Stripper::in_raw_end_tag(unsigned char c) {
  if (state_ == State::kRawLess) {
    held_bytes_ = 0;
    if (c == '/') return over(State::kRawEndTagOpen);
    emit('<');
    if (c != '!' || return_ != State::kScript) return again(return_);
    emit('!');
    return over(State::kScriptEscapeStart);
  }
  if (state_ == State::kRawEndTagOpen && is_letter(c)) {
    begin_tag(true);
    held_bytes_ = 0;
    go(State::kRawEndTagName);
  }
  if (name_.length < last_start_.length && lower(c) == last_start_.at(name_.length) &&
      state_ == State::kRawEndTagName) {
    name_.append(c);
    hold(c);
    return true;
  }
  bool delimits = is_space(c) || c == '/' || c == '>';
  if (delimits && state_ == State::kRawEndTagName && name_ == last_start_) {
    held_bytes_ = 0;
    return again(State::kTagName);
  }
  emit("</");
  emit_held();
  return again(return_);
}

bool Stripper::close_tag() {
  finish_tag(element_flags(name_));
  return true;
}

void Stripper::finish_tag(std::uint32_t flags) {
  state_ = State::kData;
  if (end_tag_) {
    foreign_.end(name_, flags);
    if (!raw_) page_.end(name_, flags);
    return;
  }
  bool html = foreign_.start(name_, flags, facts_);
  if (!raw_ && !(facts_.self_closing && !html)) page_.start(out_, name_, flags);
  if (!html || !(flags & kSwitches)) return;
  last_start_ = name_;
  if (flags & kToRcdata) state_ = State::kRcdata;
  if (flags & kToRawtext) state_ = State::kRawtext;
  if (flags & kToScript) state_ = State::kScript;
  if (flags & kToPlaintext) state_ = State::kPlaintext;
}

}  // namespace ringside::html
