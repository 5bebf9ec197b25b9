// ringside: the table of contents. Every command stands in one row here and in one file beside.
#include <fmt/format.h>

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <exception>
#include <string_view>

#include "cli/commands.hh"
#include "include/ringside/exit_status.hh"

namespace ringside::cli {
namespace {

struct Command {
  std::string_view group, name, summary;
  int (*run)(int argc, char** argv);
};

constexpr Command kCommands[] = {
    {"Kernel images", "kimage", "what a kernel image says: release, symbols, exports, types",
     kimage},
    {"Kernel images", "ksyms", "kernel addresses to symbols and back, from an image alone", ksyms},
    {"Modules", "check", "whether modules load on a kernel, and all that stands against it", check},
    {"Modules", "link", "modules linked at addresses: an image per region, and a map", link},
    {"Modules", "load", "modules and all they need into this kernel, in one of four placements",
     load},
    {"Modules", "unload", "modules out of this kernel", unload},
    {"Modules", "list", "what is loaded here: placement, regions, references, bytes lost", list},
    {"Modules", "place", "an object that is no module into this kernel, and calls of it", place},
    {"Reports", "oops", "reports of kernels found in any text, decoded", oops},
    {"Channels", "channel", "the ways between a process and the kernel: list, check", channel},
    {"Firmware", "firmware", "firmware for drivers that ask user space for it", firmware},
    {"Storage", "scan", "SCSI devices as they are now: new, gone, resized; added and removed",
     scan},
    {"Pages", "html", "text out of HTML, in user space or in the kernel", html},
    {"Verdicts", "verdict", "on which side of the line a service belongs, by measurement", verdict},
    {"Verdicts", "new", "the skeleton of a service of your own, for either side", new_service},
    {"Laboratory", "lab", "run a command on a stock kernel under QEMU", lab},
    {"This machine", "doctor", "what works here, and what to install for the rest", doctor},
};

void print_help() {
  fmt::print("Usage: ringside COMMAND [ARGUMENTS...]\n");
  std::string_view group;
  for (const auto& command : kCommands) {
    if (command.group != group) fmt::print("\n{}:\n", group = command.group);
    fmt::print("  {:<10}{}\n", command.name, command.summary);
  }
  fmt::print(
      "\nringside COMMAND --help says more, with an example. Exit status: 0 yes or done, 1 no,\n"
      "2 could not tell, 64 usage; the lab's own (120 to 127): ringside lab --help.\n");
}

int run(int argc, char** argv) {
  std::string_view name = argc > 1 ? argv[1] : "";
  if (name == "--help" || name == "-h" || name == "help") return print_help(), kYes;
  if (name == "--version") return fmt::print("ringside {}\n", RINGSIDE_VERSION), kYes;
  for (const auto& command : kCommands)
    if (command.name == name) return command.run(argc - 1, argv + 1);
  fmt::print(stderr, "ringside: {}; try: ringside --help\n",
             name.empty() ? "no command given" : fmt::format("no command '{}'", name));
  return kUsage;
}

}  // namespace
}  // namespace ringside::cli

// Libraries (CLI11, fmt, the standard library) throw; here is where that becomes one clear line.
int main(int argc, char** argv) try {
  int status = ringside::cli::run(argc, argv);
  if (std::fflush(stdout) == 0 && std::ferror(stdout) == 0) return status;
  fmt::print(stderr, "ringside: standard output could not be written: {}\n", std::strerror(errno));
  return ringside::kUnknown;
} catch (const std::exception& error) {
  fmt::print(stderr, "ringside: {}\n", error.what());
  return ringside::kUnknown;
}
