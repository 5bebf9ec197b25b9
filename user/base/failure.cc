// A core's Error carries numbers and names; its line for a person is put together here.
#include "user/base/failure.hh"

#include <fmt/format.h>

#include <cerrno>
#include <cstring>

namespace ringside {

std::string describe(const Error& error, const std::string& input) {
  std::string line = fmt::format("{}: {}", input, error.what);
  if (*error.part) line += fmt::format(" in {} at {:#x}", error.part, error.at);
  if (error.expected || error.found)
    line += fmt::format(" (expected {:#x}, found {:#x})", error.expected, error.found);
  return line;
}

Failure system_failure(const std::string& what, const std::string& path) {
  return {fmt::format("{} {}: {}", what, path, std::strerror(errno))};
}

}  // namespace ringside
