// ringside doctor: what works on this machine, why the rest does not, and what to install for it.
#include "cli/commands.hh"
#include "cli/finish.hh"

namespace ringside::cli {

int doctor(int argc, char** argv) {
  CLI::App app{"What works on this machine, and what to install for the rest.", "ringside doctor"};
  return finish(app, argc, argv, []() -> Outcome<Nothing> { return ok; });
}

}  // namespace ringside::cli
