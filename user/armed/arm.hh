// Arming the kernel that runs here: tables are built in user space and handed over, then the hook
// is set up.
#pragma once

#include <string>
#include <vector>

#include "user/armed/device.hh"
#include "user/lines/debug_places.hh"
#include "user/modules/kernel.hh"

namespace ringside::armed {

enum class Modules { kLoaded, kAll };

struct Choice {
  bool lines = false;  // source lines, of the kernel and of modules
  Modules modules = Modules::kLoaded;
  lines::Places places;  // where debug information is looked for, and files of modules
  lines::Progress progress;
};

// What came of it.
struct Coverage {
  std::size_t modules = 0, without = 0;  // of the modules asked for: with lines, and without
  std::vector<std::string> missing;      // what was asked for and is not there; one line each
};

// Hands over what there is, then arms; tables of an earlier call stay until they are replaced. A
// Failure where nothing was armed: no symbols, or a kernel whose printer is not the one that we
// know (its prototype, by BTF, is compared with ours).
Outcome<Coverage> arm(Device& device, modules::Kernel& kernel, const Choice& choice);

}  // namespace ringside::armed
