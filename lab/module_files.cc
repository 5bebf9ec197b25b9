// A module names what it needs in the field depends= of its .modinfo, so that a depth-first walk
// from the wanted ones gives the loading order with nothing but the package's own files.
#include "lab/module_files.hh"

#include <fmt/format.h>

#include <algorithm>
#include <fstream>
#include <string_view>

#include "core/base/packing.hh"
#include "include/ringside/exit_status.hh"
#include "user/base/mapped_file.hh"
#include "user/compress/unpack.hh"

namespace ringside::lab {
namespace {

namespace fs = std::filesystem;

// "kernel/fs/9p/9p.ko" is 9p; "kernel/net/nf-log.ko" is nf_log.
std::string name_of(const std::string& path) {
  auto name = fs::path(path).stem().string();
  std::replace(name.begin(), name.end(), '-', '_');
  return name;
}

// The names in depends= of a module. The strings of .modinfo end in NUL and begin after one.
std::vector<std::string> dependencies(const ModuleFile& module) {
  std::string_view bytes(reinterpret_cast<const char*>(module.bytes.data()), module.bytes.size());
  constexpr std::string_view kField("\0depends=", 9);
  std::vector<std::string> names;
  auto at = bytes.find(kField);
  if (at == bytes.npos) return names;
  auto list = bytes.substr(at + kField.size());
  list = list.substr(0, list.find('\0'));
  while (!list.empty()) {
    auto comma = list.find(',');
    names.push_back(name_of(std::string(list.substr(0, comma))));
    list.remove_prefix(comma == list.npos ? list.size() : comma + 1);
  }
  return names;
}

}  // namespace

Outcome<ModuleTree> ModuleTree::open(const fs::path& directory) {
  ModuleTree tree;
  tree.directory_ = directory;
  std::ifstream order(directory / "modules.order"), builtin(directory / "modules.builtin");
  if (!order || !builtin)
    return Failure{fmt::format("{}: no modules.order and modules.builtin there; is it the "
                               "/lib/modules/RELEASE of a kernel package?",
                               directory.string()),
                   kLabItself};
  for (std::string line; std::getline(order, line);) tree.files_[name_of(line)] = line;
  for (std::string line; std::getline(builtin, line);) tree.builtin_.insert(name_of(line));
  return tree;
}

bool ModuleTree::has(const std::string& name) const {
  return builtin_.contains(name) || files_.contains(name);
}

Outcome<ModuleFile> ModuleTree::load(const std::string& name) const {
  auto found = files_.find(name);
  if (found == files_.end())
    return Failure{fmt::format("{}: no module {}, which the lab needs", directory_.string(), name),
                   kLabItself};
  for (const char* packed : {"", ".xz", ".zst", ".gz"}) {
    auto path = directory_ / (found->second + packed);
    if (!fs::exists(path)) continue;
    auto file = TRY(MappedFile::open(path));
    auto packing = *packed == 0 ? Packing::kNone : packing_of(file.bytes());
    return ModuleFile{name, TRY(compress::unpack(file.bytes(), packing, path.string()))};
  }
  return Failure{fmt::format("{}: {} is listed but not there", directory_.string(), found->second),
                 kLabItself};
}

Outcome<Nothing> ModuleTree::add(const std::string& name, std::vector<ModuleFile>& order,
                                 std::set<std::string>& seen) const {
  if (builtin_.contains(name) || !seen.insert(name).second) return ok;
  auto module = TRY(load(name));
  for (const auto& needed : dependencies(module)) TRY(add(needed, order, seen));
  order.push_back(std::move(module));
  return ok;
}

Outcome<std::vector<ModuleFile>> ModuleTree::closure(const std::vector<std::string>& names) const {
  std::vector<ModuleFile> order;
  std::set<std::string> seen;
  for (const auto& name : names) TRY(add(name, order, seen));
  return order;
}

}  // namespace ringside::lab
