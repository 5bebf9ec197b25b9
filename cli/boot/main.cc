// ringside-scan: `ringside scan` by itself, small enough for an initramfs.
#include <cstdio>
#include <exception>

#include "cli/commands.hh"
#include "include/ringside/exit_status.hh"

int main(int argc, char** argv) try {
  return ringside::cli::scan(argc, argv);
} catch (const std::exception& error) {
  std::fprintf(stderr, "ringside-scan: %s\n", error.what());
  return ringside::kUnknown;
}
