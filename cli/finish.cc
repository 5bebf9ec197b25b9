// report(): a failure as one line; a wrong call's says where help is.
#include "cli/finish.hh"

#include <fmt/format.h>

namespace ringside::cli {

int report(const Failure& failure, const std::string& program) {
  std::fflush(stdout);
  auto help = failure.status == kUsage ? fmt::format("; try: {} --help", program) : "";
  fmt::print(stderr, "{}: {}{}\n", program, failure.message, help);
  return failure.status;
}

}  // namespace ringside::cli
