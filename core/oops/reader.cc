// Finding reports. A line that begins a report opens a slot; lines of the same printer join it as
// long as they are what reports consist of, or strange ones stand between such; it closes at the
// kernel's own end mark, at the next report's beginning, or after too many strange lines in a row.
// A headline continues the open report instead of beginning another one as long as no stack was
// seen: "BUG: unable to handle ..." and "Oops: 0000 [#1]" are one. A panic is the open report's.
#include "core/oops/reader.hh"

#include <new>

#include "core/oops/facts.hh"
#include "core/oops/text.hh"

namespace ringside::oops {
namespace {

bool is_death(Kind kind) {  // after which a panic is part of the same report
  return kind != Kind::kTrace && kind != Kind::kPanic;
}

// Watchdogs panic with their own words where they are told to.
Kind kind_of_panic(std::string_view words) {
  if (begins(words, "hung_task")) return Kind::kHungTask;
  if (begins(words, "softlockup")) return Kind::kSoftLockup;
  if (begins(words, "Hard LOCKUP") || begins(words, "Watchdog detected hard LOCKUP"))
    return Kind::kHardLockup;
  return begins(words, "RCU Stall") ? Kind::kRcuStall : Kind::kPanic;
}

// "Code: ..." in a mail goes on with nothing but bytes.
bool is_code_rest(std::string_view text) {
  Cursor at(text);
  std::size_t words = 0;
  for (at.spaces(); !at.at_end(); at.spaces(), ++words) {
    auto word = at.word();
    if (word.size() > 10) return false;
    for (char c : word)
      if (hex_value(c) < 0 && c != '<' && c != '>' && c != '(' && c != ')') return false;
  }
  return words > 0;
}

bool is_strange(const Line& line) {  // no report has it
  return line.kind == LineKind::kOther || line.kind == LineKind::kBlank;
}

bool is_open(const auto& slot) {
  using State = decltype(slot.state);
  return slot.state == State::kOpen || slot.state == State::kEnding;
}

// N in "NMI backtrace for cpu N", else -1.
std::int64_t backtraced_cpu(std::string_view message) {
  Cursor at(message);
  std::int64_t cpu = -1;
  return at.eat("NMI backtrace for cpu ") && at.decimal(cpu) > 0 ? cpu : -1;
}

// Whether `cpu` is one of `cpus`: "0,2-3:".
bool lists(std::string_view cpus, std::int64_t cpu) {
  Cursor at(cpus);
  do {
    std::int64_t first = 0;
    if (at.decimal(first) == 0) return false;
    auto last = first;
    if (at.eat('-') && at.decimal(last) == 0) return false;
    if (first <= cpu && cpu <= last) return true;
  } while (at.eat(','));
  return false;
}

}  // namespace

Result<Reader> Reader::open(Arena& arena) {
  Reader reader;
  reader.slots_ = TRY(arena.take<Slot>(kOpenReports));
  reader.scratch_ = TRY(arena.take<Line>(1));
  for (auto& slot : reader.slots_) {
    new (&slot) Slot;
    slot.report.frame_room = TRY(arena.take_unset<Frame>(kReportFrames));
    slot.report.module_room = TRY(arena.take_unset<Module>(kReportModules));
    slot.report.register_room = TRY(arena.take_unset<Register>(kReportRegisters));
  }
  new (&reader.scratch_[0]) Line;
  return reader;
}

std::uint64_t Reader::oldest() const {
  auto oldest = lines_;
  for (const auto& slot : slots_)
    if (slot.state != State::kFree && slot.report.first_line < oldest)
      oldest = slot.report.first_line;
  return oldest;
}

Reader::Slot* Reader::find_open(const Prefix& prefix) {
  bool tagged = prefix.caller.kind != 0;
  if (!tagged && last_ != nullptr && is_open(*last_)) return last_;
  if (auto* host = tagged ? find_host(prefix) : nullptr) return host;
  Slot* found = nullptr;
  for (auto& slot : slots_)
    if (is_open(slot) && (!tagged || slot.caller == prefix.caller))
      if (found == nullptr || slot.report.id > found->report.id) found = &slot;
  return found;
}

// The report that has asked for what this printer says.
Reader::Slot* Reader::find_host(const Prefix& prefix) {
  if (auto cpu = backtraced_cpu(prefix.message); cpu >= 0) admit_guest(prefix, cpu);
  for (auto& slot : slots_)
    if (is_open(slot) && guest_of(slot, prefix.caller) != nullptr) return &slot;
  return nullptr;
}

// It prints for the last one that has asked this CPU, and for no other any more.
void Reader::admit_guest(const Prefix& prefix, std::int64_t cpu) {
  Slot* host = nullptr;
  for (auto& slot : slots_) {
    if (auto* guest = guest_of(slot, prefix.caller)) *guest = {};
    if (is_open(slot) && slot.caller != prefix.caller && lists(slot.asked, cpu))
      if (host == nullptr || slot.report.id > host->report.id) host = &slot;
  }
  if (host != nullptr) host->guests[host->guest_count++ % kGuests] = {prefix.caller, 0};
}

Reader::Guest* Reader::guest_of(Slot& slot, const Caller& caller) {
  for (auto& guest : slot.guests)
    if (caller.kind != 0 && guest.caller == caller) return &guest;
  return nullptr;
}

// What a guest says between the lines that it was asked for is none of the report's.
bool Reader::is_guests_own(Slot& slot, const Prefix& prefix) {
  auto* guest = guest_of(slot, prefix.caller);
  if (guest == nullptr) return false;
  bool strange = is_strange(scratch_[0]);
  guest->strange = strange ? guest->strange + 1 : 0;
  if (guest->strange > kStrangeGuest) *guest = {};
  return strange;
}

// Another report begins: a guest has done here, and may have an open one; what is the printer's own
// ends.
Reader::Slot* Reader::leave(Slot& slot, const Prefix& prefix) {
  auto* guest = guest_of(slot, prefix.caller);
  if (guest == nullptr) return close(slot), nullptr;
  *guest = {};
  return find_open(prefix);
}

// A free slot for a new report; the eldest open one is closed where the last but one is taken.
Reader::Slot* Reader::take_slot(const Prefix& prefix) {
  Slot* slot = nullptr;
  Slot* eldest = nullptr;
  std::uint32_t unused = 0;
  for (auto& each : slots_) {
    if (each.state == State::kFree) ++unused, slot = &each;
    if (!is_open(each)) continue;
    if (eldest == nullptr || each.report.id < eldest->report.id) eldest = &each;
  }
  if (unused <= 1 && eldest != nullptr) close(*eldest);
  if (slot == nullptr) return nullptr;
  auto frames = slot->report.frame_room;
  auto modules = slot->report.module_room;
  auto registers = slot->report.register_room;
  new (slot) Slot;
  slot->state = State::kOpen;
  slot->caller = prefix.caller;
  slot->report.frame_room = frames;
  slot->report.module_room = modules;
  slot->report.register_room = registers;
  slot->report.id = ++reports_;
  slot->report.first_line = slot->report.last_line = lines_ - 1;
  return slot;
}

// A log is one machine's: what one of its reports told, another that does not tell may take over.
void Reader::settle_arch(Slot& slot) {
  auto& arch = slot.report.arch;
  if (slot.arch_weight >= 2) {
    arch_ = arch;
  } else if (arch_ != Arch::kUnknown) {
    arch = arch_;
  } else if (arch == Arch::kUnknown) {
    arch = arch_of_whole(slot.report);
  }
}

void Reader::close(Slot& slot) {
  auto& report = slot.report;
  bool trace_only = !slot.headed;
  std::uint32_t calls = 0;
  for (const auto& frame : report.frames()) calls += frame.role == Role::kCall;
  bool stack = calls >= 2 || (calls == 1 && (slot.stamped || !report.traces[0].label.empty()));
  slot.rejected = !(slot.evidence || stack) || (trace_only && calls < 2);
  bool wants_trace = report.kind != Kind::kPanic && report.kind != Kind::kBadPage;
  settle_arch(slot);
  report.truncated |= trace_only || (wants_trace && calls == 0 && !report.complete);
  slot.state = State::kClosed;
  if (last_ == &slot) last_ = nullptr;
}

const Report* Reader::closed(bool& rejected) {
  Slot* found = nullptr;
  for (auto& slot : slots_)
    if (slot.state == State::kClosed && (!found || slot.report.id < found->report.id))
      found = &slot;
  if (found == nullptr) return nullptr;
  found->state = State::kFree;
  rejected = found->rejected;
  return &found->report;
}

void Reader::close_silent() {
  for (auto& slot : slots_)
    if (is_open(slot) && lines_ - slot.report.last_line > kSilentLines) close(slot);
}

void Reader::settle(bool ended_only) {
  for (auto& slot : slots_)
    if ((slot.state == State::kOpen && !ended_only) || slot.state == State::kEnding) close(slot);
}

void Reader::cut_short(std::uint32_t id) {
  for (auto& slot : slots_) {
    if (!is_open(slot) || slot.report.id != id) continue;
    slot.report.truncated = true;
    close(slot);
  }
}

void Reader::finish() {
  settle(false);
  arch_ = Arch::kUnknown;
}

bool Reader::begins_report(const Line& line) const {
  switch (line.kind) {
    case LineKind::kCutHere:
    case LineKind::kHeadline:
    case LineKind::kDie:
    case LineKind::kPanic:
    case LineKind::kCpu:
    case LineKind::kTrace:
    case LineKind::kFrames:
    case LineKind::kModules:
    case LineKind::kRegisters:
      return true;
    default:
      return false;
  }
}

// Whether a line that could begin a report belongs to the open one.
bool Reader::continues(const Slot& slot, const Line& line) const {
  const auto& report = slot.report;
  bool fresh = !slot.in_trace && report.trace_count == 0;
  bool ending = slot.state == State::kEnding;
  switch (line.kind) {
    case LineKind::kCutHere:
      return false;
    case LineKind::kPanic:
      return report.panic.empty() && (is_death(report.kind) || ending);
    case LineKind::kDie:
      return !ending && fresh;
    case LineKind::kHeadline:
      if (ending) return false;
      if (!slot.headed) return fresh && report.frame_count == 0;  // no place stands before it
      // KASAN and others name inlined functions by several headlines; the watchdog's WARN.
      return fresh &&
             (line.report == report.kind || report.kind == Kind::kListCorruption ||
              report.kind == Kind::kPageFault || line.report == Kind::kListCorruption ||
              (report.kind == Kind::kWarning && line.report == Kind::kHardLockup) ||
              report.kind == Kind::kStackOverflow) &&
             line.report != Kind::kHungTask && line.report != Kind::kWarning;
    case LineKind::kCpu:
      return !ending;
    default:
      return !ending || line.kind == LineKind::kFrames || line.kind == LineKind::kModules ||
             line.kind == LineKind::kRegisters;
  }
}

Membership Reader::feed(std::string_view line) {
  ++lines_;
  if (lines_ % 64 == 0) close_silent();
  auto prefix = strip_prefix(cut(line, 0, kLineBytes));
  if (prefix.foreign) return {};
  auto* slot = find_open(prefix);
  auto& scratch = scratch_[0];
  classify(prefix.message, slot != nullptr, scratch);
  if (slot != nullptr && is_continuation(*slot, prefix)) {
    slot->report.last_line = lines_ - 1;
    last_ = slot;
    return {slot->report.id};
  }
  if (slot != nullptr && slot->state == State::kEnding && scratch.kind == LineKind::kRuler) {
    close(*slot);  // the next sanitizer's report begins so
    return {};
  }
  while (slot != nullptr && begins_report(scratch) && !continues(*slot, scratch)) {
    slot = leave(*slot, prefix);
    classify(prefix.message, slot != nullptr, scratch);
  }
  if (slot != nullptr && is_guests_own(*slot, prefix)) return {};
  if (slot == nullptr) {
    if (!begins_report(scratch)) return {};
    slot = take_slot(prefix);
    if (slot == nullptr) return {};  // nobody collects closed reports
  }
  add(*slot, prefix);
  auto id = slot->report.id;
  last_ = slot;
  if (ends(*slot)) close(*slot);
  return {id};
}

// "[e1000e]" on the line behind "e1000_xmit_frame+0x10/0x20".
bool Reader::is_module_rest(Slot& slot, std::string_view text) {
  auto& report = slot.report;
  if (report.frame_count == 0 || text.size() < 3 || text.front() != '[' || text.back() != ']')
    return false;
  auto& frame = report.frame_room[report.frame_count - 1];
  Cursor at(cut(text, 1, text.size() - 1));
  auto name = at.name();
  bool next = report.first_line + frame.line + 2 == lines_;
  if (!next || !at.at_end() || name.empty() || !frame.module.empty() || !frame.has_offset)
    return false;
  frame.module = name;
  return true;
}

// The rest of a line that a mail program or a terminal broke: nothing stamps it.
bool Reader::is_continuation(Slot& slot, const Prefix& prefix) {
  auto& report = slot.report;
  auto text = trimmed(prefix.message);
  if (slot.modules_open && scratch_[0].kind == LineKind::kOther && read_modules(text, report))
    return true;
  slot.modules_open = false;
  slot.code_dump &= slot.code_open;
  if (prefix.stamped && !slot.code_dump) return slot.cpu_open = slot.code_open = false;
  if (slot.code_open && report.code_pieces < kCodePieces && is_code_rest(text)) {
    report.code[report.code_pieces++] = text;
    return true;
  }
  slot.code_open = false;
  if (is_module_rest(slot, text)) return true;
  if (!slot.cpu_open) return false;
  slot.cpu_open = false;
  return read_cpu(text, report) || read_release(text, report);
}

void Reader::add(Slot& slot, const Prefix& prefix) {
  auto& line = scratch_[0];
  auto& report = slot.report;
  int weight = 0;
  auto arch = arch_of(prefix.message, line, weight);
  if (arch != Arch::kUnknown && weight > slot.arch_weight) {
    report.arch = arch;
    slot.arch_weight = weight;
  }
  if (is_strange(line)) {
    ++slot.strange;
    return;
  }
  slot.strange = 0;
  report.last_line = lines_ - 1;
  add_fact(slot, prefix);
  if (line.frame_count > 0) add_frames(slot);
  slot.stamped |= prefix.stamped && line.kind == LineKind::kFrames;
}

void Reader::add_headline(Slot& slot) {
  auto& line = scratch_[0];
  auto& report = slot.report;
  bool die = line.kind == LineKind::kDie;
  bool refines = !slot.headed || report.kind == Kind::kTrace ||
                 (report.kind == Kind::kOops && line.report != Kind::kOops) ||
                 (report.kind == Kind::kWarning && line.report == Kind::kHardLockup) ||
                 report.kind == Kind::kListCorruption || report.kind == Kind::kStackOverflow;
  if (refines && !(die && slot.headed && line.report == Kind::kOops) &&
      !(slot.headed && line.report == Kind::kWarning) && report.kind != Kind::kStackOverflow &&
      !(report.kind == Kind::kListCorruption && slot.headed))
    report.kind = line.report;
  if (!slot.headed || report.headline.empty()) report.headline = line.subject;
  if (report.bug_at.empty()) report.bug_at = source_in(line.subject);
  read_task(line.subject, report);
  if (line.has_value && !report.has_fault_address) {
    report.fault_address = line.value;
    report.has_fault_address = true;
  }
  slot.headed = true;
  slot.headline = lines_;
  slot.evidence |= line.certain;
}

void Reader::add_trace(Report& report, std::string_view label, TraceKind kind) {
  if (report.trace_count == kReportTraces) return;
  report.traces[report.trace_count++] = {label, kind};
}

void Reader::add_frames(Slot& slot) {
  auto& line = scratch_[0];
  auto& report = slot.report;
  for (std::size_t at = 0; at < line.frame_count; ++at) {
    auto& frame = line.frames[at];
    bool broken_headline = slot.headline + 1 == lines_ && report.kind == Kind::kWarning;
    if (frame.role == Role::kCall && broken_headline && report.trace_count == 0) {
      frame.role = Role::kNamed;
      frame.exact = true;
    }
    if (frame.role == Role::kFault) {
      slot.user_registers = frame.user;
      frame.interrupted = report.trace_count > 0;
      // Behind the end mark stands the first oops's place again.
      if (slot.state == State::kEnding) frame.role = Role::kCopy;
    }
    if (frame.role == Role::kCall) {
      if (!slot.in_trace) add_trace(report, {}, TraceKind::kMain);
      slot.in_trace = true;
    }
    frame.trace = static_cast<std::uint16_t>(report.trace_count > 0 ? report.trace_count - 1 : 0);
    frame.line = static_cast<std::uint32_t>(lines_ - 1 - report.first_line);
    if (report.frame_count == report.frame_room.size()) {
      ++report.dropped;
    } else {
      report.frame_room[report.frame_count++] = frame;
    }
  }
}

void Reader::add_fact(Slot& slot, const Prefix& prefix) {
  auto& line = scratch_[0];
  auto& report = slot.report;
  auto text = trimmed(prefix.message);
  slot.code_open = false;
  switch (line.kind) {
    case LineKind::kHeadline:
    case LineKind::kDie:
      return add_headline(slot);
    case LineKind::kPanic:
      report.panic = line.subject;
      if (!slot.headed) {
        add_headline(slot);
        report.headline = text;
        report.kind = kind_of_panic(line.subject);
      }
      slot.evidence |= line.certain;
      return;
    case LineKind::kCpu:
      slot.evidence = true;
      if (report.release.empty()) slot.cpu_open = !read_cpu(text, report);
      return;
    case LineKind::kDetail:  // a hung task's and an RCU stall's kernel stand on a line of their own
      if (report.release.empty() &&
          (text.starts_with("Tainted: ") || text.starts_with("Not tainted ")))
        (void)read_cpu(text, report);
      return;
    case LineKind::kTrace:
      add_trace(report, line.subject, line.trace);
      slot.in_trace = true;
      if (auto cpus = find(line.subject, " to CPUs "); cpus != kNowhere)
        slot.asked = cut(line.subject, cpus + 9);
      return;
    case LineKind::kModules:
      slot.evidence = true;
      if (report.module_count == 0) (void)read_modules(line.subject, report);
      slot.modules_open = true;
      return;
    case LineKind::kCode:
      slot.evidence = true;
      slot.code_open = report.code_pieces == 0 && !slot.user_registers;
      slot.code_dump = slot.code_open && trimmed(line.subject).empty();
      if (slot.code_open && !slot.code_dump)
        report.code[report.code_pieces++] = trimmed(line.subject);
      return;
    case LineKind::kRegisters:
      // Behind the end mark stand those of the first oops again.
      if (!slot.user_registers && slot.state != State::kEnding) read_registers(text, report);
      return;
    case LineKind::kKernelOffset:
      report.has_kernel_offset = line.has_value;
      report.kernel_offset = line.value;
      return;
    case LineKind::kHardware:
      report.hardware = trimmed(line.subject);
      return;
    case LineKind::kWorkqueue:
      report.workqueue = trimmed(line.subject);
      return;
    case LineKind::kEndTrace:
      slot.state = State::kEnding;
      report.complete = true;
      return;
    case LineKind::kEndPanic:
      report.complete = true;
      return;
    default:
      return;
  }
}

// After "end trace" an oops repeats its registers, and a panic may follow; all else ends it.
bool Reader::ends(Slot& slot) {
  auto& line = scratch_[0];
  auto& report = slot.report;
  if (line.kind == LineKind::kEndPanic) return true;
  if (lines_ - report.first_line > kReportLines) return report.truncated = true;
  bool sanitizer = report.kind == Kind::kKasan || report.kind == Kind::kKfence ||
                   report.kind == Kind::kKcsan || report.kind == Kind::kUbsan ||
                   report.kind == Kind::kKmsan;
  if (line.kind == LineKind::kRuler && sanitizer && report.trace_count > 0) {
    slot.state = State::kEnding;  // a panic may follow
    report.complete = true;
  }
  if (slot.state == State::kEnding && slot.strange > 4) return true;
  return slot.strange > (report.trace_count > 0 ? kStrangeLines : kStrangeBefore);
}

}  // namespace ringside::oops
