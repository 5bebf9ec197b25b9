// One byte at a time through the states (WHATWG HTML 13.2.5): text, CDATA, comments. CR LF and CR
// become LF before a state sees them (13.2.3.5). At the end of the input each state gives back what
// it held.
#include "core/html/stripper.hh"

namespace ringside::html {

void Stripper::emit(unsigned char c) {
  if (raw_)
    out_.put(c);
  else
    page_.character(out_, c);
}

void Stripper::emit(const char* text) {
  for (; *text; ++text) emit(static_cast<unsigned char>(*text));
}

// Held bytes are few by what holds them: names of references, of elements that switch.
void Stripper::hold(unsigned char c) {
  if (held_bytes_ < kHeldMax) held_[held_bytes_++] = c;
}

void Stripper::emit_held() {
  for (unsigned each = 0; each < held_bytes_; ++each) emit(held_[each]);
  held_bytes_ = 0;
}

bool Stripper::in_text(unsigned char c) {
  if (c == '&' && (state_ == State::kData || state_ == State::kRcdata)) return begin_reference();
  if (c == '<' && state_ == State::kData) return over(State::kTagOpen);
  if (c == '<' && state_ != State::kPlaintext) {
    return_ = state_;
    return over(State::kRawLess);
  }
  if (c == 0 && state_ != State::kData)
    emit_replacement();
  else
    emit(c);
  return true;
}

bool Stripper::in_cdata(unsigned char c) {
  switch (state_) {
    case State::kCdata:
      if (c == ']') return over(State::kCdataBracket);
      emit(c);
      return true;
    case State::kCdataBracket:
      if (c == ']') return over(State::kCdataEnd);
      emit(']');
      return again(State::kCdata);
    default:
      if (c == '>') return over(State::kData);
      emit(']');
      if (c == ']') return true;
      emit(']');
      return again(State::kCdata);
  }
}

// "--" or "[CDATA["; all else, doctypes too, ends at the next '>', as does what was matched of the
// two in vain.
bool Stripper::in_markup_declaration(unsigned char c) {
  constexpr std::string_view kDashes = "--", kBracket = "[CDATA[";
  if (matched_ == 0) {
    bool cdata = c == '[' && foreign_.in_foreign_element();
    return_ = cdata ? State::kCdata : State::kCommentStart;
  }
  auto keyword = return_ == State::kCdata ? kBracket : kDashes;
  if (c != static_cast<unsigned char>(keyword[matched_])) return again(State::kBogusComment);
  if (++matched_ == keyword.size()) go(return_);
  return true;
}

bool Stripper::in_comment(unsigned char c) {
  switch (state_) {
    case State::kBogusComment:
      return c == '>' ? over(State::kData) : true;
    case State::kCommentStart:
      if (c == '-') return over(State::kCommentStartDash);
      return c == '>' ? over(State::kData) : again(State::kComment);
    case State::kCommentStartDash:
      if (c == '-') return over(State::kCommentEnd);
      return c == '>' ? over(State::kData) : again(State::kComment);
    case State::kComment:
      return c == '-' ? over(State::kCommentEndDash) : true;
    case State::kCommentEndDash:
      return c == '-' ? over(State::kCommentEnd) : again(State::kComment);
    case State::kCommentEnd:
      if (c == '>') return over(State::kData);
      if (c == '!') return over(State::kCommentEndBang);
      return c == '-' ? true : again(State::kComment);
    default:  // kCommentEndBang
      if (c == '-') return over(State::kCommentEndDash);
      return c == '>' ? over(State::kData) : again(State::kComment);
  }
}

bool Stripper::accept(unsigned char c) {
  if (is_text(state_)) return in_text(c);
  if (state_ <= State::kCdataEnd) return in_cdata(c);
  if (state_ <= State::kSelfClosing) return in_tag(c);
  if (state_ <= State::kRawEndTagName) return in_raw_end_tag(c);
  if (state_ <= State::kScriptDoubleEscapeEnd) return in_script(c);
  if (state_ == State::kMarkupDeclaration) return in_markup_declaration(c);
  if (state_ <= State::kCommentEndBang) return in_comment(c);
  return in_reference(c);
}

void Stripper::step(unsigned char c) {
  bool after_return = skip_lf_;
  skip_lf_ = c == '\r';
  if (c == '\n' && after_return) return;
  if (skip_lf_) c = '\n';
  while (!accept(c)) {
  }
}

std::size_t Stripper::run(Bytes slice, std::span<std::byte> room) {
  auto* in = reinterpret_cast<const unsigned char*>(slice.data());
  auto* begin = reinterpret_cast<unsigned char*>(room.data());
  out_ = {begin, begin + room.size()};
  while (at_ < index_.size() && out_.room() >= kLeastRoom) {
    if (is_text(state_) && !skip_lf_) {
      text(in);
    } else {
      step(in[at_++]);
      skip(in);
    }
  }
  return static_cast<std::size_t>(out_.at - begin);
}

std::size_t Stripper::finish(std::span<std::byte> room) {
  auto* begin = reinterpret_cast<unsigned char*>(room.data());
  out_ = {begin, begin + room.size()};
  if (state_ >= State::kReference) end_reference();
  switch (state_) {
    case State::kTagOpen:
    case State::kRawLess:
    case State::kScriptEscapedLess:
      emit('<');
      break;
    case State::kEndTagOpen:
    case State::kRawEndTagOpen:
      emit("</");
      break;
    case State::kRawEndTagName:
      emit("</");
      emit_held();
      break;
    case State::kCdataEnd:
      emit(']');
      [[fallthrough]];
    case State::kCdataBracket:
      emit(']');
      break;
    default:
      break;
  }
  state_ = State::kPlaintext;
  if (!raw_) page_.finish(out_);
  return static_cast<std::size_t>(out_.at - begin);
}

}  // namespace ringside::html
