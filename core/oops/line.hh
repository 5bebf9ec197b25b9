// Line: what one message of a kernel's report is, told by its own text alone.
#pragma once

#include <array>
#include <cstdint>
#include <string_view>

#include "core/oops/frame.hh"

namespace ringside::oops {

// What a report is about. The names in docs/oops.md follow this order (kind.cc).
enum class Kind : std::uint8_t {
  kTrace,  // a mere stack trace, or a report whose headline is lost
  kNullDereference,
  kPageFault,
  kProtectionFault,
  kBug,
  kOops,  // any other exception in the kernel
  kDoubleFault,
  kStackOverflow,
  kWarning,
  kKasan,
  kKfence,
  kKcsan,
  kKmsan,
  kUbsan,
  kLockdep,
  kRcuUsage,
  kAtomicSleep,
  kSpinlock,
  kSlab,
  kBadPage,
  kListCorruption,
  kHungTask,
  kRcuStall,
  kSoftLockup,
  kHardLockup,
  kWorkqueueLockup,
  kAllocation,
  kPanic,
};

// "null-dereference", "hung-task" ...: what JSON calls it.
std::string_view name_of(Kind kind);
// The same for a person: "null pointer dereference", "hung task".
std::string_view title_of(Kind kind);

enum class LineKind : std::uint8_t {
  kOther,  // nothing that a report has
  kBlank,
  kCutHere,       // "------------[ cut here ]------------"
  kRuler,         // "=====" or "-----"
  kHeadline,      // begins a report, or names what it is about
  kDie,           // "Oops: 0000 [#1] SMP": the exception behind a headline, or its own headline
  kPanic,         // "Kernel panic - not syncing: ..."
  kEndTrace,      // "---[ end trace ... ]---"
  kEndPanic,      // "---[ end Kernel panic ... ]---"
  kCpu,           // "CPU: 1 PID: 2 Comm: x Not tainted 6.1.0 #1"
  kTrace,         // "Call Trace:" and every other line that says which stack follows
  kFrames,        // one or more frames
  kCode,          // "Code: 0f 0b <48> ..."
  kModules,       // "Modules linked in: ..."
  kRegisters,     // names and values
  kDump,          // words of memory
  kKernelOffset,  // "Kernel Offset: 0x1000 from 0xffffffff81000000"
  kHardware,      // "Hardware name: ..."
  kWorkqueue,     // "Workqueue: events do_it"
  kTask,          // "task:kworker/0:1 state:D pid:1 ...", "Process x (pid: 1 ..."
  kHeld,          // a line about locks
  kDetail,        // any other line that only reports have
};

// Which stack a kTrace line announces.
enum class TraceKind : std::uint8_t { kMain, kAllocated, kFreed, kLockChain, kOther };

constexpr std::size_t kLineFrames = 4;  // no line names more places

struct Line {
  LineKind kind = LineKind::kOther;
  Kind report = Kind::kTrace;           // of a headline
  TraceKind trace = TraceKind::kOther;  // of a kTrace line
  bool certain = false;                 // the headline is a report by itself, whatever follows
  std::string_view subject;             // what stands behind the keyword, or the whole message
  std::uint64_t value = 0;              // kKernelOffset, and the address of a fault
  bool has_value = false;
  std::array<Frame, kLineFrames> frames;
  std::uint8_t frame_count = 0;

  Frame& add(const Frame& frame) {
    auto& place = frames[frame_count < kLineFrames ? frame_count : kLineFrames - 1];
    if (frame_count < kLineFrames) ++frame_count;
    return place = frame;
  }
};

// Says what `message`, a line without its prefixes, is. `inside`: a report is open, so that lines
// which mean something only there count too. Fills `line`; its views borrow `message`.
void classify(std::string_view message, bool inside, Line& line);

// Only the frames of `message`; whether there are any. A part of classify().
bool read_frames(std::string_view message, bool inside, Line& line);

}  // namespace ringside::oops
