// A name is tried as what it can be, in this order: "running"; a path, where it holds a '/'; a
// kernel in the cache, by series, package or release; a release installed here; a file or tree in
// the working directory.
#include <fmt/format.h>
#include <sys/utsname.h>

#include <algorithm>

#include "lab/kernels/cached.hh"
#include "lab/kernels/kernels.hh"
#include "lab/kernels/names.hh"
#include "lab/kernels/tree.hh"

namespace ringside::lab {
namespace {

using std::filesystem::path;

bool is_folder(const path& file) {
  std::error_code error;
  return std::filesystem::is_directory(file, error);
}

Outcome<Kernel> kernel_of_tree(const path& tree) {
  auto releases = releases_in(tree);
  if (releases.empty())
    return Failure{
        fmt::format("{}: no kernel in this folder (expected boot/vmlinuz-RELEASE)", tree.native())};
  if (releases.size() > 1)
    return Failure{fmt::format("{}: holds {} kernels; name one, such as {}/boot/vmlinuz-{}",
                               tree.native(), releases.size(), tree.native(), releases.back())};
  std::error_code error;
  return kernel_in(std::filesystem::canonical(tree, error), releases.front());
}

// TREE/lib/modules/RELEASE, or the same below usr/: the kernel of that release in TREE.
Outcome<Kernel> kernel_of_modules(const path& folder) {
  auto tree = folder.parent_path().parent_path().parent_path();
  if (tree.filename() == "usr") tree = tree.parent_path();
  return kernel_in(tree, folder.filename().native());
}

Outcome<Kernel> kernel_of_folder(const path& file) {
  std::error_code error;
  auto folder = std::filesystem::canonical(file, error);
  bool of_modules = folder.parent_path().filename() == "modules" &&
                    folder.parent_path().parent_path().filename() == "lib";
  return of_modules ? kernel_of_modules(folder) : kernel_of_tree(file);
}

Outcome<Kernel> kernel_at(const path& file) {
  std::error_code error;
  if (!std::filesystem::exists(file, error))
    return Failure{
        fmt::format("{}: no such file; an image, an unpacked tree or a name of `ringside "
                    "lab list` is needed",
                    file.native())};
  auto kernel = is_folder(file) ? kernel_of_folder(file) : kernel_of_image(file);
  if (kernel) kernel->name = file.native();
  return kernel;
}

std::string running_release() {
  utsname name;
  return uname(&name) == 0 ? name.release : "";
}

Outcome<Kernel> find_running() {
  auto kernel = kernel_in("/", running_release());
  if (kernel) return kernel;
  return Failure{
      fmt::format("the running kernel {}: its image is not here (looked for "
                  "/boot/vmlinuz-{}); install linux-image-{}",
                  running_release(), running_release(), running_release())};
}

Failure not_found(const std::string& name) {
  if (name.ends_with(kSanitized))
    return {fmt::format("{}: no such kernel in the cache ({}); `make kasan` builds it", name,
                        kernels_folder().native())};
  if (name == metapackages({}).back())
    return {name + ": leads to another series with each release of Debian; name the series (6.1)"};
  auto hint = parse_series(name) || name.starts_with("linux-image-") ? name : "6.1";
  return {
      fmt::format("{}: no such kernel: not in the cache ({}), not installed (/boot/vmlinuz-{}),"
                  " no such file; `ringside lab list` shows what is here, `ringside lab fetch "
                  "{}` downloads a kernel",
                  name, kernels_folder().native(), name, hint)};
}

}  // namespace

Outcome<Kernel> find_kernel(const std::string& name) {
  if (name == "running") return find_running();
  if (name.find('/') != std::string::npos) return kernel_at(name);
  if (auto cached = find_cached(name)) return *cached;
  if (is_release(name))
    if (auto installed = kernel_in("/", name)) return installed;
  std::error_code error;
  if (std::filesystem::exists(name, error)) return kernel_at(name);
  return not_found(name);
}

std::vector<Kernel> list_kernels() {
  auto kernels = cached_kernels();
  for (const auto& release : releases_in("/"))
    if (auto kernel = kernel_in("/", release)) kernels.push_back(*kernel);
  return kernels;
}

}  // namespace ringside::lab
