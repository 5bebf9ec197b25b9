// Prefixes are taken off one layer at a time: each function below knows one kind of layer and moves
// the cursor behind it, or leaves it where it was. The loop ends where no layer is left.
#include "core/oops/prefix.hh"

#include "core/oops/text.hh"

namespace ringside::oops {
namespace {

constexpr int kLayers = 40;  // no mail is quoted more often

bool skip_escape(Cursor& at) {  // ESC [ ... letter
  auto start = at.at();
  if (!at.eat('\x1b') || !at.eat('[')) return at.move_to(start), false;
  while (is_digit(at.peek()) || at.peek() == ';') at.skip();
  if (is_letter(at.peek())) return at.skip(), true;
  at.move_to(start);
  return false;
}

// "> ", ">>>", "| ": a mail's quote. "+" is quoted too, where a patch's text holds a report.
bool skip_quote(Cursor& at, bool quoted) {
  auto start = at.at();
  at.spaces();
  if (at.eat('>') || (quoted && at.eat('+'))) return true;
  if (at.eat('|') && at.spaces() > 0) return true;
  at.move_to(start);
  return false;
}

bool skip_level(Cursor& at) {  // "<4>", and RFC 5424's "<4>1 "
  auto start = at.at();
  at.spaces();
  if (at.eat('<') && at.digits() > 0 && at.eat('>')) {
    if (at.peek() == '1' && at.peek(1) == ' ' && is_digit(at.peek(2)) && at.peek(6) == '-')
      at.skip(2);
    return true;
  }
  at.move_to(start);
  return false;
}

bool skip_record(Cursor& at) {  // "4,123,100000000,-;" of /dev/kmsg and netconsole
  auto start = at.at();
  if (at.digits() > 0 && at.eat(',') && at.digits() > 0 && at.eat(',') && at.digits() > 0 &&
      at.eat(',')) {
    while (!at.at_end() && at.peek() != ';' && at.peek() != ' ') at.skip();
    if (at.eat(';')) return true;
  }
  at.move_to(start);
  return false;
}

bool skip_lower_word(Cursor& at) {
  auto start = at.at();
  while (is_lower(at.peek()) || is_digit(at.peek())) at.skip();
  bool found = at.at() > start;
  at.spaces();
  return found && at.eat(':');
}

bool skip_facility(Cursor& at) {  // "kern  :warn  : "
  auto start = at.at();
  for (std::string_view facility : {"kern", "user", "daemon", "syslog"}) {
    if (!begins(at.rest(), facility)) continue;
    if (skip_lower_word(at) && skip_lower_word(at)) return at.spaces(), true;
    at.move_to(start);
  }
  return false;
}

// "[   12.345678]", "[  +0.000012]", and one whose first bracket was lost in pasting.
bool skip_uptime(Cursor& at) {
  auto start = at.at();
  bool open = at.eat('[');
  if (open) at.spaces();
  if (open) (void)at.eat('+');
  bool is_time = at.digits() > 0 && at.eat('.') && at.digits() >= (open ? 1u : 6u);
  if (is_time && open && at.peek() == ' ') at.spaces();
  if (is_time && at.eat(']')) return true;
  at.move_to(start);
  return false;
}

bool skip_month(Cursor& at) {
  constexpr std::string_view kMonths = "JanFebMarAprMayJunJulAugSepOctNovDec";
  for (std::size_t month = 0; month < kMonths.size(); month += 3)
    if (at.eat(cut(kMonths, month, month + 3))) return true;
  return false;
}

bool skip_weekday(Cursor& at) {
  constexpr std::string_view kDays = "MonTueWedThuFriSatSun";
  for (std::size_t day = 0; day < kDays.size(); day += 3)
    if (at.eat(cut(kDays, day, day + 3))) return at.spaces() > 0;
  return false;
}

bool skip_clock(Cursor& at) {  // "10:19", "10:19:35", "10:19:35.123456", "10:19:35,123"
  if (at.digits() == 0 || !at.eat(':') || at.digits() == 0) return false;
  if (at.eat(':') && at.digits() == 0) return false;
  if (at.eat('.') || at.eat(',')) at.digits();
  return true;
}

// "Nov  9 10:19:35", "Mon Nov  9 10:19:35 2020", dmesg's "Nov30 10:19". `full`: with the year,
// as no syslog has it.
bool skip_syslog_date(Cursor& at, bool& full) {
  auto start = at.at();
  full = false;
  skip_weekday(at);
  if (skip_month(at)) {
    at.spaces();
    if (at.digits() > 0 && at.spaces() > 0 && skip_clock(at)) {
      auto end = at.at();
      full = at.spaces() > 0 && at.digits() == 4;
      if (!full) at.move_to(end);
      return true;
    }
  }
  at.move_to(start);
  return false;
}

bool skip_unix_time(Cursor& at) {  // journald's "1700000000.123456 host kernel:"
  auto start = at.at();
  if (at.digits() == 10 && at.eat('.') && at.digits() == 6 && at.peek() == ' ') return true;
  at.move_to(start);
  return false;
}

void skip_zone(Cursor& at) {  // "Z", "+01:00", "-0500", " CEST"
  if (at.eat('Z')) return;
  if (at.peek() == '+' || at.peek() == '-') {
    at.skip();
    at.digits();
    if (at.eat(':')) at.digits();
    return;
  }
  auto start = at.at();
  std::size_t letters = 0;
  at.spaces();
  while (is_upper(at.peek())) at.skip(), ++letters;
  if (letters < 3 || letters > 5 || at.peek() != ' ') at.move_to(start);
}

bool skip_iso_date(Cursor& at) {  // "2024-05-30T10:20:30.123456+02:00", "Thu 2024-05-30 10:20:30"
  auto start = at.at();
  skip_weekday(at);
  if (at.digits() == 4 && at.eat('-') && at.digits() == 2 && at.eat('-') && at.digits() == 2 &&
      (at.eat('T') || at.spaces() > 0) && skip_clock(at)) {
    skip_zone(at);
    return true;
  }
  at.move_to(start);
  return false;
}

bool skip_bracketed_date(Cursor& at) {  // "[Mon Nov  9 10:19:35 2020]", "[Nov 9 10:19]"
  auto start = at.at();
  bool full = false;
  if (at.eat('[') && (skip_syslog_date(at, full) || skip_iso_date(at))) {
    at.spaces();
    if (at.eat(']')) return true;
  }
  at.move_to(start);
  return false;
}

bool skip_caller(Cursor& at, Caller& caller) {  // "[T3469]", "[    C0]"
  auto start = at.at();
  at.spaces();
  if (at.eat('[')) {
    at.spaces();
    char kind = at.peek();
    std::int64_t number = 0;
    at.skip();
    if ((kind == 'T' || kind == 'C') && at.decimal(number) > 0 && at.eat(']')) {
      caller = {kind, static_cast<std::uint32_t>(number)};
      return true;
    }
  }
  at.move_to(start);
  return false;
}

// "program[12]:" or "program:"; a kernel's "Call Trace:" and the like begin with a capital.
bool names_program(std::string_view word, bool with_host) {
  if (word.empty() || word.back() != ':' || is_upper(word.front())) return false;
  return ends(word, "]:") || with_host;
}

bool skip_empty_fields(Cursor& at) {  // RFC 5424's " - - -" behind the program
  auto start = at.at();
  if (at.eat(" - - -")) return true;
  at.move_to(start);
  return false;
}

// "kernel: ", "host kernel: " where a logger was told to leave the time out.
bool skip_untimed_program(Cursor& at) {
  if (at.eat("kernel: ")) return true;
  auto start = at.at();
  auto host = at.word();
  if (!host.empty() && host.back() != ':' && at.eat(" kernel: ")) return true;
  at.move_to(start);
  return false;
}

// "host kernel:", "kernel:", "kernel[0]:" behind a logger's time. Of another program's name only
// the fact is kept; `with_host` where the time is one that a host and a program always follow.
bool skip_program(Cursor& at, bool with_host, bool& foreign) {
  auto start = at.at();
  for (int word = 0; word < 2; ++word) {
    at.spaces();
    auto program = at.word();
    if (program.empty() || program.front() == '[') break;
    if (begins(program, "kernel:") || begins(program, "kernel[") || begins(program, "klogd:"))
      return true;
    if (same(program, "kernel") && skip_empty_fields(at)) return true;
    if (word == 1) foreign = names_program(program, with_host);
    if (program.back() == ':') break;
  }
  at.move_to(start);
  return false;
}

struct State {
  bool quoted = false, dated = false, syslog = false, named = false, timed = false;
};

bool skip_layer(Cursor& at, State& state, Prefix& prefix) {
  if (skip_escape(at) || skip_level(at) || skip_facility(at)) return true;
  if (!state.timed && skip_record(at)) return state.timed = true;
  if (!state.timed && !state.dated && skip_quote(at, state.quoted)) return state.quoted = true;
  if (skip_uptime(at)) return state.timed = true;
  if (skip_bracketed_date(at)) return state.timed = true;
  bool full = false;
  if (skip_syslog_date(at, full)) return state.syslog = !full, state.dated = true;
  if (skip_iso_date(at) || skip_unix_time(at)) return state.dated = true;
  if (state.timed && prefix.caller.kind == 0 && skip_caller(at, prefix.caller)) return true;
  if (!state.dated && !state.timed) return skip_untimed_program(at);
  bool foreign = false;
  if (!state.named && skip_program(at, state.syslog, foreign)) return state.named = true;
  prefix.foreign = foreign && state.dated && !state.named;
  return false;
}

// Where the message behind the first uptime in `text` begins; 0 where there is none.
std::size_t behind_inner_time(std::string_view text) {
  for (std::size_t at = 0; at + 4 < text.size(); ++at) {
    if (text[at] != '[') continue;
    Cursor cursor(text);
    cursor.move_to(at);
    if (skip_uptime(cursor)) return cursor.at();
  }
  return 0;
}

// Without the line's end, blanks, and colours that are switched off there.
std::string_view without_end(std::string_view line) {
  for (;;) {
    while (!line.empty() && (line.back() == '\r' || line.back() == '\n' || line.back() == ' '))
      line.remove_suffix(1);
    auto length = line.size();
    while (length > 0 && line.size() - length < 8 && line[length - 1] != '\x1b') --length;
    if (length == 0 || line[length - 1] != '\x1b') return line;
    Cursor at(line);
    at.move_to(length - 1);
    if (!skip_escape(at) || !at.at_end()) return line;
    line = cut(line, 0, length - 1);
  }
}

}  // namespace

Prefix strip_prefix(std::string_view line) {
  line = without_end(line);
  Prefix prefix;
  State state;
  Cursor at(line);
  for (int layer = 0; layer < kLayers; ++layer) {
    auto start = at.at();
    if (layer > 0 && at.peek() == ' ') at.skip();  // one blank belongs to the layer before
    if (skip_layer(at, state, prefix)) continue;
    at.move_to(start);
    if (at.spaces() > 0 && at.peek() == '[' && skip_layer(at, state, prefix)) continue;
    at.move_to(start);
    if (state.timed || layer >= kLayers - 1) break;
    auto behind = behind_inner_time(at.rest());
    if (behind == 0) break;
    at.skip(behind);
    state.timed = true;
    prefix.foreign = false;
  }
  if (at.at() > 0 && at.peek() == ' ') at.skip();
  prefix.message = at.rest();
  prefix.stamped = state.timed || state.dated;
  return prefix;
}

}  // namespace ringside::oops
