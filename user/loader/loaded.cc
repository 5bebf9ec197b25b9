// A module is there while /sys/module/NAME/initstate is: built-in ones have folders, too.
#include "user/loader/loaded.hh"

#include <sys/stat.h>

#include <algorithm>
#include <charconv>
#include <fstream>
#include <sstream>
#include <unordered_map>

#include "core/elf/note.hh"
#include "user/kimage/image.hh"
#include "user/loader/small_file.hh"

namespace ringside::loader {
namespace {

namespace fs = std::filesystem;

std::uint64_t number(const std::string& text, int base) {
  std::uint64_t value = 0;
  auto start = text.starts_with("0x") ? 2u : 0u;
  std::from_chars(text.data() + start, text.data() + text.size(), value, base);
  return value;
}

std::vector<std::string> names_in(const fs::path& folder) {
  std::vector<std::string> names;
  std::error_code error;
  for (const auto& entry : fs::directory_iterator(folder, error))
    names.push_back(entry.path().filename().native());
  std::sort(names.begin(), names.end());
  return names;
}

std::string build_id_in(const fs::path& file) {
  auto note = read_small(file);
  if (!note) return {};
  auto id = elf::build_id_note({reinterpret_cast<const std::byte*>(note->data()), note->size()});
  return id && *id ? kimage::to_hex(**id) : std::string();
}

}  // namespace

std::optional<Loaded> loaded_module(const std::string& name, const Roots& roots) {
  auto folder = roots.sys / "module" / name;
  struct stat status;
  Loaded module;
  module.state = read_word(folder / "initstate");
  if (module.state.empty() || stat(folder.c_str(), &status) != 0) return std::nullopt;
  module.name = name;
  module.instance = status.st_ino;
  module.build_id = build_id_in(folder / "notes/.note.gnu.build-id");
  module.taints = read_word(folder / "taint");
  module.holders = names_in(folder / "holders");
  module.size = number(read_word(folder / "coresize"), 10);
  auto references = read_word(folder / "refcnt");
  if (!references.empty()) module.references = static_cast<std::int64_t>(number(references, 10));
  return module;
}

// Where the kernel hides addresses from the reader they are all zero: then there are none.
void read_sections(Loaded& module, const Roots& roots) {
  auto folder = roots.sys / "module" / module.name / "sections";
  for (const auto& name : names_in(folder))
    if (auto address = number(read_word(folder / name), 16)) module.sections[name] = address;
}

Outcome<std::vector<Loaded>> loaded_modules(const Roots& roots) {
  auto text = read_small(roots.proc / "modules");
  if (!text) return system_failure("open", roots.proc / "modules");
  std::vector<Loaded> modules;
  std::istringstream lines(*text);
  for (std::string line; std::getline(lines, line);)
    if (auto module = loaded_module(line.substr(0, line.find(' ')), roots))
      modules.push_back(*std::move(module));
  return modules;
}

// "ffffffffc0123000 d name\t[module]"
void find_addresses(std::vector<ModuleSymbol>& symbols, const Roots& roots) {
  std::unordered_map<std::string, ModuleSymbol*> wanted;
  for (auto& each : symbols) wanted[each.symbol + "\t[" + each.module + "]"] = &each;
  if (wanted.empty()) return;
  std::ifstream lines(roots.proc / "kallsyms");
  for (std::string line; std::getline(lines, line);) {
    auto name = line.find(' ') + 3;  // behind the type's letter
    if (!line.ends_with(']') || name >= line.size()) continue;
    if (auto at = wanted.find(line.substr(name)); at != wanted.end())
      at->second->address = number(line, 16);
  }
}

}  // namespace ringside::loader
