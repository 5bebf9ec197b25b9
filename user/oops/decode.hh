// Decoding: a report's frames against the kernel that it comes from.
#pragma once

#include "user/oops/found.hh"
#include "user/oops/kernel.hh"

namespace ringside::oops {

// What is known of one frame beyond its own text.
struct Answer {
  std::string symbol, module;  // where the report has an address only
  std::uint64_t offset = 0, size = 0;
  bool resolved = false;  // the symbol was found in the kernel or the module
  bool added = false;     // `symbol` is news
  std::string demangled;  // C++ and Rust names; empty where the symbol is neither
  std::vector<SourceLine> lines;
  std::string why;  // not resolved, or no lines: what is missing
};

struct Instruction {
  std::int64_t offset;  // from the faulting one
  std::string bytes, text;
};

struct Decoded {
  std::string kernel;  // the file that symbols came from; empty where there was none
  std::string kernel_build_id;
  bool has_offset = false;  // bytes the kernel ran above its link address, and who says so
  std::uint64_t offset = 0;
  std::string offset_source;       // "report", "symbols"
  std::vector<Answer> answers;     // one a frame
  std::vector<std::string> notes;  // what is missing or does not fit, each once
  const Frame* culprit = nullptr;
  std::string prototype;  // the culprit's, where no source line is known
  std::uint64_t fingerprint = 0;
  std::vector<Instruction> code;
};

class Decoder {
 public:
  explicit Decoder(FindKernel find) : kernels_(std::move(find)) {}
  // Thread-safe. Never fails: what cannot be told stands in the notes.
  Decoded decode(const Report& report);

 private:
  Kernels kernels_;
};

// `symbol` for a person, where it is a mangled C++ or Rust name; else empty.
std::string demangle(std::string_view symbol);

// The instructions around the fault; empty where there is no code, or none that this machine's
// library knows.
std::vector<Instruction> disassemble(const Report& report);
// Loads that library, which takes some milliseconds, ahead of its use; whether it is here.
bool load_disassembler();

}  // namespace ringside::oops
