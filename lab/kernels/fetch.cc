// A fetch resolves a name to packages, downloads them and unpacks them into one tree of the cache.
// It is tried with the machine's own package lists first; where those lack the kernel, or name
// files that the archive no longer has, it is tried again with fresh lists of our own.
#include <fmt/format.h>
#include <fmt/ranges.h>

#include "lab/kernels/cached.hh"
#include "lab/kernels/kernels.hh"
#include "lab/kernels/resolve.hh"
#include "lab/kernels/tree.hh"
#include "user/cache/cache.hh"
#include "user/process/process.hh"

namespace ringside::lab {
namespace {

using std::filesystem::path;

// Make splits names at these, so that no module could be built with headers under such a path.
Outcome<Nothing> check_root(const path& root) {
  if (root.native().find_first_of(" \t\n:#$%\\'\"") == std::string::npos) return ok;
  return Failure{
      fmt::format("{}: Kbuild cannot use headers under a path with spaces or any of "
                  ":#$%\\'\"; set XDG_CACHE_HOME to another folder",
                  root.native())};
}

std::string names_of(const std::vector<Package>& packages) {
  std::vector<std::string> names;
  for (const auto& package : packages) names.push_back(package.name);
  return fmt::format("{}", fmt::join(names, ", "));
}

// Downloads the packages of `plan` into `folder`, and returns their files there.
Outcome<std::vector<path>> download(const Apt& apt, const Plan& plan, const path& folder,
                                    const Progress& progress) {
  auto archives = TRY(apt.archives(plan.packages, folder));
  std::uint64_t bytes = 0;
  for (const auto& archive : archives) bytes += archive.bytes;
  progress(
      fmt::format("downloading {} MB: {}", (bytes + 999'999) / 1'000'000, names_of(plan.packages)));
  TRY(apt.download(plan.packages, folder));
  std::vector<path> files;
  for (const auto& archive : archives) files.push_back(folder / archive.file);
  return files;
}

Outcome<Nothing> unpack(const std::vector<path>& files, const path& tree) {
  for (const auto& file : files)
    TRY(output_of({{"dpkg-deb", "-x", file.native(), tree.native()}, {}, {"LC_ALL=C"}}));
  return ok;
}

// One attempt with one set of package lists.
struct Attempt {
  bool downloaded = false;  // what failed, if anything did, is no matter of package lists
  Outcome<Kernel> kernel = Failure{};
};

Outcome<Nothing> build_tree(const Apt& apt, const Plan& plan, const path& tree,
                            const Progress& progress, bool& downloaded) {
  auto files = TRY(download(apt, plan, tree.parent_path(), progress));
  downloaded = true;
  progress("unpacking " + plan.release);
  TRY(unpack(files, tree));
  if (plan.packages.size() == 1)
    progress("Debian has no headers of " + plan.release + ": no module can be built for it");
  TRY(prepare_tree(tree, plan.release, progress));
  if (is_complete(tree, plan.release)) return ok;
  return Failure{
      fmt::format("{}: expected boot/vmlinuz-{} and what belongs to it in {}, found not all",
                  plan.entry, plan.release, names_of(plan.packages))};
}

Outcome<Kernel> fetch_plan(const Apt& apt, const Plan& plan, const Progress& progress,
                           bool& downloaded) {
  auto tree = kernels_folder() / plan.entry;
  std::error_code error;
  if (std::filesystem::exists(tree, error) && !is_complete(tree, plan.release)) {
    progress(plan.entry + " is damaged in the cache: fetching it again");
    TRY(cache::discard(tree));
  }
  TRY(cache::get_or_build(tree, [&](const path& temporary) {
    return build_tree(apt, plan, temporary, progress, downloaded);
  }));
  downloaded = true;
  auto kernel = find_cached(plan.entry);
  if (!kernel) return Failure{fmt::format("{}: no kernel image in it", tree.native())};
  return *kernel;
}

Attempt attempt(const Outcome<Apt>& apt, const std::string& name, const Progress& progress) {
  Attempt result;
  auto plan = apt ? resolve(*apt, name) : apt.error();
  if (!plan)
    result.kernel = plan.error();
  else
    result.kernel = fetch_plan(*apt, *plan, progress, result.downloaded);
  return result;
}

// False for a kernel in the cache that somebody took a part of, or that was fetched without kmod.
bool is_whole(const Kernel& kernel) {
  return kernel.package.empty() || is_complete(kernels_folder() / kernel.package, kernel.release);
}

Outcome<Kernel> fetch(const std::string& name, const Progress& progress) {
  TRY(check_root(cache::root()));
  if (!find_program("apt-get"))
    return Failure{
        fmt::format("{}: fetching takes Debian's apt, which is not here; name a bzImage "
                    "or an unpacked package tree instead",
                    name)};
  progress("looking " + name + " up in Debian's archive");
  auto result = attempt(Apt(), name, progress);
  if (result.kernel || result.downloaded) return result.kernel;
  progress(result.kernel.error().message);
  progress("trying again with package lists fresh from the archive");
  return attempt(Apt::with_own_lists(), name, progress).kernel;
}

}  // namespace

Outcome<Kernel> fetch_kernel(const std::string& name, Refresh refresh, const Progress& progress) {
  if (refresh == Refresh::kNo)
    if (auto kernel = find_kernel(name); kernel && is_whole(*kernel)) return kernel;
  TRY(check_fetchable(name));
  auto kernel = fetch(name, progress);
  if (kernel) {
    kernel->name = name;
    return kernel;
  }
  auto cached = find_cached(name);
  if (!cached) return kernel;
  progress(fmt::format("{}; using {} from the cache", kernel.error().message, cached->package));
  return *cached;
}

}  // namespace ringside::lab
