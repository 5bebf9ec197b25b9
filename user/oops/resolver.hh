// The seam between reports and what is known of kernels: a place in an object's code, and who can
// say which source line it came from.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace ringside::oops {

// A place in the code of the kernel or of a module.
struct Spot {
  std::string module;         // as the kernel spells it; empty: vmlinux
  std::string section;        // of the module's file that `address` counts from; empty: vmlinux
  std::uint64_t address = 0;  // as linked (vmlinux), or an offset in the section
  std::uint64_t symbol_start = 0;  // the same for the symbol that covers it
  bool is_return = false;          // behind a call: `address` - 1 is what ran
};

// One level of a place: a function, inlined or not, and the line in it that ran.
struct SourceLine {
  std::string function, file;
  std::uint32_t line = 0, column = 0;

  bool operator==(const SourceLine&) const = default;
};

struct Lines {
  std::vector<SourceLine> chain;  // innermost first; the last is the function that has the symbol
  std::string why;                // where `chain` is empty: what is missing, and what to install
};

// Source lines of one kernel and its modules. Thread-safe. The DWARF reader stands behind it; a
// kernel without debug information has NoLines.
class LineSource {
 public:
  virtual ~LineSource() = default;
  virtual Lines find(const Spot& spot) const = 0;
};

class NoLines : public LineSource {
 public:
  explicit NoLines(std::string why) : why_(std::move(why)) {}
  Lines find(const Spot&) const override { return {{}, why_}; }

 private:
  std::string why_;
};

}  // namespace ringside::oops
