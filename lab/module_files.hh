// Module files: the few of a kernel's modules that a guest must load before it can see anything
// of the host, with what they depend on, unpacked and in loading order.
#pragma once

#include <cstddef>
#include <filesystem>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "user/base/failure.hh"
#include "user/base/page_buffer.hh"

namespace ringside::lab {

struct ModuleFile {
  std::string name;  // with '_' for '-', as the kernel spells it
  PageBuffer bytes;
};

// The modules of one release: /lib/modules/RELEASE, by name.
class ModuleTree {
 public:
  // Reads modules.order and modules.builtin, which come with the kernel's package (modules.dep is
  // only made where it is installed).
  static Outcome<ModuleTree> open(const std::filesystem::path& directory);

  // True where `name` is a module or built in.
  bool has(const std::string& name) const;
  // `names` and all they depend on, each after its dependencies; built-in ones are left out.
  Outcome<std::vector<ModuleFile>> closure(const std::vector<std::string>& names) const;

 private:
  Outcome<ModuleFile> load(const std::string& name) const;
  Outcome<Nothing> add(const std::string& name, std::vector<ModuleFile>& order,
                       std::set<std::string>& seen) const;

  std::filesystem::path directory_;
  std::map<std::string, std::string> files_;  // name: path within directory_, without packing
  std::set<std::string> builtin_;
};

}  // namespace ringside::lab
