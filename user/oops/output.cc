// What could not be written is thrown away: the failure is said once, by whoever asks for it, and
// not again when the program ends.
#include "user/oops/output.hh"

#include <fmt/format.h>
#include <stdio_ext.h>

#include <cerrno>
#include <cstring>

namespace ringside::oops {

void Output::put(const std::string& text) {
  if (error_ == 0 && std::fwrite(text.data(), 1, text.size(), file_) != text.size()) fail();
}

void Output::flush() {
  if (error_ == 0 && std::fflush(file_) != 0) fail();
}

void Output::fail() {
  error_ = errno;
  ::__fpurge(file_);
  std::clearerr(file_);
}

Outcome<Nothing> Output::state() const {
  if (error_ == 0) return ok;
  return Failure{fmt::format("{} could not be written: {}", name_, std::strerror(error_))};
}

}  // namespace ringside::oops
