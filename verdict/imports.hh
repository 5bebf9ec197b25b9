// Imports: what kernels say of the symbols that modules of ours import. It needs the modules' files
// and the kernels' images and trees; no compiler, and nothing is loaded.
#pragma once

#include <filesystem>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "user/base/failure.hh"
#include "verdict/point.hh"

namespace ringside::verdict {

// The undefined symbols of a module's file, without those that every module has.
Outcome<std::set<std::string>> imported_by(const std::filesystem::path& module);

// What the kernel that goes by `name` says of each of `symbols`; those of `imported` are marked.
// Sets `release`. Fails where that kernel is not on this machine.
Outcome<std::map<std::string, Symbol>> ask_kernel(const std::string& name,
                                                  const std::set<std::string>& symbols,
                                                  const std::set<std::string>& imported,
                                                  std::string& release);

// A result of that: service `service`, placement kernel, operation "imports".
Row imports_row(const std::string& service, const std::string& release,
                const std::map<std::string, Symbol>& symbols, const std::string& command);

}  // namespace ringside::verdict
