// Script data that begins a comment (WHATWG HTML 13.2.5.18 to 13.2.5.31): "<!--" escapes it, and
// "<script" within that escapes it twice, so that "</script>" does not end it. Every byte is
// emitted; the states only decide where the script ends.
#include "core/html/stripper.hh"

namespace ringside::html {

// The three states of (double) escaped data: plain, behind one dash, behind two or more.
bool Stripper::in_escaped(unsigned char c, State plain, State dash, State dash_dash, State less) {
  if (c == '<') {
    if (less == State::kScriptDoubleEscapedLess) emit('<');
    return over(less);
  }
  if (c == 0)
    emit_replacement();
  else
    emit(c);
  if (c == '-') return over(state_ == plain ? dash : dash_dash);
  return over(c == '>' && state_ == dash_dash ? State::kScript : plain);
}

// A name in escaped data, which ends at a space, '/' or '>'; "script" leads on to `script`, any
// other name to `other`, which is where a name that does not end so leads to, too.
bool Stripper::in_escape_name(unsigned char c, State other, State script) {
  constexpr Name kScriptName("script");
  if (is_letter(c)) {
    name_.append(c);
    emit(c);
    return true;
  }
  if (!is_space(c) && c != '/' && c != '>') return again(other);
  emit(c);
  return over(name_ == kScriptName ? script : other);
}

bool Stripper::in_script(unsigned char c) {
  switch (state_) {
    case State::kScriptEscapeStart:
      if (c != '-') return again(State::kScript);
      emit(c);
      return over(State::kScriptEscapeStartDash);
    case State::kScriptEscapeStartDash:
      if (c != '-') return again(State::kScript);
      emit(c);
      return over(State::kScriptEscapedDashDash);
    case State::kScriptEscaped:
    case State::kScriptEscapedDash:
    case State::kScriptEscapedDashDash:
      return in_escaped(c, State::kScriptEscaped, State::kScriptEscapedDash,
                        State::kScriptEscapedDashDash, State::kScriptEscapedLess);
    case State::kScriptEscapedLess:
      return_ = State::kScriptEscaped;
      if (c == '/') return over(State::kRawEndTagOpen);
      emit('<');
      if (!is_letter(c)) return again(State::kScriptEscaped);
      name_ = {};
      return again(State::kScriptDoubleEscapeStart);
    case State::kScriptDoubleEscapeStart:
      return in_escape_name(c, State::kScriptEscaped, State::kScriptDoubleEscaped);
    case State::kScriptDoubleEscaped:
    case State::kScriptDoubleEscapedDash:
    case State::kScriptDoubleEscapedDashDash:
      return in_escaped(c, State::kScriptDoubleEscaped, State::kScriptDoubleEscapedDash,
                        State::kScriptDoubleEscapedDashDash, State::kScriptDoubleEscapedLess);
    case State::kScriptDoubleEscapedLess:
      if (c != '/') return again(State::kScriptDoubleEscaped);
      emit(c);
      name_ = {};
      return over(State::kScriptDoubleEscapeEnd);
    default:  // kScriptDoubleEscapeEnd
      return in_escape_name(c, State::kScriptDoubleEscaped, State::kScriptEscaped);
  }
}

}  // namespace ringside::html
