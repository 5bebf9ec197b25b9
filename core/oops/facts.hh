// Facts: what lines other than frames add to a report.
#pragma once

#include "core/oops/report.hh"

namespace ringside::oops {

// "CPU: 1 PID: 2 Comm: x Tainted: G W 6.1.0 #1" or its continuation on the next line. Whether the
// release was found, which a line that a mail program broke does not have.
bool read_cpu(std::string_view text, Report& report);

// "6.1.0 #1" where a line begins with it. Whether it does.
bool read_release(std::string_view text, Report& report);

// "#1 Debian 6.1.192-3" of a CPU line, "#1 SMP PREEMPT_DYNAMIC Debian 6.1.192-3 (2026-11-26)" of
// uname -v.
Build read_build(std::string_view text);

// "a b(OE) c ... [last unloaded: d]", what stands behind "Modules linked in:" or on a line below.
// False where `text` is no list of modules.
bool read_modules(std::string_view text, Report& report);

// Whose report it is, where the headline tells: "INFO: task NAME:PID blocked", "BUG: soft lockup -
// CPU#7 stuck for 22s! [NAME:812]", "WARNING: f.c:12 at f+0x1/0x2, CPU#3: NAME/812".
void read_task(std::string_view headline, Report& report);

// Every name with its value in a line of registers.
void read_registers(std::string_view text, Report& report);

// The architecture that a message speaks of, kUnknown where it does not; `weight` says how sure it
// is: 3 a name or a register that only one has, 1 a guess by the form of an address.
Arch arch_of(std::string_view message, const Line& line, int& weight);

// The same by the looks of a whole report, for want of any clue in its lines: arm64's spelling of
// "Call trace:" or a device tree, and code in words of four bytes.
Arch arch_of_whole(const Report& report);

// "fs/ext4/inode.c:1174" in a headline; empty where there is none.
std::string_view source_in(std::string_view headline);

}  // namespace ringside::oops
