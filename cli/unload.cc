// ringside unload: modules out of the running kernel, holders first.
#include "user/loader/unload.hh"
#include "cli/commands.hh"
#include "cli/finish.hh"

namespace ringside::cli {

int unload(int argc, char** argv) {
  App app{"Modules out of the running kernel, in the order in which they hold each other.",
          "ringside unload"};
  std::vector<std::string> names;
  app.add_option("NAME", names, "names of loaded modules")->required();
  app.footer(
      "Example: ringside unload jbd2 ext4\n"
      "Exit status: 0 unloaded, 1 one of them is held or not loaded, 2 not permitted.");
  return finish(app, argc, argv, [&] { return loader::unload(names); });
}

}  // namespace ringside::cli
