// What the parts of bench-loader share: the debate of placements, in figures.
#pragma once

#include <string>
#include <vector>

#include "user/base/failure.hh"
#include "user/bench/results.hh"

namespace ringside::bench {

struct Debate {
  Context context;
  std::string metric = "time", unit = "ns";  // of what is counted or timed: both in a guest's clock

  void print(Measure measure) const;
};

// A list of modules to be loaded: "disk", and what it stands for.
struct ModuleSet {
  std::string name;
  std::vector<std::string> roots;
};

struct LoadsAsked {
  std::vector<ModuleSet> sets;
  std::string unsigned_files;  // a folder with copies that bear no signature, as below the tree's
  int repeats = 3;
};

// In a guest: loads every set in every placement and by modprobe, and prints what that costs.
Outcome<Nothing> measure_loads(const Debate& debate, const LoadsAsked& asked);

// In a guest with ringside_caller.ko loaded: what calls cost.
Outcome<Nothing> measure_calls(const Debate& debate);

// In a guest: what ringside-insmod takes in each placement to load the module `name`, beside kmod's
// insmod and BusyBox's.
Outcome<Nothing> measure_smallest(const Debate& debate, const std::string& name);

// Outside: what is in ring 0 and in user space, for `kernel`; modules from `build`, sources from
// `root`.
Outcome<Nothing> print_facts(Debate debate, const std::string& kernel, const std::string& build,
                             const std::string& root, const std::vector<ModuleSet>& sets);

// Outside: copies of the sets' modules without signatures into `folder`/RELEASE, packed as they
// were.
Outcome<Nothing> strip_signatures(const std::string& kernel, const std::string& folder,
                                  const std::vector<ModuleSet>& sets);

}  // namespace ringside::bench
