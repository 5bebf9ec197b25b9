// The closure of modules under "needs": an order in which they can be loaded.
#pragma once

#include <functional>
#include <optional>
#include <span>
#include <string>
#include <unordered_map>
#include <vector>

#include "user/modtree/tree.hh"

namespace ringside::modtree {

// The names of the modules that module `name` needs itself.
using Direct = std::function<Outcome<std::vector<std::string>>(const std::string& name)>;

// All that `names` need, themselves included, each once and after all that it needs. Fails where
// `direct` does, or where modules need each other in a circle (the message names it).
Outcome<std::vector<std::string>> closure(std::span<const std::string> names, const Direct& direct);

// modules.dep, as depmod wrote it: what each module needs, directly or not.
class DepFile {
 public:
  // Fails where `folder`, a tree's, has no modules.dep.
  static Outcome<DepFile> open(const std::filesystem::path& folder);
  // Sorted names; nullptr where the file does not know the module.
  const std::vector<std::string>* find(std::string_view name) const;

 private:
  std::unordered_map<std::string, std::vector<std::string>> needs_;
};

}  // namespace ringside::modtree
