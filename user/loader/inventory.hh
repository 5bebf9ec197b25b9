// Inventory: all that is loaded, with what it takes: `ringside list`. Addresses are the kernel's
// own; sizes of regions, and what page rounding costs, are laid out again from the module's file,
// where that is found and has the loaded module's build-id. With the section addresses, the per-CPU
// base and the build-id, and the same files, a loader that starts afresh knows the address of every
// symbol of every module.
#pragma once

#include "user/loader/bind.hh"

namespace ringside::loader {

struct RegionAt {
  std::string name;   // "core", "text" ...
  bool init = false;  // freed by now
  std::uint64_t address = 0, bytes = 0, rounding = 0;
};

struct Entry {
  Loaded module;
  Placement placement = Placement::kStock;  // by the record; stock where there is none
  std::string parameters;                   // by the record
  std::filesystem::path file;               // empty where it is not known
  bool described = false;                   // what follows is known
  std::vector<RegionAt> regions;
  std::uint64_t rounding = 0;  // bytes lost in regions that stay
  std::uint64_t percpu_bytes = 0;
  std::uint64_t percpu_address = 0;  // 0 where it is not known
};

// Every loaded module. `kernel` may be nullptr: then nothing is described.
Outcome<std::vector<Entry>> take_inventory(const modules::Kernel* kernel, const Roots& roots = {});

}  // namespace ringside::loader
