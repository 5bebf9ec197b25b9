// Names are demangled by libiberty, which knows Rust's two manglings, and by the C++ runtime.
#include <cxxabi.h>

#include <cstdlib>
#include <memory>

#include "core/oops/verdict.hh"
#include "user/oops/decode.hh"

// libiberty's own header declares basename() in a way that glibc's <string.h> contradicts.
extern "C" char* rust_demangle(const char* mangled, int options);

namespace ringside::oops {

std::string demangle(std::string_view symbol) {
  if (!symbol.starts_with("_Z") && !symbol.starts_with("_R")) return {};
  std::string name(plain_name(symbol));
  using Text = std::unique_ptr<char, decltype(&std::free)>;
  if (auto rust = Text(rust_demangle(name.c_str(), 0), &std::free)) return rust.get();
  int status = 0;
  if (auto cpp = Text(abi::__cxa_demangle(name.c_str(), nullptr, nullptr, &status), &std::free))
    return cpp.get();
  return {};
}

}  // namespace ringside::oops
