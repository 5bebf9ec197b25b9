// Which machine a report comes from, told by words that only one architecture's kernel prints: a
// release's suffix, register names, entry code, and, for want of these, the form of addresses.
#include "core/oops/facts.hh"
#include "core/oops/text.hh"

namespace ringside::oops {
namespace {

struct Clue {
  std::string_view text;
  Arch arch;
};

constexpr Clue kSuffixes[] = {
    // of a release
    {"x86_64", Arch::kX86_64},   {"-amd64", Arch::kX86_64}, {"i686", Arch::kI386},
    {"i586", Arch::kI386},       {"i386", Arch::kI386},     {"-686", Arch::kI386},
    {"armv7hl", Arch::kArm},     {"armmp", Arch::kArm},     {"-armhf", Arch::kArm},
    {"aarch64", Arch::kArm64},   {"-arm64", Arch::kArm64},  {"ppc64", Arch::kPowerpc},
    {"powerpc", Arch::kPowerpc}, {"s390x", Arch::kS390},    {"riscv64", Arch::kRiscv},
    {"sparc64", Arch::kSparc},   {"parisc", Arch::kParisc}, {"alpha", Arch::kAlpha},
    {"ia64", Arch::kIa64},       {"itanium", Arch::kIa64},  {"loong", Arch::kLoongarch},
    {"mips", Arch::kMips},
};

constexpr Clue kBeginnings[] = {
    // of a message
    {"RIP:", Arch::kX86_64},
    {"RIP ", Arch::kX86_64},
    {"RAX: ", Arch::kX86_64},
    {"RSP: ", Arch::kX86_64},
    {"EIP:", Arch::kI386},
    {"EIP is at", Arch::kI386},
    {"EAX: ", Arch::kI386},
    {"eax: ", Arch::kI386},
    {"Krnl PSW", Arch::kS390},
    {"Krnl GPRS", Arch::kS390},
    {"Krnl Code", Arch::kS390},
    {"NIP", Arch::kPowerpc},
    {"GPR00", Arch::kPowerpc},
    {"Last Breaking-Event", Arch::kS390},
    {"TSTATE: ", Arch::kSparc},
    {"TPC: ", Arch::kSparc},
    {"IAOQ", Arch::kParisc},
    {"IASQ", Arch::kParisc},
    {"$ 0   :", Arch::kMips},
    {"epc   :", Arch::kMips},
    {"epc : ", Arch::kRiscv},
    {"unat: ", Arch::kIa64},
    {"psr : ", Arch::kIa64},
    {"pc = [<", Arch::kAlpha},
    {"pc is at", Arch::kAlpha},
    {"x29: ", Arch::kArm64},
    {"pstate: ", Arch::kArm64},
    {"r10: ", Arch::kArm},
    {"ip is at", Arch::kIa64},
    {"Instruction DUMP", Arch::kSparc},
    {"RP(r2)", Arch::kParisc},
    {"Caller[", Arch::kSparc},
    {"sr00-03", Arch::kParisc},
    {"badv", Arch::kLoongarch},
    {"Hardware name: 9000/", Arch::kParisc},
};

constexpr Clue kSymbols[] = {
    // that an architecture's entry code has
    {"entry_SYSCALL_64", Arch::kX86_64},
    {"do_syscall_64", Arch::kX86_64},
    {"x64_sys_call", Arch::kX86_64},
    {"asm_exc_", Arch::kX86_64},
    {"asm_sysvec_", Arch::kX86_64},
    {"system_call_fastpath", Arch::kX86_64},
    {"x86_64_start", Arch::kX86_64},
    {"ret_from_fork_asm", Arch::kX86_64},
    {"sysenter_do_call", Arch::kI386},
    {"entry_INT80_32", Arch::kI386},
    {"entry_SYSENTER_32", Arch::kI386},
    {"do_fast_syscall_32", Arch::kI386},
    {"i386_start_kernel", Arch::kI386},
    {"syscall_call", Arch::kI386},
    {"ret_fast_syscall", Arch::kArm},
    {"__irq_svc", Arch::kArm},
    {"unwind_backtrace", Arch::kArm},
    {"kernel_thread_exit", Arch::kArm},
    {"__dabt_svc", Arch::kArm},
    {"el0_svc", Arch::kArm64},
    {"el1_irq", Arch::kArm64},
    {"el1h_64", Arch::kArm64},
    {"el0t_64", Arch::kArm64},
    {"invoke_syscall", Arch::kArm64},
    {"sysc_", Arch::kS390},
    {"system_call_exception", Arch::kPowerpc},
    {"linux_sparc_syscall", Arch::kSparc},
    {"sparc64_", Arch::kSparc},
    {"start_parisc", Arch::kParisc},
    {"ret_from_exception", Arch::kRiscv},
    {"walk_stackframe", Arch::kRiscv},
    {"ia64_", Arch::kIa64},
    {"entSys", Arch::kAlpha},
    {"entMM", Arch::kAlpha},
    {"handle_sys", Arch::kMips},
    {"schedule_tail_wrapper", Arch::kI386},
    {"srso_", Arch::kX86_64},
    {"retbleed_", Arch::kX86_64},
};

Arch by_symbol(std::string_view symbol) {
  if (symbol.empty()) return Arch::kUnknown;
  for (const auto& clue : kSymbols)
    if (clue.text[0] == symbol[0] && begins(symbol, clue.text)) return clue.arch;
  return Arch::kUnknown;
}

// By the ranges where kernels lie; an address of 32 bits could be any machine's.
Arch by_address(std::uint64_t address) {
  if (address >> 60 == 0xa) return Arch::kIa64;
  if (address >> 40 == 0xfffffc) return Arch::kAlpha;
  if (address >> 32 == 0xffff'ffff) return Arch::kX86_64;
  if (address >> 40 == 0xffff80 || address >> 40 == 0xffff00 || address >> 36 == 0xffffff8)
    return Arch::kArm64;
  if (address >> 36 == 0xffffffe) return Arch::kRiscv;
  if (address >> 60 == 0xc || address >> 60 == 0xd) return Arch::kPowerpc;
  return Arch::kUnknown;
}

Arch by_release(std::string_view text) {
  for (const auto& clue : kSuffixes)
    if (has(text, clue.text)) return clue.arch;
  return Arch::kUnknown;
}

Arch by_beginning(std::string_view text) {
  for (const auto& clue : kBeginnings)
    if (clue.text[0] == text[0] && begins(text, clue.text)) return clue.arch;
  if (begins(text, "Internal error: ") && ends(text, " ARM")) return Arch::kArm;
  if (begins(text, "pc : [<")) {  // both print "PC is at"
    if (has(text, "pstate: ")) return Arch::kArm64;
    if (has(text, "psr: ")) return Arch::kArm;
  }
  return Arch::kUnknown;
}

// arm's two forms: "(f) from [<c0010428>] (g+0x1/0x2)".
bool is_arm(const Line& line) {
  return line.frame_count == 2 && line.frames[1].role == Role::kCallee;
}

}  // namespace

std::string_view name_of(Arch arch) {
  constexpr std::string_view kNames[] = {"?",      "x86_64", "i386", "arm",      "arm64",
                                         "ppc",    "s390",   "mips", "riscv",    "sparc",
                                         "parisc", "alpha",  "ia64", "loongarch"};
  return kNames[static_cast<std::size_t>(arch)];
}

Arch arch_of(std::string_view message, const Line& line, int& weight) {
  Cursor start(message);
  start.spaces();
  auto text = start.rest();
  if (text.empty()) return Arch::kUnknown;
  weight = 3;
  if (line.kind == LineKind::kCpu) {
    weight = 2;
    return by_release(text);
  }
  if (auto arch = by_beginning(text); arch != Arch::kUnknown) return arch;
  if (is_arm(line)) return Arch::kArm;
  for (std::size_t at = 0; at < line.frame_count; ++at)
    if (auto arch = by_symbol(line.frames[at].symbol); arch != Arch::kUnknown) return arch;
  weight = 1;
  for (std::size_t at = 0; at < line.frame_count; ++at)
    if (line.frames[at].has_address && !line.frames[at].user)
      if (auto arch = by_address(line.frames[at].address); arch != Arch::kUnknown) return arch;
  weight = 0;
  return Arch::kUnknown;
}

Arch arch_of_whole(const Report& report) {
  bool words = report.frame_count > 0;  // instructions of four bytes, no addresses beside names
  for (const auto& frame : report.frames())
    words &= frame.offset % 4 == 0 && frame.size % 4 == 0 && !begins(frame.text, "[<");
  bool spelling = report.trace_count > 0 && begins(report.traces[0].label, "Call trace:");
  return words && (spelling || ends(report.hardware, "(DT)")) ? Arch::kArm64 : Arch::kUnknown;
}

}  // namespace ringside::oops
