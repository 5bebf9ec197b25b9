// Prefix: what loggers, mail programs and printk put before a kernel's message.
#pragma once

#include <cstdint>
#include <string_view>

namespace ringside::oops {

// Who printed a line, where the kernel says it ("[T123]", "[C4]": CONFIG_PRINTK_CALLER).
struct Caller {
  char kind = 0;  // 'T' a task, 'C' a CPU, 0 not told
  std::uint32_t number = 0;
  bool operator==(const Caller&) const = default;
};

struct Prefix {
  std::string_view message;  // the line behind its prefixes, without CR and trailing blanks
  Caller caller;
  bool stamped = false;  // the kernel's or a logger's time stood before the message
  bool foreign = false;  // a logger names another program than the kernel
};

// Takes the prefixes off `line` (without its newline): quotes of mails, escape sequences, <4>,
// "kern :warn :", times of dmesg, syslog, journald and ISO 8601, host and "kernel:", callers, in
// any order and number. A kernel's time in the middle of a line, as consoles that several programs
// write to have it, ends a prefix too. Linear in the line.
Prefix strip_prefix(std::string_view line);

}  // namespace ringside::oops
