// Debug files that tests make on the spot: a small C source, compiled with the flags at hand.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "user/process/process.hh"

namespace ringside::test {

// Functions inlined two deep, into one that is not; `marker` stands in the innermost. Its line, and
// the lines of the two calls around it, are those numbered below.
inline constexpr const char* kInlinedSource = R"(extern void sink(int);
static inline __attribute__((always_inline)) int innermost(int x) {
  __asm__ volatile(".globl marker\nmarker: nop");  // line 3
  return x * 3;
}
static inline __attribute__((always_inline)) int middle(int x) {
  sink(x);
  return innermost(x + 1);  // line 8
}
__attribute__((noinline)) int outermost(int x) {
  for (int i = 0; i < x; ++i) sink(i);
  return middle(x) + 1;  // line 12
}
__attribute__((section(".init.text"), noinline)) int in_other_section(int x) {
  sink(x + 5);
  return outermost(x) - 2;
}
void sink(int x) { __asm__ volatile("" : : "r"(x)); }
void _start(void) { sink(in_other_section(3)); }
)";
inline constexpr std::uint32_t kMarkerLines[] = {3, 8, 12};
inline constexpr const char* kMarkerFunctions[] = {"innermost", "middle", "outermost"};

// Compiles the source in `folder` to `name`; a Failure has the compiler's words.
inline Outcome<std::filesystem::path> compile(const std::filesystem::path& folder,
                                              const std::string& name, const std::string& compiler,
                                              const std::vector<std::string>& flags) {
  auto file = folder / name;
  std::vector<std::string> argv = {compiler, "-O2", "-ffreestanding", "-fno-pie", "-o", file};
  argv.insert(argv.end(), flags.begin(), flags.end());
  argv.push_back("inlined.c");
  TRY(output_of({.argv = argv, .directory = folder, .environment = {}}));
  return file;
}

inline std::vector<std::string> linked(std::vector<std::string> flags) {
  flags.insert(flags.end(), {"-nostdlib", "-static", "-no-pie", "-Wl,--build-id"});
  return flags;
}

}  // namespace ringside::test
