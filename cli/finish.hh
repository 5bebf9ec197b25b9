// How every command ends: arguments that do not parse are kUsage, a Failure is one line on stderr
// and its own status, anything else is kYes or the status that the command gives.
#pragma once

#include <CLI/CLI.hpp>

#include "user/base/failure.hh"

namespace ringside::cli {

inline int status_of(Nothing) {
  return kYes;
}
inline int status_of(int status) {
  return status;
}

int report(const Failure& failure, const char* command);
int usage(const CLI::App& app, const CLI::ParseError& error, const char* command);

// Parses argv into `app`'s options and calls `work`, which gives an Outcome<Nothing> or, where a
// negative answer is possible, an Outcome<int> with the exit status.
template <class Work>
int finish(CLI::App& app, int argc, char** argv, Work work) {
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    return usage(app, error, argv[0]);
  }
  auto outcome = work();
  return outcome ? status_of(*outcome) : report(outcome.error(), argv[0]);
}

}  // namespace ringside::cli
