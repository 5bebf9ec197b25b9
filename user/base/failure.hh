// Failure: the error of user-space code. One line for a person (what, which file or device,
// expected, found, what to do) and the exit status that the tool ends with.
#pragma once

#include <string>
#include <utility>

#include "core/base/result.hh"
#include "include/ringside/exit_status.hh"

namespace ringside {

struct Failure {
  std::string message;
  int status = kUnknown;
};

// A value, or why a person cannot have it.
template <class T>
using Outcome = Result<T, Failure>;

// `error` of a core, found in `input` (a file name), as a line for a person.
std::string describe(const Error& error, const std::string& input);

// What errno says about `what` done to `path`: "open /boot/vmlinuz: Permission denied".
Failure system_failure(const std::string& what, const std::string& path);

}  // namespace ringside
