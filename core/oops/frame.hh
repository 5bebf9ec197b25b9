// Frame: one place in a kernel's or module's code that a line of a report names.
#pragma once

#include <cstdint>
#include <string_view>

namespace ringside::oops {

enum class Role : std::uint8_t {
  kCall,    // an entry of a stack trace
  kFault,   // where the CPU stood: RIP, EIP, PC, NIP, PSW, epc, TPC, IAOQ
  kLink,    // where it would have returned to: LR, ra, RP, I7
  kNamed,   // named in a headline: "WARNING: at f+0x10/0x20", "KASAN: ... in f+0x10/0x20"
  kLock,    // where a lock was taken: "at: f+0x10/0x20"
  kCallee,  // arm's `[<c0014318>] (dump_backtrace) from ...`: who was called, by its start
  kCopy,    // said before in the same report: sparc's Caller[], ksymoops' lines
};

struct Frame {
  std::string_view text;      // the part of the line that names the place
  std::string_view symbol;    // as printed, without offset; empty for a mere address
  std::string_view module;    // empty for the kernel proper
  std::string_view build_id;  // of the module, where the line has one
  std::string_view source;    // "fs/open.c:12": what a decoder before us has added
  std::uint64_t address = 0, offset = 0, size = 0;
  std::uint32_t line = 0;   // counted from the report's first line
  std::uint16_t trace = 0;  // number of the stack trace in its report
  Role role = Role::kCall;
  bool has_address = false;
  bool has_offset = false;   // `offset` and `size` were printed
  bool guess = false;        // '?': found on the stack, perhaps not a caller
  bool unreliable = false;   // "(unreliable)", or s390's parentheses
  bool inlined = false;      // "[inline]": has no address of its own
  bool user = false;         // an address of user space
  bool exact = false;        // the instruction itself, not the one behind a call
  bool interrupted = false;  // a kFault inside of a stack: where an interrupt or exception came
};

}  // namespace ringside::oops
