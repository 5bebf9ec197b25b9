// Reading the console line by line. What makes a line an oops is what the kernel's own die(),
// page_fault_oops() and the BUG: reports print at its front (arch/x86/kernel/dumpstack.c,
// arch/x86/mm/fault.c, lib/bug.c), and what sanitizers do: KASAN's reports begin as BUGs do;
// lockdep's bear no CPU, as a WARN does (kernel/locking/lockdep.c). A WARN is no oops, nor is a
// lockup report: a guest that is stuck is found by its missing heartbeats.
#include "lab/console.hh"

#include <unistd.h>

#include <algorithm>

namespace ringside::lab {
namespace {

constexpr std::size_t kKeep = 256 * 1024;  // bytes of console that tail() can reach back to

constexpr std::size_t kLongestLine = 4096;

// "[    1.234567] text" and "[    1.234567][   T12] text" without their prefixes.
std::string_view without_prefix(std::string_view line) {
  while (line.starts_with("[")) {
    auto end = line.find("] ");
    auto inner = line.find("][");
    if (inner < end) {
      line.remove_prefix(inner + 1);
      continue;
    }
    auto inside = line.substr(1, end == line.npos ? end : end - 1);
    if (end == line.npos || inside.find_first_not_of(" .0123456789TC") != inside.npos) break;
    line.remove_prefix(end + 2);
  }
  return line;
}

bool starts_with_any(std::string_view line, std::initializer_list<std::string_view> starts) {
  return std::any_of(starts.begin(), starts.end(),
                     [&](std::string_view start) { return line.starts_with(start); });
}

bool is_sanitizer_report(std::string_view line) {
  if (line.starts_with("kmemleak: ")) return line.find(" new suspected memory leaks") != line.npos;
  return starts_with_any(
      line,
      {"UBSAN: ", "WARNING: possible ", "WARNING: inconsistent lock state",
       "WARNING: suspicious RCU usage", "WARNING: bad unlock balance detected",
       "WARNING: bad contention detected", "WARNING: held lock freed",
       "WARNING: lock held when returning to user space", "WARNING: Nested lock was not taken",
       "WARNING: HARDIRQ-", "WARNING: SOFTIRQ-", "[ BUG: "});
}

}  // namespace

Ailment ailment_of(std::string_view line) {
  line = without_prefix(line);
  if (line.starts_with("Kernel panic - not syncing")) return Ailment::kPanic;
  if (line.starts_with("---[ end trace ")) return Ailment::kOopsEnd;
  if (starts_with_any(line, {"BUG: soft lockup", "BUG: workqueue lockup"})) return Ailment::kNone;
  if (starts_with_any(line,
                      {"BUG: ", "Oops: ", "kernel BUG at ", "general protection fault",
                       "Internal error: ", "stack segment: ", "invalid opcode: ", "divide error: ",
                       "double fault: ", "int3: ", "Unable to handle kernel "}))
    return Ailment::kOops;
  return is_sanitizer_report(line) ? Ailment::kOops : Ailment::kNone;
}

void Console::line(std::string_view text) {
  auto ailment = ailment_of(text);
  if (ailment == Ailment::kOops && !oops_) {
    oops_ = true;
    first_line_ = without_prefix(text);
  }
  // die("int3"): "int3: 0000 [#1]" up to 6.1, "Oops: int3: 0000 [#1]" after it.
  if (ailment == Ailment::kOops && text.find("int3: 0000 [#") != text.npos) breakpoint_ = true;
  if (ailment == Ailment::kOopsEnd && oops_) complete_ = true;
  if (ailment == Ailment::kPanic && !panic_) {
    panic_ = true;
    first_line_ = without_prefix(text);
  }
}

void Console::feed(std::string_view bytes) {
  if (copy_ && write(copy_.get(), bytes.data(), bytes.size()) < 0) copy_.reset();  // disk full
  text_.append(bytes);
  if (text_.size() > 2 * kKeep) text_.erase(0, text_.size() - kKeep);
  for (char c : bytes) {
    if (c == '\n') {
      line(partial_);
      partial_.clear();
    } else if (c != '\r' && partial_.size() < kLongestLine) {
      partial_.push_back(c);
    }
  }
}

void Console::forget_oops() {
  oops_ = complete_ = false;
  first_line_.clear();
}

std::string Console::tail(unsigned lines) const {
  auto at = text_.size();
  for (unsigned newlines = 0; at > 0; --at)
    if (text_[at - 1] == '\n' && at != text_.size() && ++newlines == lines) break;
  auto tail = text_.substr(at);
  std::erase(tail, '\r');
  return tail;
}

}  // namespace ringside::lab
