// Debian's kernel packages know each other by absolute path in three places: the one include line
// of the headers' Makefile, and the links build and source of a release's modules. All three are
// made relative, so a tree may be built under one name and used under another. An unpacked image
// lacks modules.dep, which depmod makes at installation: it is made here.
#include "lab/kernels/tree.hh"

#include <fmt/format.h>

#include <algorithm>
#include <fstream>
#include <sstream>

#include "core/kimage/bzimage.hh"
#include "lab/kernels/names.hh"
#include "user/base/mapped_file.hh"
#include "user/process/process.hh"

namespace ringside::lab {
namespace {

using std::filesystem::path;

constexpr std::string_view kInclude = "include ";
constexpr const char* kImagePrefix = "vmlinuz-";

bool is_there(const path& file) {
  std::error_code error;
  return std::filesystem::exists(file, error);
}

std::vector<path> entries_of(const path& folder) {
  std::vector<path> entries;
  std::error_code error;
  std::filesystem::directory_iterator entry(folder, error), end;
  for (; !error && entry != end; entry.increment(error)) entries.push_back(entry->path());
  return entries;
}

std::string read_text(const path& file) {
  std::ostringstream text;
  text << std::ifstream(file).rdbuf();
  return std::move(text).str();
}

// A release's modules; a merged /usr has them under usr/lib only.
path modules_in(const path& tree, const std::string& release) {
  for (const char* folder : {"lib/modules", "usr/lib/modules"})
    if (auto modules = tree / folder / release; is_there(modules / "kernel")) return modules;
  return {};
}

// True where `headers` has a Makefile and what that includes by absolute path: headers that were
// unpacked by hand have not.
bool is_usable(const path& headers) {
  if (!is_there(headers / "Makefile")) return false;
  std::istringstream lines(read_text(headers / "Makefile"));
  for (std::string line; std::getline(lines, line);)
    if (line.starts_with("include /") && !is_there(line.substr(kInclude.size()))) return false;
  return true;
}

path headers_in(const path& tree, const std::string& release) {
  for (const auto& headers :
       {tree / "usr/src" / ("linux-headers-" + release), modules_in(tree, release) / "build"})
    if (is_usable(headers)) return headers;
  return {};
}

void find_parts(const path& tree, Kernel& kernel) {
  kernel.modules = modules_in(tree, kernel.release);
  kernel.headers = headers_in(tree, kernel.release);
}

Failure write_failure(const path& file) {
  return system_failure("write", file);
}

Outcome<Nothing> relocate_makefile(const path& makefile) {
  auto text = relocate_includes(read_text(makefile));
  std::ofstream file(makefile, std::ios::trunc);
  file << text << std::flush;
  if (!file) return write_failure(makefile);
  return ok;
}

// The link `link` to a folder of `tree` that bears the absolute name of the installed one, made
// relative; removed where the folder is not in the tree.
Outcome<Nothing> relocate_link(const path& tree, const path& link) {
  std::error_code error;
  auto target = std::filesystem::read_symlink(link, error);
  if (error || !target.is_absolute()) return ok;
  auto inside = tree / target.relative_path();
  std::filesystem::remove(link, error);
  if (!is_there(inside)) return ok;
  auto folder = std::filesystem::canonical(link.parent_path(), error);
  inside = std::filesystem::canonical(inside, error).lexically_relative(folder);
  std::filesystem::create_directory_symlink(inside, link, error);
  if (error) return Failure{fmt::format("link {}: {}", link.native(), error.message())};
  return ok;
}

Outcome<Nothing> index_modules(const path& tree, const std::string& release,
                               const Progress& progress) {
  if (!find_program("depmod")) {
    progress(
        "depmod is not installed: modprobe will not work on this kernel's modules (install "
        "kmod, then fetch again)");
    return ok;
  }
  progress("indexing the modules of " + release);
  TRY(output_of({{"depmod", "-b", tree.native(), release}, {}, {}}));
  return ok;
}

// depmod looks in lib/modules; a package of a merged /usr is unpacked to usr/lib/modules.
Outcome<Nothing> link_lib(const path& tree) {
  std::error_code error;
  if (!is_there(tree / "lib") && is_there(tree / "usr/lib/modules"))
    std::filesystem::create_directory_symlink("usr/lib", tree / "lib", error);
  if (error) return Failure{fmt::format("link {}/lib: {}", tree.native(), error.message())};
  return ok;
}

}  // namespace

std::vector<std::string> releases_in(const path& tree) {
  std::vector<std::string> releases;
  for (const auto& file : entries_of(tree / "boot")) {
    auto name = file.filename().native();
    if (!name.starts_with(kImagePrefix)) continue;
    name.erase(0, std::string_view(kImagePrefix).size());
    if (is_release(name)) releases.push_back(name);
  }
  std::sort(releases.begin(), releases.end(),
            [](const auto& a, const auto& b) { return compare_versions(a, b) < 0; });
  return releases;
}

Outcome<Kernel> kernel_in(const path& tree, const std::string& release) {
  Kernel kernel;
  kernel.name = kernel.release = release;
  kernel.image = tree / "boot" / (kImagePrefix + release);
  if (!is_there(kernel.image))
    return Failure{fmt::format("{}: no such kernel image", kernel.image.native())};
  find_parts(tree, kernel);
  return kernel;
}

Outcome<Kernel> kernel_of_image(const path& image) {
  auto file = TRY(MappedFile::open(image));
  auto opened = kimage::open_bzimage(file.bytes());
  if (!opened) return Failure{describe(opened.error(), image) + " (a bzImage is needed)"};
  Kernel kernel;
  kernel.name = image.native();
  kernel.release = kimage::release_of(opened->version);
  if (!is_release(kernel.release))
    return Failure{
        fmt::format("{}: the boot header names no release (expected kernel_version to "
                    "begin as uname -r prints it)",
                    image.native())};
  std::error_code error;
  kernel.image = std::filesystem::absolute(image, error).lexically_normal();
  find_parts(kernel.image.parent_path().parent_path(), kernel);
  if (kernel.modules.empty()) find_parts("/", kernel);
  return kernel;
}

std::string relocate_includes(std::string_view makefile) {
  constexpr std::pair<std::string_view, const char*> kPlaces[] = {
      {"/usr/src/", "$(dir $(lastword $(MAKEFILE_LIST)))../"},
      {"/usr/lib/", "$(dir $(lastword $(MAKEFILE_LIST)))../../lib/"}};
  std::string result;
  std::istringstream lines{std::string(makefile)};
  for (std::string line; std::getline(lines, line); result += line + '\n')
    for (auto [absolute, relative] : kPlaces)
      if (line.starts_with(std::string(kInclude) + std::string(absolute)))
        line.replace(kInclude.size(), absolute.size(), relative);
  return result;
}

Outcome<Nothing> prepare_tree(const path& tree, const std::string& release,
                              const Progress& progress) {
  TRY(link_lib(tree));
  for (const auto& folder : entries_of(tree / "usr/src"))
    if (folder.filename().native() == "linux-headers-" + release)
      TRY(relocate_makefile(folder / "Makefile"));
  auto modules = modules_in(tree, release);
  if (modules.empty()) return ok;
  for (const char* link : {"build", "source"}) TRY(relocate_link(tree, modules / link));
  return index_modules(tree, release, progress);
}

bool is_complete(const path& tree, const std::string& release) {
  auto kernel = kernel_in(tree, release);
  if (!kernel) return false;
  bool headers = is_there(tree / "usr/src/") == !kernel->headers.empty();
  bool indexed = kernel->modules.empty() || is_there(kernel->modules / "modules.dep");
  return headers && (indexed || !find_program("depmod"));
}

}  // namespace ringside::lab
