// Unloading: modules in the order in which they hold each other, holders first. All is looked at
// before anything is unloaded: where a module is held by one that was not named, or by a file,
// mount or device, nothing happens at all.
#pragma once

#include "user/loader/record.hh"

namespace ringside::loader {

// The order in which `names` can be unloaded. Fails (kNo) where one is not loaded, is held by what
// was not named, or cannot be unloaded; the message names the holders.
Outcome<std::vector<std::string>> unload_order(const std::vector<std::string>& names,
                                               const Roots& roots = {});

// Unloads one module, waiting for loads of ours that rely on addresses; 0 or an errno value.
int remove_module(const std::string& name, const Roots& roots = {});

// Unloads all, in order.
Outcome<Nothing> unload(const std::vector<std::string>& names, const Roots& roots = {});

}  // namespace ringside::loader
