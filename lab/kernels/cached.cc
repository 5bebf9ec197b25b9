// A folder's name says all: the part before the first '_' is the package, which holds the release,
// the rest is the version that decides which is the newest.
#include "lab/kernels/cached.hh"

#include <algorithm>
#include <set>

#include "lab/kernels/names.hh"
#include "lab/kernels/tree.hh"
#include "user/cache/cache.hh"

namespace ringside::lab {
namespace {

std::string package_of(const std::string& entry) {
  return entry.substr(0, entry.find('_'));
}

std::string version_of(const std::string& entry) {
  auto separator = entry.find('_');
  return separator == std::string::npos ? "" : entry.substr(separator + 1);
}

bool is_older(const std::string& a, const std::string& b) {
  if (int sign = compare_versions(version_of(a), version_of(b))) return sign < 0;
  return a < b;
}

// The names of the cache's entries, oldest version first; temporary ones begin with a dot.
std::vector<std::string> entries() {
  std::vector<std::string> names;
  std::error_code error;
  std::filesystem::directory_iterator entry(kernels_folder(), error), end;
  for (; !error && entry != end; entry.increment(error))
    if (auto name = entry->path().filename().native(); name[0] != '.') names.push_back(name);
  std::sort(names.begin(), names.end(), is_older);
  return names;
}

std::string series_name(const std::string& release) {
  auto series = series_of(release);
  return series ? to_string(*series) : release;
}

bool goes_by(const Kernel& kernel, const std::string& name) {
  auto series = series_of(kernel.release);
  return name == kernel.name || name == kernel.package || name == package_of(kernel.package) ||
         name == kernel.release || (series && name == metapackages(*series).front()) ||
         (name == kSanitized && series && series->flavour == kSanitized);
}

}  // namespace

std::filesystem::path kernels_folder() {
  return cache::root() / "kernels";
}

std::vector<Kernel> cached_kernels() {
  std::vector<Kernel> kernels;
  for (const auto& entry : entries()) {
    auto kernel = kernel_in(kernels_folder() / entry, release_of_package(package_of(entry)));
    if (!kernel) continue;
    kernel->name = kernel->package = entry;
    kernels.push_back(*std::move(kernel));
  }
  std::set<std::string> named;
  for (auto kernel = kernels.rbegin(); kernel != kernels.rend(); ++kernel)
    if (auto series = series_name(kernel->release); named.insert(series).second)
      kernel->name = series;
  return kernels;
}

std::optional<Kernel> find_cached(const std::string& name) {
  auto kernels = cached_kernels();
  auto found = std::find_if(kernels.rbegin(), kernels.rend(),
                            [&](const Kernel& kernel) { return goes_by(kernel, name); });
  if (found == kernels.rend()) return std::nullopt;
  found->name = name;
  return *found;
}

}  // namespace ringside::lab
