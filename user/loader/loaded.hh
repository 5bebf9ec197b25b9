// Loaded: what the running kernel says of a module that it holds, in /proc/modules and
// /sys/module/NAME. Section addresses are there for root alone; per-CPU sections are not listed at
// all, and are told by /proc/kallsyms (find_addresses).
#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "user/base/failure.hh"

namespace ringside::loader {

// The folders that the kernel's word is read from; tests give others.
struct Roots {
  std::filesystem::path proc = "/proc", sys = "/sys", run = "/run/ringside";
};

struct Loaded {
  std::string name;
  std::string state;                 // "live", "coming", "going"
  std::string build_id;              // lower-case hex; empty where it has none
  std::string taints;                // letters: "OE"
  std::vector<std::string> holders;  // modules that hold it, sorted
  std::uint64_t size = 0;            // bytes that stay (coresize)
  std::int64_t references = -1;      // -1: it cannot be unloaded
  std::uint64_t instance = 0;        // inode of /sys/module/NAME: given once a boot
  // Name to address; empty until read_sections() was asked, and for others than root.
  std::map<std::string, std::uint64_t> sections;
};

// Every loaded module, in the order of /proc/modules: the last loaded first.
Outcome<std::vector<Loaded>> loaded_modules(const Roots& roots = {});
// The one of that name; no value where the kernel has none (or it is built in).
std::optional<Loaded> loaded_module(const std::string& name, const Roots& roots = {});

void read_sections(Loaded& module, const Roots& roots = {});

// A symbol of a module, and what /proc/kallsyms says of it; 0 where it is not there.
struct ModuleSymbol {
  std::string module, symbol;
  std::uint64_t address = 0;
};
// Fills the addresses, in one walk over the whole file: for per-CPU data, whose addresses sysfs
// does not have.
void find_addresses(std::vector<ModuleSymbol>& symbols, const Roots& roots = {});

}  // namespace ringside::loader
