// How every command ends: arguments that do not parse are kUsage, a Failure is one line on stderr
// and its own status, anything else is kYes or the status that the command gives.
#pragma once

#include "cli/options.hh"

namespace ringside::cli {

inline int status_of(Nothing) {
  return kYes;
}
inline int status_of(int status) {
  return status;
}

// `program` as a user calls it: "ringside ksyms".
int report(const Failure& failure, const std::string& program);

// Parses argv into `app`'s options and calls `work`, which gives an Outcome<Nothing> or, where a
// negative answer is possible, an Outcome<int> with the exit status.
template <class Work>
int finish(App& app, int argc, char** argv, Work work) {
  auto parsed = app.parse(argc, argv);
  if (!parsed) return report(parsed.error(), app.name());
  if (!*parsed) return kYes;
  auto outcome = work();
  return outcome ? status_of(*outcome) : report(outcome.error(), app.name());
}

}  // namespace ringside::cli
