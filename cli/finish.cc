// finish(): parses the command line, runs the command, and turns its outcome into one line and a
// status.
#include "cli/finish.hh"

#include <fmt/format.h>

namespace ringside::cli {

int report(const Failure& failure, const char* command) {
  std::fflush(stdout);
  fmt::print(stderr, "ringside {}: {}\n", command, failure.message);
  return failure.status;
}

int usage(const CLI::App& app, const CLI::ParseError& error, const char* command) {
  if (error.get_exit_code() == 0) return app.exit(error);  // --help
  fmt::print(stderr, "ringside {}: {}; try: ringside {} --help\n", command, error.what(), command);
  return kUsage;
}

}  // namespace ringside::cli
