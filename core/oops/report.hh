// Report: all that the lines of one report say, in fixed room. Views borrow the lines.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>

#include "core/oops/frame.hh"
#include "core/oops/line.hh"

namespace ringside::oops {

enum class Arch : std::uint8_t {
  kUnknown,
  kX86_64,
  kI386,
  kArm,
  kArm64,
  kPowerpc,
  kS390,
  kMips,
  kRiscv,
  kSparc,
  kParisc,
  kAlpha,
  kIa64,
  kLoongarch,
};

// "x86_64", "i386", "arm", "arm64", "ppc", "s390", "mips" ...; "?" where it is not known.
std::string_view name_of(Arch arch);

struct Module {
  std::string_view name;
  std::string_view flags;  // "OE": why it taints; '+' being loaded, '-' being unloaded
  std::uint64_t address = 0;
  bool has_address = false;
};

struct Trace {
  std::string_view label;  // "Call Trace:", "Freed by task 12:"; empty where none stood there
  TraceKind kind = TraceKind::kOther;
};

struct Register {
  std::string_view name;   // "RAX", "x29", "GPR04", "$12"
  std::string_view value;  // as printed; several words where the line has one name for them
};

// Which of the builds of one release; empty where it is not told.
struct Build {
  std::string_view number;   // "#1", "#57-Ubuntu"
  std::string_view package;  // "Debian 6.1.192-3"
};

constexpr std::size_t kCodePieces = 12;
constexpr std::size_t kReportTraces = 64;

struct Report {
  std::uint32_t id = 0;  // counted from 1 in a stream
  Kind kind = Kind::kTrace;
  Arch arch = Arch::kUnknown;
  bool complete = false;   // its end was seen: the kernel's own mark, or what must follow came
  bool truncated = false;  // it has no headline, or ended before its trace, or was too long
  std::uint64_t first_line = 0, last_line = 0;  // as counted by the Reader

  std::string_view headline;  // "BUG: kernel NULL pointer dereference, address: 0..."
  std::string_view panic;     // "Fatal exception in interrupt", where the kernel then panicked
  std::string_view release;   // uname -r
  Build build;
  std::string_view build_id;  // of the kernel, where it prints its own
  std::string_view comm, hardware, workqueue;
  std::string_view bug_at;  // "fs/ext4/inode.c:1174", of a BUG or a warning
  std::string_view taint;   // the letters as printed; empty where untainted or not told
  std::int64_t cpu = -1, pid = -1;
  std::uint64_t fault_address = 0, kernel_offset = 0;
  bool has_fault_address = false, has_kernel_offset = false, tainted = false;
  bool taint_told = false;  // that it is tainted, or not

  std::string_view code[kCodePieces];  // "Code:" line, and its continuations in wrapped mails
  std::uint8_t code_pieces = 0;
  Trace traces[kReportTraces];
  std::uint16_t trace_count = 0;
  std::uint32_t frame_count = 0, module_count = 0, register_count = 0;
  std::uint32_t dropped = 0;  // frames, modules and registers for which there was no room

  std::span<Frame> frame_room;  // the Reader's
  std::span<Module> module_room;
  std::span<Register> register_room;

  std::span<const Frame> frames() const { return frame_room.first(frame_count); }
  std::span<const Module> modules() const { return module_room.first(module_count); }
  std::span<const Register> registers() const { return register_room.first(register_count); }
};

// What a letter of a taint means: "proprietary module was loaded"; empty for none of the kernel's.
std::string_view taint_meaning(char letter);

}  // namespace ringside::oops
