// The exit statuses of every Ringside command: one table for the whole project.
#pragma once

namespace ringside {

enum ExitStatus : int {
  kYes = 0,              // yes, or done
  kNo = 1,               // no: the answer is negative, or the operation was refused
  kUnknown = 2,          // could not tell: an input is missing, unreadable or malformed
  kUsage = 64,           // the command line is wrong
  kSkipped = 77,         // a test that did not run, with its reason on stderr
  kGuestOops = 120,      // lab: the guest's kernel printed an oops
  kGuestPanic = 121,     // lab: the guest's kernel panicked
  kGuestHang = 122,      // lab: the guest stopped answering
  kGuestDied = 123,      // lab: the guest or QEMU ended by itself
  kTimeLimit = 124,      // lab: --timeout was reached
  kLabItself = 125,      // lab: the lab could not do its own work
  kNotExecutable = 126,  // lab: the command was found but cannot be run, as in sh
  kNotFound = 127,       // lab: the command was not found, as in sh
};

}  // namespace ringside
