// Frames in a line. A place is read by read_place(): an address, a symbol with offset and size, a
// module, what a decoder added; the shapes of the architectures are functions that say which
// punctuation stands around places. Shapes that could be mistaken for ordinary text are looked for
// inside of a report only.
#include "core/oops/line.hh"
#include "core/oops/text.hh"

namespace ringside::oops {
namespace {

constexpr std::size_t kLongestName = 512;  // KSYM_NAME_LEN

// "[<ffffffff81000000>]", "[<(ptrval)>]", "[<00000000deadbeef>]".
bool read_bracketed_address(Cursor& at, Frame& frame) {
  auto start = at.at();
  if (at.eat("[<")) {
    if (at.eat("(ptrval)>]") || at.eat("(____ptrval____)>]")) return true;
    if (at.hex(frame.address) >= 8 && at.eat(">]")) return frame.has_address = true;
  }
  at.move_to(start);
  return false;
}

// "[c000000010f930b0]"
bool read_plain_bracketed(Cursor& at, std::uint64_t& address) {
  auto start = at.at();
  if (at.eat('[')) {
    auto digits = at.hex(address);
    if ((digits == 8 || digits == 16) && at.eat(']')) return true;
  }
  at.move_to(start);
  return false;
}

bool read_number(Cursor& at, std::uint64_t& value) {
  return at.eat("0x") ? at.hex(value) > 0 : false;
}

// "+0x12/0x34", "+0x12", ksymoops' "+12/34"
bool read_offset(Cursor& at, Frame& frame) {
  auto start = at.at();
  if (!at.eat('+')) return false;
  bool prefixed = begins(at.rest(), "0x");
  bool good = prefixed ? read_number(at, frame.offset) : at.hex(frame.offset) > 0;
  bool sized =
      good && at.eat('/') && (prefixed ? read_number(at, frame.size) : at.hex(frame.size) > 0);
  if (sized) return frame.has_offset = true;
  at.move_to(start);
  return false;
}

// " [ext4]", "[ext4]", " [ext4 0123456789abcdef]", "[drm(O)]": a module, perhaps its build-id.
void read_module(Cursor& at, Frame& frame) {
  auto start = at.at();
  at.spaces();
  if (at.eat('[')) {
    auto name_start = at.at();
    while (is_name(at.peek()) || at.peek() == '-') at.skip();
    auto name = at.since(name_start);
    if (at.eat(' ')) {
      auto id_start = at.at();
      std::uint64_t ignored = 0;
      if (at.hex(ignored) >= 16) frame.build_id = at.since(id_start);
    }
    if (!name.empty() && at.eat(']') && !same(name, "inline")) {
      frame.module = name;
      return;
    }
    frame.build_id = {};
  }
  at.move_to(start);
}

bool is_source_char(char c) {
  return is_name(c) || c == '/' || c == '-' || c == '+' || c == ',';
}

// "fs/open.c:12" or "fs/open.c:12:5"; empty where none stands here.
std::string_view read_source(Cursor& at) {
  auto start = at.at();
  while (is_source_char(at.peek())) at.skip();
  bool named = at.at() > start && has(at.since(start), ".");
  if (named && at.eat(':') && (at.eat('?') || at.digits() > 0)) {
    if (at.peek() == ':' && is_digit(at.peek(1))) at.skip(), at.digits();
    return at.since(start);
  }
  at.move_to(start);
  return {};
}

// " fs/open.c:12", " (fs/open.c:12 include/linux/x.h:3 (discriminator 2))", " [inline]"
void read_annotation(Cursor& at, Frame& frame) {
  auto start = at.at();
  at.spaces();
  bool parenthesis = at.eat('(');
  auto source_start = at.at();
  auto first = read_source(at);
  if (first.empty()) return at.move_to(start);
  if (parenthesis) {
    int depth = 1;
    for (; !at.at_end() && depth > 0; at.skip()) {
      if (at.peek() == '(') ++depth;
      if (at.peek() == ')' && --depth == 0) break;
    }
    frame.source = at.since(source_start);
    (void)at.eat(')');
  } else {
    frame.source = first;
  }
  auto end = at.at();
  at.spaces();
  if (at.eat("[inline]")) {
    frame.inlined = true;
  } else {
    at.move_to(end);
  }
}

void read_flags(Cursor& at, Frame& frame) {  // " (unreliable)", arm64's " (P)", " (C)"
  auto start = at.at();
  at.spaces();
  if (at.eat("(unreliable)")) {
    frame.unreliable = true;
    return;
  }
  if (at.peek() == '(' && is_upper(at.peek(1))) {
    at.skip();
    while (is_upper(at.peek())) at.skip();
    if (at.eat(')')) return;
  }
  at.move_to(start);
}

std::string_view read_symbol(Cursor& at) {
  auto start = at.at();
  if (is_digit(at.peek()) || !is_name(at.peek())) return {};
  auto name = at.name();
  if (name.size() <= kLongestName && !same(name, ".")) return name;
  at.move_to(start);
  return {};
}

// "0xffffffff81000000" where a symbol would stand.
bool read_hex_place(Cursor& at, Frame& frame) {
  auto start = at.at();
  if (read_number(at, frame.address) && !is_name(at.peek()) && at.peek() != '+')
    return frame.has_address = true;
  at.move_to(start);
  return false;
}

// "name+0x1/0x2 [module] file:line", behind an address or without one.
bool read_place(Cursor& at, Frame& frame) {
  auto start = at.at();
  frame.symbol = read_symbol(at);
  if (!frame.symbol.empty() && read_offset(at, frame)) {
    read_module(at, frame);
    read_annotation(at, frame);
    if (frame.module.empty() && !frame.source.empty()) read_module(at, frame);
    read_flags(at, frame);
    frame.text = at.since(start);
    return true;
  }
  frame.symbol = {};
  at.move_to(start);
  return false;
}

// A place of user space: what an x86 or arm64 CPU with user registers says.
void judge(Frame& frame) {
  if (frame.has_address && frame.symbol.empty() && frame.address < 0x0100'0000'0000'0000 &&
      frame.address > 0xffff'ffff)
    frame.user = frame.address < 0x0000'8000'0000'0000;
  if (frame.has_offset && frame.offset == 0) frame.exact = true;  // no call ends before a symbol
}

// "[<c0014318>] (dump_backtrace) from [<c001457c>] (show_stack+0x24/0x2c [module])", and since
// 5.18 "dump_backtrace from show_stack+0x24/0x2c".
bool read_from(Cursor& at, Frame& callee, Frame& caller) {
  auto start = at.at();
  bool old = read_bracketed_address(at, callee);
  if (old) at.spaces();
  bool parenthesis = old && at.eat('(');
  if (!read_place(at, callee)) callee.symbol = read_symbol(at);
  bool good =
      !callee.symbol.empty() && (!parenthesis || at.eat(')')) && at.spaces() > 0 && at.eat("from ");
  if (good) {
    auto place_start = at.at();
    if (read_bracketed_address(at, caller)) at.spaces();
    bool inner = at.eat('(');
    good = read_place(at, caller) || (inner && !(caller.symbol = read_symbol(at)).empty()) ||
           read_hex_place(at, caller) || caller.has_address;
    if (inner) (void)at.eat(')');
    caller.text = at.since(place_start);
  }
  if (!good) at.move_to(start), callee = caller = {};
  return good;
}

bool add_from(std::string_view message, Line& line) {
  Cursor at(message);
  at.spaces();
  Frame callee, caller;
  if (!read_from(at, callee, caller)) return false;
  callee.role = Role::kCallee;
  callee.exact = true;
  judge(caller);
  line.add(caller);
  line.add(callee);
  return true;
}

// x86, arm64, riscv, mips, s390, alpha, ia64, parisc, sparc: "[<addr>] ? name+0x1/0x2 [module]",
// "([<addr>] name)", "name+0x1/0x2", "? name+0x1/0x2", "[addr] name+0x1/0x2".
bool add_plain(std::string_view message, Line& line) {
  Cursor at(message);
  at.spaces();
  Frame frame;
  auto start = at.at();
  while (at.peek() == '<' && is_upper(at.peek(1 + (at.peek(1) == '<')))) {  // "<NMI>", "<<EOE>>"
    while (!at.at_end() && !at.eat('>')) at.skip();
    (void)at.eat('>');
    at.spaces();
    start = at.at();
  }
  bool parenthesis = at.eat('(');
  std::uint64_t stack = 0;
  bool bracketed = read_bracketed_address(at, frame);
  if (!bracketed && !parenthesis && read_plain_bracketed(at, stack)) {
    at.spaces();
    frame.has_address = true;
    if (!read_plain_bracketed(at, frame.address)) frame.address = stack;  // ppc has both
    bracketed = true;
  }
  at.spaces();
  if (at.peek() == '?' && (at.peek(1) == ' ' || at.peek(1) == '\t')) {
    frame.guess = true;
    at.skip();
    at.spaces();
  }
  bool placed = read_place(at, frame);
  if (!placed && bracketed) {
    bool numeric = read_hex_place(at, frame);
    if (!numeric && stack != 0) return false;
    if (!numeric) read_module(at, frame);
    if (!numeric && !at.at_end() && at.peek() != ')') return false;
    placed = true;
  }
  if (!placed || (parenthesis && !bracketed)) return false;
  if (parenthesis) frame.unreliable = true;
  if (parenthesis) (void)at.eat(')');
  frame.text = at.since(start);
  judge(frame);
  line.add(frame);
  return true;
}

// Inside of a trace only: syzbot's "name file.c:12 [inline]", the kernel test robot's
// "? name (file.c:12) module", a lone "0xffffffff81000000".
bool add_annotated(std::string_view message, Line& line) {
  Cursor at(message);
  at.spaces();
  Frame frame;
  auto start = at.at();
  if (at.eat("? ")) frame.guess = true;
  frame.symbol = read_symbol(at);
  if (!frame.symbol.empty()) {
    read_annotation(at, frame);
    if (frame.source.empty()) return false;
    auto end = at.at();
    at.spaces();
    frame.module = frame.inlined ? std::string_view() : read_symbol(at);
    if (frame.module.empty()) at.move_to(end);
  } else if (!read_hex_place(at, frame)) {
    return false;
  }
  at.spaces();
  if (!at.at_end()) return false;
  frame.text = trimmed(at.since(start));
  judge(frame);
  line.add(frame);
  return true;
}

// What stands behind the name of a program counter: "0010:[<addr>]  [<addr>] name+0x1/0x2",
// "0033:0x7f1234567890", "<name+0x1/0x2>", "0000000012345678 (name+0x1/0x2)".
bool add_place(Cursor at, Role role, bool exact, Line& line) {
  at.spaces();
  auto start = at.at();
  Frame frame;
  std::uint64_t segment = 0;
  bool user = false;
  if (at.hex(segment) == 4 && at.eat(':')) {
    user = (segment & 3) == 3;
  } else {
    at.move_to(start);
  }
  while (read_bracketed_address(at, frame)) at.spaces();
  std::uint64_t plain = 0;
  auto digits_start = at.at();
  if (auto digits = at.hex(plain); (digits == 8 || digits == 16) && !is_name(at.peek())) {
    frame.address = plain;
    frame.has_address = true;
    at.spaces();
  } else {
    at.move_to(digits_start);
  }
  bool wrapped = at.eat('<') || at.eat('(') || at.eat('[');
  if (!read_place(at, frame) && !read_hex_place(at, frame) && !frame.has_address) return false;
  if (wrapped) (void)(at.eat('>') || at.eat(')') || at.eat(']'));
  judge(frame);
  frame.text = at.since(start);
  frame.role = role;
  frame.exact |= exact;
  frame.user |= user;
  line.add(frame);
  return true;
}

struct Register {
  std::string_view head;
  Role role;
  bool exact;
};

constexpr Register kPlaces[] = {
    {"RIP:", Role::kFault, true},      {"RIP ", Role::kFault, true},
    {"EIP:", Role::kFault, true},      {"EIP is at ", Role::kFault, true},
    {"IP: ", Role::kFault, true},      {"PC is at ", Role::kFault, true},
    {"LR is at ", Role::kLink, false}, {"pc is at ", Role::kFault, true},
    {"ra is at ", Role::kLink, false}, {"ip is at ", Role::kFault, true},
    {"pc : ", Role::kFault, true},     {"lr : ", Role::kLink, false},
    {"TPC: ", Role::kFault, true},     {"RPC: ", Role::kLink, false},
    {"I7: ", Role::kLink, false},      {"IAOQ[0]: ", Role::kFault, true},
    {"IAOQ[1]: ", Role::kFault, true}, {"RP(r2): ", Role::kLink, false},
    {"epc : ", Role::kFault, true},    {"epc   : ", Role::kFault, true},
    {"ra    : ", Role::kLink, false},  {" ra : ", Role::kLink, false},
};

// "NIP [c000000008068dfc] name+0x1/0x2", "LR [...] ...": powerpc's second mention, with the name.
// Its frame is not to lie on the stack below add_place()'s.
[[gnu::noinline]] bool add_powerpc(std::string_view message, Line& line) {
  Cursor at(message);
  bool nip = at.eat("NIP ");
  if (!nip && !at.eat("LR ")) return false;
  Frame frame;
  auto start = at.at();
  if (!read_plain_bracketed(at, frame.address)) return false;
  frame.has_address = true;
  at.spaces();
  (void)(read_place(at, frame) || read_hex_place(at, frame));
  frame.text = at.since(start);
  frame.role = nip ? Role::kFault : Role::kLink;
  frame.exact |= nip;
  line.add(frame);
  return true;
}

bool add_registers(std::string_view message, Line& line) {
  for (const auto& place : kPlaces) {
    if (place.head[0] != message[0] || !begins(message, place.head)) continue;
    Cursor at(message);
    at.skip(place.head.size());
    if (!add_place(at, place.role, place.exact, line)) continue;
    if (auto second = find(message, " ra : "); second != kNowhere && message[0] == 'e') {
      at.move_to(second + 6);  // riscv names both in one line
      add_place(at, Role::kLink, false, line);
    }
    if (auto second = find(message, " lr : ["); second != kNowhere) {  // arm too
      at.move_to(second + 6);
      add_place(at, Role::kLink, false, line);
    }
    return true;
  }
  if (begins(message, "Krnl PSW : ")) {
    Cursor at(message);
    at.skip(11);
    (void)at.word();  // the mask
    return add_place(at, Role::kFault, true, line);
  }
  return add_powerpc(message, line);
}

// What the CPU's place has behind it on its line: registers, or what we have added. Prose goes on
// in words.
bool is_registers(std::string_view rest) {
  Cursor at(rest);
  at.spaces();
  if (at.at_end() || at.peek() == '#') return true;
  auto name = at.word();
  at.spaces();
  return ends(name, ":") || at.peek() == ':';
}

// The CPU's own place in the kernel, where no report is open: its beginning may be lost up to here.
// A mere address counts with a segment or the kernel's brackets.
bool add_lost_beginning(std::string_view message, Line& line) {
  if (!add_registers(message, line)) return false;
  const auto& frame = line.frames[0];
  auto text = frame.text;
  bool marked = begins(text, "[<") || (text.size() > 4 && text[4] == ':');
  auto behind = static_cast<std::size_t>(text.data() + text.size() - message.data());
  if (frame.role == Role::kFault && !frame.user && (frame.has_offset || marked) &&
      is_registers(cut(message, behind)))
    return true;
  line.frame_count = 0;
  return false;
}

// sparc's "TPC[name+0x1/0x2] O7[...] I7[...] RPC[...]" and "Caller[addr]: name+0x1/0x2".
bool add_sparc(std::string_view message, Line& line) {
  if (begins(message, "Caller[")) {
    Cursor at(message);
    at.skip(6);
    Frame frame;
    if (!read_plain_bracketed(at, frame.address) || !at.eat(": ")) return false;
    frame.has_address = true;
    if (!read_place(at, frame)) (void)read_hex_place(at, frame);
    frame.role = Role::kCopy;
    line.add(frame);
    return true;
  }
  for (std::string_view head : {"TPC[", "O7[", "I7[", "RPC["}) {
    auto found = find(message, head);
    if (found == kNowhere || (found > 0 && is_letter(message[found - 1]))) continue;
    Cursor at(message);
    at.move_to(found + head.size());
    Frame frame;
    if (!read_place(at, frame)) continue;
    frame.role = head[0] == 'T' ? Role::kFault : Role::kLink;
    frame.exact |= head[0] == 'T';
    line.add(frame);
  }
  return line.frame_count > 0;
}

// ksymoops: "Trace; c013f6c0 <name+0/230>", ">>EIP; c013f791 <name+d1/230>" (quotes are gone).
bool add_ksymoops(std::string_view message, Line& line) {
  auto semicolon = find(cut(message, 0, 8), "; ");
  if (semicolon == kNowhere) return false;
  Cursor at(message);
  at.skip(semicolon + 2);
  Frame frame;
  at.spaces();
  if (at.hex(frame.address) < 8 || !at.eat(" <") || !read_place(at, frame)) return false;
  frame.has_address = true;
  frame.role = Role::kCopy;
  frame.exact = !begins(message, "Trace;");
  line.add(frame);
  return true;
}

// "... at: [<addr>] name+0x1/0x2", "(lock){...}, at: name+0x1/0x2", "last enabled at (1): name"
bool add_lock(std::string_view message, Line& line) {
  auto found = find(message, "at: ");
  std::size_t behind = 4;
  if (found == kNowhere) found = find(message, "abled at ("), behind = 10;
  if (found == kNowhere) return false;
  Cursor at(message);
  at.skip(found + behind);
  if (behind == 10 && (at.digits() == 0 || !at.eat("): "))) return false;
  Frame frame;
  auto start = at.at();
  if (read_bracketed_address(at, frame)) at.spaces();
  if (!read_place(at, frame) && !frame.has_address) return false;
  frame.role = Role::kLock;
  frame.text = at.since(start);
  line.add(frame);
  return true;
}

}  // namespace

bool read_frames(std::string_view message, bool inside, Line& line) {
  if (message.empty()) return false;
  if (add_plain(message, line) || add_from(message, line)) return true;
  if (!inside) return add_lost_beginning(message, line);
  return add_registers(message, line) || add_annotated(message, line) || add_sparc(message, line) ||
         add_ksymoops(message, line) || add_lock(message, line);
}

// The first place "name+0x1/0x2" behind `from`, as headlines have it.
bool read_named(std::string_view message, std::size_t from, bool exact, Line& line) {
  Cursor at(message);
  for (at.move_to(from); !at.at_end(); at.skip()) {
    if (!is_letter(at.peek()) && at.peek() != '_') continue;
    Frame frame;
    if (read_place(at, frame)) {
      frame.role = Role::kNamed;
      frame.exact |= exact;
      line.add(frame);
      return true;
    }
    while (is_name(at.peek())) at.skip();
  }
  return false;
}

}  // namespace ringside::oops
