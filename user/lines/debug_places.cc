// The cheapest first: the cache, then files of this machine, then the network.
#include "user/lines/debug_places.hh"

#include <fmt/format.h>

#include <cstdlib>

#include "user/modtree/tree.hh"

namespace ringside::lines {
namespace {

namespace fs = std::filesystem;

constexpr auto kDebug = "usr/lib/debug";

void add_by_build_id(const fs::path& folder, const std::string& id, std::vector<fs::path>& found) {
  if (id.size() > 2)
    found.push_back(folder / ".build-id" / id.substr(0, 2) / (id.substr(2) + ".debug"));
}

// Where Debian, Fedora and a kernel's own build leave vmlinux.
void add_vmlinux(const Sought& sought, const fs::path& root, std::vector<fs::path>& found) {
  const auto& release = sought.release;
  found.push_back(root / kDebug / "boot" / ("vmlinux-" + release));
  found.push_back(root / kDebug / "lib/modules" / release / "vmlinux");
  found.push_back(root / "boot" / ("vmlinux-" + release));
  found.push_back(root / "lib/modules" / release / "build/vmlinux");
}

// "kernel/fs/ext4/ext4.ko" of ".../ext4.ko.xz".
std::string without_packing(const std::string& path) {
  auto end = path.rfind(".ko");
  return end == path.npos ? path : path.substr(0, end + 3);
}

// The module's path below a folder of modules, where only its name is known.
std::string path_in(const fs::path& folder, const std::string& name) {
  auto tree = modtree::Tree::open(folder);
  const auto* file = tree ? tree->find(name) : nullptr;
  return file ? without_packing(file->path) : "";
}

void add_module(const Sought& sought, const fs::path& root, std::vector<fs::path>& found) {
  auto debug = root / kDebug / "lib/modules" / sought.release;
  auto plain = root / "lib/modules" / sought.release;
  bool is_path = sought.module.find(".ko") != sought.module.npos;
  auto path = is_path ? without_packing(sought.module) : path_in(debug, sought.module);
  if (!is_path && path.empty()) path = path_in(plain, sought.module);
  if (path.empty()) return;
  found.push_back(debug / (path + ".debug"));
  found.push_back(debug / path);
  // A module that was built here still has its debug information.
  for (const auto* packing : {"", ".xz", ".zst", ".gz"}) found.push_back(plain / (path + packing));
}

// The name of a module that is told by name or path.
std::string name_of(const std::string& module) {
  auto name = modtree::module_name(module);
  return name.empty() ? module : name;
}

void add_given(const Sought& sought, const fs::path& given, std::vector<fs::path>& found) {
  std::error_code error;
  if (!sought.module.empty())
    if (auto file = given_module(name_of(sought.module), {given})) found.push_back(*file);
  if (!fs::is_directory(given, error)) {
    if (sought.module.empty()) found.push_back(given);
    return;
  }
  add_by_build_id(given, sought.build_id, found);
  if (sought.module.empty()) {
    found.push_back(given / "vmlinux");
    found.push_back(given / "boot" / ("vmlinux-" + sought.release));
    return;
  }
  found.push_back(given / without_packing(sought.module));
  found.push_back(given / "lib/modules" / sought.release / without_packing(sought.module));
}

Failure nothing_found(const Sought& sought, const std::string& seen) {
  auto what = sought.module.empty() ? "the kernel" : "module " + sought.module;
  auto package = sought.release.empty() ? std::string("the kernel's -dbg package")
                                        : fmt::format("linux-image-{}-dbg", sought.release);
  return {fmt::format("no debug information of {} {}{}: install {}{}", what,
                      sought.build_id.empty() ? sought.release : "build-id " + sought.build_id,
                      seen, package,
                      std::getenv("DEBUGINFOD_URLS") ? "" : ", or set DEBUGINFOD_URLS")};
}

// One file, if it is of the build that is sought.
Outcome<DebugFile> try_file(const fs::path& path, const Sought& sought) {
  auto id = TRY(DebugFile::build_id_of(path));
  if (!sought.build_id.empty() && id != sought.build_id)
    return Failure{fmt::format("{} is of another build ({})", path.string(), id)};
  return DebugFile::open(path);
}

}  // namespace

std::vector<fs::path> candidates(const Sought& sought, const Places& places) {
  std::vector<fs::path> found;
  for (const auto& given : places.given) add_given(sought, given, found);
  add_by_build_id(places.root / kDebug, sought.build_id, found);
  if (sought.release.empty()) return found;
  if (sought.module.empty())
    add_vmlinux(sought, places.root, found);
  else
    add_module(sought, places.root, found);
  return found;
}

std::map<std::string, fs::path> given_modules(const std::vector<fs::path>& given) {
  std::map<std::string, fs::path> found;
  auto add = [&](const fs::path& path) {
    auto name = modtree::module_name(path.filename().string());
    if (!name.empty()) found.emplace(name, path);
  };
  std::error_code error;
  for (const auto& place : given) {
    add(place);
    for (const auto& entry : fs::directory_iterator(place, error)) add(entry.path());
  }
  return found;
}

std::optional<fs::path> given_module(const std::string& name, const std::vector<fs::path>& given) {
  auto modules = given_modules(given);
  auto found = modules.find(name);
  return found == modules.end() ? std::nullopt : std::optional(found->second);
}

Outcome<DebugFile> find_debug_file(const Sought& sought, const Places& places) {
  std::string seen;
  for (const auto& path : candidates(sought, places)) {
    std::error_code error;
    if (!fs::exists(path, error)) continue;
    auto file = try_file(path, sought);
    if (file) return file;
    seen += "; " + file.error().message;
  }
  auto fetched = fetch_debug_file(sought.build_id);
  if (fetched) return try_file(*fetched, sought);
  if (std::getenv("DEBUGINFOD_URLS")) seen += "; " + fetched.error().message;
  return nothing_found(sought, seen);
}

Outcome<SourceIndex> find_lines(const Sought& sought, const Places& places,
                                const Progress& progress) {
  if (auto known = SourceIndex::cached(sought.build_id)) return std::move(*known);
  return SourceIndex::of(TRY(find_debug_file(sought, places)), progress);
}

}  // namespace ringside::lines
