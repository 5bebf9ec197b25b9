// Headlines are told by their first words, from a table; a few have a shape instead. The table is
// ordered by first letter so that an ordinary line of a log is compared with few entries. Sources:
// the printk formats in 2.6 to 7.x under arch/*/mm/fault.c, arch/*/kernel/traps.c, kernel/panic.c,
// lib/bug.c, kernel/locking/lockdep.c, mm/kasan, mm/kfence, kernel/kcsan, lib/ubsan.c,
// kernel/watchdog.c, kernel/hung_task.c, kernel/rcu.
#include "core/oops/headline.hh"

#include "core/oops/text.hh"

namespace ringside::oops {

bool read_named(std::string_view message, std::size_t from, bool exact, Line& line);  // frame.cc

namespace {

struct Head {
  std::string_view text;
  Kind kind;
  bool certain;  // is a report even where nothing follows
};

constexpr Head kHeads[] = {
    {"BUG: kernel NULL pointer dereference", Kind::kNullDereference, false},
    {"BUG: unable to handle kernel NULL pointer", Kind::kNullDereference, false},
    {"BUG: Kernel NULL pointer dereference", Kind::kNullDereference, false},
    {"BUG: unable to handle page fault", Kind::kPageFault, false},
    {"BUG: unable to handle kernel paging", Kind::kPageFault, false},
    {"BUG: Unable to handle kernel", Kind::kPageFault, false},
    {"BUG: unable to handle", Kind::kPageFault, false},
    {"BUG: KASAN: ", Kind::kKasan, false},
    {"BUG: KFENCE: ", Kind::kKfence, false},
    {"BUG: KCSAN: ", Kind::kKcsan, false},
    {"BUG: KMSAN: ", Kind::kKmsan, false},
    {"BUG: soft lockup - CPU#", Kind::kSoftLockup, true},
    {"BUG: workqueue lockup", Kind::kWorkqueueLockup, true},
    {"BUG: sleeping function called", Kind::kAtomicSleep, false},
    {"BUG: scheduling while atomic", Kind::kAtomicSleep, false},
    {"BUG: spinlock", Kind::kSpinlock, false},
    {"BUG: rwlock", Kind::kSpinlock, false},
    {"BUG: Bad page", Kind::kBadPage, false},
    {"BUG: Bad rss-counter", Kind::kBadPage, true},
    {"BUG: TASK stack guard page was hit", Kind::kStackOverflow, false},
    {"BUG: IRQ stack guard page was hit", Kind::kStackOverflow, false},
    {"BUG: stack guard page was hit", Kind::kStackOverflow, false},
    {"BUG: Invalid wait context", Kind::kLockdep, false},
    {"BUG: ", Kind::kBug, false},
    {"BUG kmem", Kind::kSlab, true},
    {"BUG ", Kind::kSlab, false},
    {"Badness at ", Kind::kWarning, false},
    {"CPU: self-detected hard LOCKUP", Kind::kHardLockup, true},
    {"INFO: possible ", Kind::kLockdep, false},
    {"INFO: suspicious RCU usage", Kind::kRcuUsage, false},
    {"INFO: inconsistent lock state", Kind::kLockdep, false},
    {"INFO: trying to register non-static key", Kind::kLockdep, false},
    {"Insufficient stack space to handle exception", Kind::kStackOverflow, false},
    {"Kernel BUG at ", Kind::kBug, false},
    {"Kernel bug detected", Kind::kBug, false},
    {"Kernel attempted to ", Kind::kPageFault, false},
    {"Kernel access of bad area", Kind::kPageFault, false},
    {"PANIC: double fault", Kind::kDoubleFault, false},
    {"Page fault: bad address", Kind::kPageFault, false},
    {"UBSAN: ", Kind::kUbsan, false},
    {"Unable to handle kernel NULL pointer", Kind::kNullDereference, false},
    {"Unable to handle kernel ", Kind::kPageFault, false},
    {"WARNING: possible ", Kind::kLockdep, false},
    {"WARNING: suspicious RCU usage", Kind::kRcuUsage, false},
    {"WARNING: inconsistent lock state", Kind::kLockdep, false},
    {"WARNING: bad unlock balance", Kind::kLockdep, false},
    {"WARNING: Nested lock was not taken", Kind::kLockdep, false},
    {"WARNING: held lock freed", Kind::kLockdep, false},
    {"WARNING: lock held when returning", Kind::kLockdep, false},
    {"WARNING: still has locks held", Kind::kLockdep, false},
    {"WARNING: HARDIRQ-safe", Kind::kLockdep, false},
    {"WARNING: SOFTIRQ-safe", Kind::kLockdep, false},
    {"WARNING: Invalid wait context", Kind::kLockdep, false},
    {"WARNING: kernel stack", Kind::kStackOverflow, false},
    {"Watchdog detected hard LOCKUP", Kind::kHardLockup, true},
    {"kernel BUG at ", Kind::kBug, false},
    {"kernel stack overflow", Kind::kStackOverflow, false},
    {"list_add corruption", Kind::kListCorruption, false},
    {"list_del corruption", Kind::kListCorruption, false},
    {"traps: PANIC: double fault", Kind::kDoubleFault, false},
    {"usercopy: Kernel memory ", Kind::kBug, false},
};

// Exceptions: what the CPU's own handlers print, with "[#1]" somewhere behind it.
constexpr Head kExceptions[] = {
    {"Oops: general protection fault", Kind::kProtectionFault, false},
    {"general protection fault", Kind::kProtectionFault, false},
    {"Oops: double fault", Kind::kDoubleFault, false},
    {"double fault", Kind::kDoubleFault, false},
    {"stack guard page", Kind::kStackOverflow, false},
    {"invalid opcode", Kind::kBug, false},
    {"Oops: invalid opcode", Kind::kBug, false},
    {"Internal error: Oops - BUG", Kind::kBug, false},
    {"kernel bug detected", Kind::kBug, false},
};

bool matches(const Head& head, std::string_view message) {
  return head.text[0] == message[0] && begins(message, head.text);
}

// The names of watchdogs and subsystems before the words that count.
std::string_view without_source(std::string_view message) {
  for (std::string_view source : {"NMI watchdog: ", "watchdog: ", "Watchdog ", "rcu: "})
    if (begins(message, source) && !begins(message, "Watchdog detected"))
      message = cut(message, source.size());
  return message;
}

// "[ INFO: possible recursive locking detected ]": before 4.11.
bool read_bracketed(std::string_view message, Line& line) {
  if (!begins(message, "[ INFO: ") && !begins(message, "[ BUG: ")) return false;
  auto close = find(message, " ]");
  line.subject = cut(message, 2, close);
  line.report = has(message, "RCU usage") ? Kind::kRcuUsage : Kind::kLockdep;
  line.kind = LineKind::kHeadline;
  return true;
}

// "WARNING: CPU: 0 PID: 1 at f.c:12 f+0x1/0x2", "WARNING: at f.c:12 ...", "WARNING: f.c:12 at ...".
bool read_warning(std::string_view message, Line& line) {
  if (!begins(message, "WARNING: ")) return false;
  Cursor at(message);
  at.skip(9);
  bool is_warning = begins(at.rest(), "CPU: ") || begins(at.rest(), "at ");
  if (!is_warning) {
    auto word = at.word();
    auto colon = find(word, ":");
    is_warning = has(word, ".") && colon != kNowhere && is_digit(cut(word, colon + 1)[0]);
  }
  if (!is_warning) return false;
  auto place = find(message, " at ");
  read_named(message, place == kNowhere ? 9 : place + 3, true, line);
  line.kind = LineKind::kHeadline;
  line.report = Kind::kWarning;
  line.subject = message;
  return true;
}

// "INFO: task NAME:PID blocked for more than", "INFO: rcu_sched self-detected stall".
bool read_info(std::string_view message, Line& line) {
  if (!begins(message, "INFO: ")) return false;
  bool hung = begins(message, "INFO: task ") &&
              (has(message, " blocked for more than") || has(message, " is blocked on "));
  bool stall = begins(message, "INFO: rcu") && has(message, "stall");
  bool dump = begins(message, "INFO: NMI handler") || !(hung || stall);
  if (dump) return false;
  line.kind = LineKind::kHeadline;
  line.report = hung ? Kind::kHungTask : Kind::kRcuStall;
  line.certain = true;
  line.subject = message;
  return true;
}

// Where "[#1]" stands in "Oops: 0000 [#1] SMP", "Oops[#1]:"; kNowhere.
std::size_t find_counter(std::string_view message) {
  for (auto at = find(message, "[#"); at != kNowhere; at = find(message, "[#", at + 2)) {
    Cursor cursor(message);
    cursor.move_to(at + 2);
    if (cursor.digits() > 0 && cursor.eat(']')) return at;
  }
  return kNowhere;
}

// The exception's code before the counter: ": 0000 [#1]", ": 0004 ilc:3 [#1]".
bool has_code(std::string_view before) {
  before = trimmed(before);
  if (auto length = find(before, " ilc:"); length != kNowhere) before = cut(before, 0, length);
  if (before.size() < 6) return false;
  Cursor digits(cut(before, before.size() - 4));
  std::uint64_t ignored = 0;
  return digits.hex(ignored) == 4 && ends(cut(before, 0, before.size() - 4), ": ");
}

// "[#1]" also counts issues in prose: who counts exceptions says which.
bool is_exception(std::string_view message, std::size_t counter, bool& certain) {
  auto before = cut(message, 0, counter);
  auto plain = trimmed(before);
  certain = has_code(before) || begins(message, "Oops") || ends(plain, ": Oops") ||
            begins(message, "Internal error: ");
  if (certain) return true;
  for (std::string_view word : {"Oops", "fault", "BUG", "bug detected", "exception", "illegal",
                                "bad sw trap", "error", "overflow", "instruction", "Kernel"})
    if (has(before, word)) return true;
  return false;
}

bool is_ia64_exception(std::string_view message) {
  Cursor at(message);
  while (!at.at_end() && at.peek() != '[' && at.peek() != ' ') at.skip();
  if (!at.eat('[') || at.digits() == 0 || !at.eat("]: ")) return false;
  auto text = trimmed(at.rest());
  if (!ends(text, "]") || text.size() < 6) return false;
  bool counted = false;
  for (auto last = text.size() - 2; last > 0 && !counted; --last) {
    if (text[last] == '[') counted = last + 2 < text.size() && text[last - 1] == ' ';
    if (!is_digit(text[last])) break;
  }
  return counted && (has(text, "bugcheck!") || has(text, "Oops") || has(text, "consumption") ||
                     has(text, "Exception") || has(text, "fault"));
}

// alpha's "cp(19064): Oops 0", "a.out(1375934): Oops -1".
bool is_alpha_exception(std::string_view message) {
  auto oops = find(message, "): Oops ");
  return oops != kNowhere && oops < 40 && message.size() < oops + 16;
}

// The address of a fault: the last hexadecimal word of 8 digits or more that is all of a word.
void read_fault_address(std::string_view message, Line& line) {
  auto place = find(message, "address");
  if (place == kNowhere) place = find(message, "dereference at ");
  if (place == kNowhere) place = find(message, " at 0x");
  if (place == kNowhere) return;
  Cursor at(message);
  for (at.move_to(place); !at.at_end() && !line.has_value; at.skip()) {
    (void)at.eat("0x");
    auto digits = at.hex(line.value);
    line.has_value = digits >= 8 || (digits > 0 && begins(at.since(at.at() - digits - 1), "x"));
    while (is_name(at.peek())) at.skip();
  }
}

bool read_exception(std::string_view message, Line& line) {
  auto counter = find_counter(message);
  bool certain = false;
  bool numbered = counter != kNowhere && is_exception(message, counter, certain);
  bool internal = begins(message, "Internal error: ");
  bool old = is_ia64_exception(message) || is_alpha_exception(message);
  if (!numbered && !internal && !begins(message, "general protection fault") &&
      !begins(message, "Oops: ") && !old)
    return false;
  line.kind = LineKind::kDie;
  line.certain = certain || old;
  line.report = has(message, "bugcheck!") ? Kind::kBug : Kind::kOops;
  if (has(message, "address")) read_fault_address(message, line);
  for (const auto& head : kExceptions)
    if (matches(head, message)) {
      line.report = head.kind;
      break;
    }
  line.subject = message;
  return true;
}

bool read_panic(std::string_view message, Line& line) {
  for (std::string_view head : {"Kernel panic - not syncing: ", "Kernel panic: "}) {
    if (!begins(message, head)) continue;
    line.kind = LineKind::kPanic;
    line.report = Kind::kPanic;
    line.certain = has(head, "not syncing");
    line.subject = cut(message, head.size());
    return true;
  }
  return false;
}

bool is_slab(std::string_view message) {  // "BUG kmalloc-64 (Not tainted): Poison overwritten"
  return has(message, " (Not tainted): ") || has(message, " (Tainted: ");
}

bool read_table(std::string_view message, Line& line) {
  for (const auto& head : kHeads) {
    if (!matches(head, message)) continue;
    if (head.kind == Kind::kSlab && !is_slab(message)) return false;
    line.kind = LineKind::kHeadline;
    line.report = head.kind;
    line.certain = head.certain;
    line.subject = message;
    bool accused = head.kind == Kind::kKasan || head.kind == Kind::kKfence ||
                   head.kind == Kind::kKcsan || head.kind == Kind::kKmsan;
    if (accused) read_named(message, head.text.size(), false, line);
    read_fault_address(message, line);
    return true;
  }
  return false;
}

// "CPU 1 Unable to handle kernel paging request ..., epc == 8067f8f8, ra == ...": mips.
bool read_mips(std::string_view message, Line& line) {
  Cursor at(message);
  return at.eat("CPU ") && at.digits() > 0 && at.eat(' ') && begins(at.rest(), "Unable to") &&
         read_table(at.rest(), line);
}

bool is_possible(char first) {
  switch (first) {
    case 'B':
    case 'C':
    case 'I':
    case 'K':
    case 'N':
    case 'P':
    case 'U':
    case 'W':
    case 'k':
    case 'l':
    case 'r':
    case 't':
    case 'u':
    case 'w':
    case '[':
      return true;
    default:
      return false;
  }
}

bool is_allocation_failure(std::string_view message) {
  auto failure = find(message, ": page allocation failure: order:");
  return (failure != kNowhere && failure < 40) || has(message, " invoked oom-killer: ");
}

}  // namespace

bool read_headline(std::string_view message, Line& line) {
  if (message.empty()) return false;
  if (is_possible(message[0])) {
    auto words = without_source(message);
    if (words.empty()) return false;
    if (read_bracketed(words, line) || read_warning(words, line) || read_info(words, line) ||
        read_panic(words, line) || read_mips(words, line) || read_table(words, line))
      return true;
    if (has(words, "detected hard LOCKUP") && has(words, "CPU")) {
      line.kind = LineKind::kHeadline;
      line.report = Kind::kHardLockup;
      line.subject = words;
      return line.certain = true;
    }
  }
  if (read_exception(message, line)) return true;
  if (!is_allocation_failure(message)) return false;
  line.kind = LineKind::kHeadline;
  line.report = Kind::kAllocation;
  line.subject = message;
  return true;
}

}  // namespace ringside::oops
