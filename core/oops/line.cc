// What a line is. The order of the questions: a headline, a line with a keyword that only reports
// have, a frame, and, inside of a report only, words of memory and registers.
#include "core/oops/line.hh"

#include "core/oops/headline.hh"
#include "core/oops/text.hh"

namespace ringside::oops {
namespace {

struct Keyword {
  std::string_view head;
  LineKind kind;
};

// Lines that may begin a report where none is open.
constexpr Keyword kKeywords[] = {
    {"------------[ cut here ]------------", LineKind::kCutHere},
    {"---[ end trace ", LineKind::kEndTrace},
    {"---[ end Kernel panic", LineKind::kEndPanic},
    {"Modules linked in:", LineKind::kModules},
    {"Call Trace:", LineKind::kTrace},
    {"Call trace:", LineKind::kTrace},
    {"Backtrace:", LineKind::kTrace},
};

// Lines that mean something inside of a report only.
constexpr Keyword kInner[] = {
    {"Trace:", LineKind::kTrace},
    {"stack backtrace:", LineKind::kTrace},
    {"Hardware name: ", LineKind::kHardware},
    {"Workqueue: ", LineKind::kWorkqueue},
    {"Kernel Offset: ", LineKind::kKernelOffset},
    {"Code: ", LineKind::kCode},
    {"Code:", LineKind::kCode},
    {"Instruction dump:", LineKind::kCode},
    {"Instruction DUMP:", LineKind::kCode},
    {"Krnl Code:", LineKind::kDump},
    {"Process ", LineKind::kTask},
    {"task:", LineKind::kTask},
    {"task: ", LineKind::kTask},
    {"Stack: ", LineKind::kDump},
    {"Stack:", LineKind::kDump},
    {"Stack : ", LineKind::kDump},
    {"Krnl GPRS:", LineKind::kRegisters},
    {"Exception stack(", LineKind::kDump},
    {"#PF: ", LineKind::kDetail},
    {"PGD ", LineKind::kDetail},
    {"pgd = ", LineKind::kDetail},
    {"*pd", LineKind::kDetail},
    {"Tainted: ", LineKind::kDetail},
    {"Unloaded tainted modules:", LineKind::kDetail},
    {"irq event stamp: ", LineKind::kHeld},
    {"The buggy address ", LineKind::kDetail},
    {"Memory state around", LineKind::kDetail},
    {"page:", LineKind::kDetail},
    {"page: ", LineKind::kDetail},
    {"page dumped because: ", LineKind::kDetail},
    {"raw: ", LineKind::kDump},
    {"head: ", LineKind::kDump},
    {"flags: ", LineKind::kDetail},
    {"Read of size ", LineKind::kDetail},
    {"Write of size ", LineKind::kDetail},
    {"KASAN: ", LineKind::kDetail},
    {"Flags: ", LineKind::kDetail},
    {"Control: ", LineKind::kDetail},
    {"Dumping ftrace buffer", LineKind::kDetail},
    {"SMP: stopping secondary CPUs", LineKind::kDetail},
    {"Rebooting in ", LineKind::kDetail},
    {"Disabling lock debugging due to", LineKind::kDetail},
    {"\"echo 0 > /proc/sys/kernel/hung_task_timeout_secs\"", LineKind::kDetail},
    {"Not tainted ", LineKind::kDetail},
    {"Showing all locks held", LineKind::kHeld},
    {"which lock already depends", LineKind::kHeld},
    {"but task is already holding", LineKind::kHeld},
    {"other info that might help", LineKind::kHeld},
    {"the existing dependency chain", LineKind::kHeld},
    {"*** DEADLOCK ***", LineKind::kHeld},
    {"Possible unsafe locking scenario", LineKind::kHeld},
    {"May be due to missing lock nesting", LineKind::kHeld},
    {"lock(", LineKind::kHeld},
    {"rlock(", LineKind::kHeld},
    {"rcu_scheduler_active = ", LineKind::kHeld},
    {"#0: ", LineKind::kHeld},
    {"#1: ", LineKind::kHeld},
    {"#2: ", LineKind::kHeld},
    {"#3: ", LineKind::kHeld},
    {"Bytes b4 ", LineKind::kDump},
    {"Object ", LineKind::kDump},
    {"Redzone ", LineKind::kDump},
    {"Padding ", LineKind::kDump},
    {"INFO: Slab ", LineKind::kDetail},
    {"INFO: Object ", LineKind::kDetail},
    {"INFO: lockdep is turned off", LineKind::kHeld},
    {"in_atomic(): ", LineKind::kDetail},
    {"preempt_count: ", LineKind::kDetail},
    {"CPU features: ", LineKind::kDetail},
    {"Memory Limit: ", LineKind::kDetail},
    {"PHYS_OFFSET: ", LineKind::kDetail},
    {"last sysfs file: ", LineKind::kDetail},
    {"blocked on ", LineKind::kDetail},
};

struct TraceHead {
  std::string_view head;
  TraceKind kind;
};

constexpr TraceHead kTraceHeads[] = {
    {"Call Trace:", TraceKind::kMain},
    {"Call trace:", TraceKind::kMain},
    {"Backtrace:", TraceKind::kMain},
    {"Trace:", TraceKind::kMain},
    {"stack backtrace:", TraceKind::kMain},
    {"Allocated by task ", TraceKind::kAllocated},
    {"allocated by task ", TraceKind::kAllocated},
    {"INFO: Allocated in ", TraceKind::kAllocated},
    {"Freed by task ", TraceKind::kFreed},
    {"freed by task ", TraceKind::kFreed},
    {"INFO: Freed in ", TraceKind::kFreed},
    {"-> #", TraceKind::kLockChain},
    {"Last potentially related work creation:", TraceKind::kOther},
    {"Second to last potentially related work creation:", TraceKind::kOther},
    {"Last Breaking-Event-Address:", TraceKind::kOther},
    {"Uninit was ", TraceKind::kOther},
    {"NMI backtrace for cpu ", TraceKind::kOther},
    {"Sending NMI from CPU ", TraceKind::kOther},
    {"Task dump for CPU ", TraceKind::kOther},
};

bool read_trace(std::string_view text, Line& line) {
  for (const auto& head : kTraceHeads) {
    if (head.head[0] != text[0] || !begins(text, head.head)) continue;
    line.kind = LineKind::kTrace;
    line.trace = head.kind;
    line.subject = trimmed(text);
    return true;
  }
  // KCSAN: "write to 0xffff888012345678 of 8 bytes by task 12 on cpu 0:"
  bool race = (begins(text, "write to 0x") || begins(text, "read to 0x") ||
               begins(text, "read-write to 0x") || begins(text, "read (marked) to 0x") ||
               begins(text, "write (marked) to 0x")) &&
              has(text, " by ");
  bool state = has(text, " state was registered at:") || has(text, "-irq-safe lock") ||
               has(text, "-irq-unsafe lock");
  if (!race && !state) return false;
  line.kind = LineKind::kTrace;
  line.trace = race ? TraceKind::kMain : TraceKind::kLockChain;
  line.subject = trimmed(text);
  return true;
}

// "CPU: 1 PID: 2 Comm: x", "CPU: 1 UID: 0 PID: 2 ...", before 3.11 "Pid: 2, comm: x".
bool is_cpu(std::string_view text) {
  if (begins(text, "Pid: ")) return has(text, ", comm: ");
  if (!begins(text, "CPU: ")) return false;
  Cursor at(text);
  at.skip(5);
  return at.digits() > 0 && at.spaces() > 0 &&
         (begins(at.rest(), "PID: ") || begins(at.rest(), "UID: "));
}

bool is_ruler(std::string_view text) {
  auto rule = trimmed(text);
  if (rule.size() < 20) return false;
  for (char c : rule)
    if (c != rule[0]) return false;
  return rule[0] == '=' || rule[0] == '-';
}

template <std::size_t N>
bool read_keyword(const Keyword (&keywords)[N], std::string_view text, Line& line) {
  for (const auto& keyword : keywords) {
    if (keyword.head[0] != text[0] || !begins(text, keyword.head)) continue;
    line.kind = keyword.kind;
    line.subject = cut(text, keyword.head.size());
    return true;
  }
  return false;
}

struct Words {
  unsigned hex = 0, other = 0, named = 0;
};

bool is_hex_word(std::string_view word) {
  if (word.size() < 2) return false;
  std::size_t digits = 0;
  for (char c : word)
    if (hex_value(c) >= 0 || c == '*')
      ++digits;
    else if (c != '<' && c != '>' && c != '(' && c != ')' && c != ':' && c != '#')
      return false;
  return digits >= 2 && digits <= 40;
}

// Counts what stands in a line: words of memory, and names with values behind them.
Words count_words(std::string_view text) {
  Words words;
  Cursor at(text);
  std::string_view before;
  for (at.spaces(); !at.at_end(); at.spaces()) {
    auto word = at.word();
    bool value = is_hex_word(word);
    bool named = !before.empty() && (before.back() == ':' || before.back() == '=');
    if (value) ++words.hex;
    if (value && named && word.size() >= 4) ++words.named;
    if (!value && word.size() > 1) ++words.other;
    before = word;
    if (words.other > 24) break;
  }
  return words;
}

bool is_dump(std::string_view text, Line& line) {
  auto words = count_words(text);
  if (words.named > 0 && words.named + 3 >= words.other) {
    line.kind = LineKind::kRegisters;
    line.subject = text;
    return true;
  }
  if (words.hex >= 1 && words.hex >= words.other * 2) return line.kind = LineKind::kDump, true;
  return false;
}

// powerpc's "NIP:  c000000000a1b2c3 LR: c000000000a1b2c4 CTR: ...", which stands before the line
// with the names.
bool is_nip(std::string_view text) {
  Cursor at(text);
  std::uint64_t address = 0;
  if (!at.eat("NIP: ")) return false;
  at.spaces();
  auto digits = at.hex(address);
  return (digits == 8 || digits == 16) && begins(at.rest(), " LR: ");
}

void read_kernel_offset(Line& line) {  // "0x1a000000 from 0xffffffff81000000 (...)", "disabled"
  Cursor at(line.subject);
  line.has_value = at.eat("0x") && at.hex(line.value) > 0;
}

bool read_inner(std::string_view text, Line& line) {
  if (read_trace(text, line)) return (void)read_frames(text, true, line), true;
  if (is_ruler(text)) return line.kind = LineKind::kRuler, true;
  if (text[0] == '<' && trimmed(text).back() == '>' && text.size() < 24)  // "<TASK>", "</IRQ>"
    return line.kind = LineKind::kDetail, true;
  if (read_keyword(kInner, text, line)) {
    if (line.kind == LineKind::kKernelOffset) read_kernel_offset(line);
    if (line.kind == LineKind::kHeld) (void)read_frames(text, true, line);
    return true;
  }
  return false;
}

}  // namespace

void classify(std::string_view message, bool inside, Line& line) {
  line.kind = LineKind::kOther;
  line.report = Kind::kTrace;
  line.trace = TraceKind::kOther;
  line.certain = line.has_value = false;
  line.subject = {};
  line.frame_count = 0;
  Cursor start(message);
  start.spaces();
  auto text = start.rest();
  if (text.empty()) {
    line.kind = LineKind::kBlank;
    return;
  }
  if (begins(text, "ringside[")) {  // a trace that the kernel has decoded itself (kernel/oops)
    line.kind = inside ? LineKind::kDetail : LineKind::kOther;
    return;
  }
  if (is_cpu(text)) {
    line.kind = LineKind::kCpu;
    line.subject = text;
    return;
  }
  if (read_keyword(kKeywords, text, line)) {
    if (line.kind == LineKind::kTrace) (void)read_trace(text, line);
    return;
  }
  if (read_headline(text, line)) return;
  if (inside && read_inner(text, line)) return;
  if (read_frames(text, inside, line)) {
    line.kind = LineKind::kFrames;
    line.subject = text;
    return;
  }
  if (inside || is_nip(text)) (void)is_dump(text, line);
}

}  // namespace ringside::oops
