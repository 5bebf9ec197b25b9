// The culprit is looked for from the place of the fault down the stack. Functions that are always
// there when something of a kind happens (the reporters, the lock, the scheduler) are passed over
// by a list of names and beginnings of names.
#include "core/oops/verdict.hh"

#include "core/oops/text.hh"

namespace ringside::oops {
namespace {

constexpr std::size_t kFingerprintFrames = 5;

// Whole names, and beginnings where a '*' ends them.
constexpr std::string_view kBystanders[] = {
    // who reports
    "dump_stack*",
    "__dump_stack",
    "show_stack*",
    "show_trace*",
    "show_regs*",
    "dump_backtrace*",
    "unwind_backtrace",
    "walk_stackframe",
    "print_report*",
    "print_address_description*",
    "kasan_*",
    "__kasan_*",
    "__asan_*",
    "check_memory_region*",
    "kcsan_*",
    "__tsan_*",
    "kmsan_*",
    "__msan_*",
    "ubsan_*",
    "__ubsan_*",
    "handle_overflow",
    "kfence_*",
    "warn_slowpath_*",
    "__warn*",
    "report_bug",
    "handle_bug",
    "panic",
    "vpanic",
    "die",
    "__die*",
    "oops_*",
    "no_context",
    "check_panic_on_warn",
    "end_report",
    "refcount_warn_saturate",
    "__list_add_valid*",
    "__list_del_entry_valid*",
    "__list_del_entry",
    "print_circular_bug*",
    "print_usage_bug*",
    "lockdep_rcu_suspicious",
    "check_prev*",
    "check_noncircular",
    "mark_lock*",
    "validate_chain",
    "__lock_acquire*",
    "lock_acquire*",
    "lock_release*",
    "debug_locks_off",
    "check_preemption_disabled",
    "debug_smp_processor_id",
    "__this_cpu_preempt_check",
    "__might_sleep*",
    "__might_resched",
    "___might_sleep",
    "__schedule_bug",
    "spin_bug",
    "spin_dump",
    "slab_err*",
    "object_err",
    "print_trailer",
    "check_bytes_and_report*",
    "check_object",
    "slab_bug",
    "bad_page",
    "nmi_cpu_backtrace*",
    "nmi_trigger_cpumask_backtrace*",
    "rcu_dump_cpu_stacks",
    "rcu_check_*",
    "rcu_sched_clock_irq",
    "print_cpu_stall*",
    "print_other_cpu_stall",
    "usercopy_abort",
    "__check_object_size*",
    "fortify_panic",
    "__stack_chk_fail",
    "watchdog_timer_fn",
    "watchdog_overflow_callback",
    "stack_dump*",
    "BUG",
    "do_panic_on_target_cpu",
    // who enters the kernel, and exceptions
    "do_trap*",
    "do_error_trap",
    "do_invalid_op",
    "exc_*",
    "asm_exc_*",
    "asm_sysvec_*",
    "sysvec_*",
    "invalid_op",
    "page_fault",
    "do_page_fault",
    "__do_page_fault",
    "do_user_addr_fault",
    "general_protection",
    "do_general_protection",
    "error_entry",
    "ret_from_*",
    "ia64_*",
    "do_kern_addr_fault",
    "bad_area*",
    "__bad_area*",
    "page_fault_oops",
    "do_DataAbort",
    "__dabt_svc",
    "__irq_svc",
    "el1*",
    "el0*",
    "do_mem_abort",
    "do_undefinstr",
    "bug_handler",
    "brk_handler",
    "do_debug_exception",
    "apic_timer_interrupt",
    "smp_apic_timer_interrupt",
    "restore_args",
    "end_repeat_nmi",
    "do_nmi",
    "nmi_handle*",
    "perf_event_nmi_handler",
    "common_interrupt",
    // who copies, compares and allocates for others
    "memcpy*",
    "__memcpy*",
    "memset*",
    "__memset*",
    "memmove*",
    "__memmove*",
    "memcmp*",
    "strlen*",
    "strcmp*",
    "strncmp*",
    "strcpy*",
    "strncpy*",
    "strscpy*",
    "copy_*_user*",
    "__copy_*",
    "kstrdup*",
    "kmemdup*",
    "strnlen",
    "string",
    "string_nocheck",
    "vsnprintf",
    "snprintf",
    "vscnprintf",
    "kfree",
    "kfree_rcu",
    "kvfree",
    "__kfree*",
    "kmalloc*",
    "__kmalloc*",
    "kmem_cache_*",
    "__kmem_cache_*",
    "___slab_alloc",
    "__slab_alloc*",
    "__slab_free",
    "slab_*",
    "cache_free*",
    "vfree",
    "__vmalloc*",
    // who locks and waits
    "_raw_*",
    "__raw_*",
    "do_raw_*",
    "native_queued_spin_lock*",
    "queued_*",
    "pv_*",
    "arch_local_*",
    "mutex_*",
    "__mutex_*",
    "down",
    "down_*",
    "__down*",
    "up_*",
    "rwsem_*",
    "__rwsem_*",
    "rt_mutex_*",
    "schedule",
    "schedule_*",
    "__schedule",
    "io_schedule*",
    "wait_for_*",
    "__wait_for_*",
    "do_wait_for_*",
    "wait_on_*",
    "__wait_on_*",
    "bit_wait*",
    "out_of_line_wait_*",
    "prepare_to_wait*",
    "context_switch*",
    "__switch_to*",
    "preempt_schedule*",
    "_cond_resched",
    "cond_resched*",
    "rcu_read_lock*",
    "spin_lock*",
    "srso_*",
    "__x86_*",
    "retbleed_*",
    "smp_call_function*",
    "on_each_cpu*",
    "csd_lock_wait",
    "cpu_relax",
    "delay_tsc",
    "__const_udelay",
    "__delay",
    // who idles
    "cpu_idle",
    "do_idle",
    "default_idle*",
    "arch_cpu_idle",
    "mwait_*",
    "intel_idle*",
    "acpi_idle*",
    "cpuidle_*",
    "native_safe_halt",
};

bool is_bystander(std::string_view name) {
  for (auto entry : kBystanders) {
    bool open = entry.back() == '*';
    if (open) entry.remove_suffix(1);
    if (entry[0] != name[0]) continue;
    auto star = find(entry, "*");
    if (star != kNowhere) {  // "copy_*_user": something between
      if (begins(name, cut(entry, 0, star)) && has(name, cut(entry, star + 1))) return true;
    } else if (open ? begins(name, entry) : same(name, entry)) {
      return true;
    }
  }
  return false;
}

// A report and the names of its frames.
class Named {
 public:
  Named(const Report& report, Names names) : report_(report), names_(names) {}

  std::string_view name(const Frame& frame) const {
    auto at = static_cast<std::size_t>(&frame - report_.frames().data());
    return frame.symbol.empty() && at < names_.size() ? names_[at] : frame.symbol;
  }
  bool counts(const Frame& frame) const {
    return !name(frame).empty() && !frame.user && frame.role != Role::kCopy &&
           frame.role != Role::kLock && frame.role != Role::kLink && frame.role != Role::kCallee;
  }

 private:
  const Report& report_;
  Names names_;
};

// The main stack: the first that is announced as one, or the first.
std::uint16_t main_trace(const Report& report) {
  for (std::uint16_t at = 0; at < report.trace_count; ++at)
    if (report.traces[at].kind == TraceKind::kMain) return at;
  return 0;
}

// How early a frame is asked: where the CPU stood, what the headline names, the stack.
// Guesses come last: a running task's stack, which another CPU prints, is nothing else. What an
// interrupt met further down a stack is a part of that stack.
constexpr int kStack = 2, kGuess = 4, kNobody = 5;
int rank(const Named& named, const Frame& frame, std::uint16_t trace) {
  if (!named.counts(frame)) return kNobody;
  if (frame.guess) return frame.role == Role::kCall && frame.trace == trace ? kGuess : kNobody;
  if (frame.role == Role::kFault && !frame.interrupted) return 0;
  if (frame.role == Role::kNamed) return 1;
  bool in_stack = frame.role == Role::kCall || frame.interrupted;
  return in_stack && frame.trace == trace ? kStack : 3;
}

// A fault is where the CPU stood; a task that hangs or a CPU that is interrupted stands anywhere,
// so only its stack counts.
bool fault_counts(const Report& report) {
  return report.kind != Kind::kHungTask && report.kind != Kind::kPanic;
}

void mix(std::uint64_t& hash, std::string_view text) {
  for (char c : text) hash = (hash ^ static_cast<unsigned char>(c)) * 0x100000001b3;
  hash = (hash ^ 0xff) * 0x100000001b3;  // so that "ab", "c" is not "a", "bc"
}

void mix_frame(std::uint64_t& hash, const Named& named, const Frame& frame) {
  mix(hash, plain_name(named.name(frame)));
  mix(hash, frame.module);
}

// A headline's words: those with digits (addresses, PIDs, CPUs) are others every time.
void mix_words(std::uint64_t& hash, std::string_view text) {
  Cursor at(text);
  for (at.spaces(); !at.at_end(); at.spaces()) {
    auto word = at.word();
    bool number = false;
    for (char c : word) number |= is_digit(c);
    mix(hash, number ? std::string_view("#") : word);
  }
}

}  // namespace

std::string_view plain_name(std::string_view symbol) {
  if (begins(symbol, ".")) symbol.remove_prefix(1);
  for (std::string_view suffix :
       {".isra.", ".constprop.", ".part.", ".cold", ".llvm.", ".localalias"})
    if (auto found = find(symbol, suffix); found != kNowhere && found > 0)
      symbol = cut(symbol, 0, found);
  return symbol;
}

const Frame* culprit_of(const Report& report, Names names) {
  Named named(report, names);
  auto trace = main_trace(report);
  const Frame* first = nullptr;
  int from = fault_counts(report) ? 0 : 1;
  for (int wanted = from; wanted < kNobody; ++wanted) {
    if (wanted == kGuess && first != nullptr) break;
    for (const auto& frame : report.frames()) {
      if (rank(named, frame, trace) != wanted) continue;
      if (first == nullptr) first = &frame;
      if (!is_bystander(plain_name(named.name(frame)))) return &frame;
    }
  }
  return first;
}

std::uint64_t fingerprint_of(const Report& report, Names names) {
  Named named(report, names);
  std::uint64_t hash = 0xcbf29ce484222325;
  mix(hash, name_of(report.kind));
  const auto* culprit = culprit_of(report, names);
  if (culprit == nullptr) return mix_words(hash, report.headline), hash;
  mix_frame(hash, named, *culprit);
  auto trace = main_trace(report);
  auto first = plain_name(named.name(*culprit));
  bool in_stack = culprit->role == Role::kCall || culprit->interrupted;
  std::size_t taken = 1;
  for (const auto& frame : report.frames()) {
    if (rank(named, frame, trace) != kStack || taken == kFingerprintFrames) continue;
    if (in_stack && &frame <= culprit) continue;
    auto name = plain_name(named.name(frame));
    if (is_bystander(name) || (taken == 1 && same(name, first))) continue;
    mix_frame(hash, named, frame);
    ++taken;
  }
  return hash;
}

}  // namespace ringside::oops
