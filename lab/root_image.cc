// Collects the files in a private directory and has mkfs.erofs pack it. Which files a shell needs
// is Debian's own answer: the packages that are marked essential, and what they depend on.
#include "lab/root_image.hh"

#include <fcntl.h>
#include <fmt/format.h>

#include <cstdlib>
#include <map>
#include <set>
#include <sstream>

#include "user/process/process.hh"

namespace ringside::lab {
namespace {

namespace fs = std::filesystem;

// A private directory that goes with its object.
class StagingDirectory {
 public:
  static Outcome<StagingDirectory> make() {
    auto name = (fs::temp_directory_path() / "ringside-root-XXXXXX").string();
    if (mkdtemp(name.data()) == nullptr)
      return Failure{system_failure("make directory", name).message, kLabItself};
    return StagingDirectory(name);
  }
  StagingDirectory(StagingDirectory&& other) noexcept : path_(std::move(other.path_)) {
    other.path_.clear();
  }
  ~StagingDirectory() {
    std::error_code error;
    if (!path_.empty()) fs::remove_all(path_, error);
  }
  const fs::path& path() const { return path_; }

 private:
  explicit StagingDirectory(fs::path path) : path_(std::move(path)) {}
  fs::path path_;
};

// Copies into a root. What cannot be read is left out, as the user could not read it in the guest.
class Copier {
 public:
  explicit Copier(const fs::path& root) : root_(root) {}

  // One file, directory (empty) or link, at the same path with its directory's links resolved; the
  // target of a link as well.
  void entry(const fs::path& path) {
    std::error_code error;
    auto parent = fs::canonical(path.parent_path(), error);
    if (error || !done_.insert(path.string()).second) return;
    auto target = root_ / parent.relative_path() / path.filename();
    auto status = fs::symlink_status(path, error);
    if (fs::is_directory(status)) {
      fs::create_directories(target, error);
      return;
    }
    fs::create_directories(target.parent_path(), error);
    fs::copy(path, target, fs::copy_options::copy_symlinks | fs::copy_options::skip_existing,
             error);
    if (fs::is_symlink(status)) entry(fs::weakly_canonical(path, error));
  }

  void tree(const fs::path& source, const fs::path& at) {
    std::error_code error;
    fs::create_directories(root_ / at.relative_path(), error);
    fs::recursive_directory_iterator files(source, fs::directory_options::skip_permission_denied,
                                           error);
    for (auto end = fs::end(files); !error && files != end; files.increment(error)) {
      auto target = root_ / at.relative_path() / files->path().lexically_relative(source);
      auto status = files->symlink_status(error);
      if (fs::is_directory(status))
        fs::create_directories(target, error);
      else if (fs::is_regular_file(status) || fs::is_symlink(status))
        fs::copy(files->path(), target,
                 fs::copy_options::copy_symlinks | fs::copy_options::skip_existing, error);
      error.clear();
    }
  }

 private:
  fs::path root_;
  std::set<std::string> done_;
};

struct Package {
  bool essential = false;
  std::string depends;
};

std::vector<std::string> split(const std::string& text, char separator) {
  std::vector<std::string> parts;
  std::istringstream stream(text);
  for (std::string part; std::getline(stream, part, separator);) parts.push_back(part);
  return parts;
}

// "libc6 (>= 2.34)" and "libc6:any" are libc6.
std::string package_name(const std::string& text) {
  auto begin = text.find_first_not_of(' ');
  if (begin == text.npos) return {};
  return text.substr(begin, text.find_first_of(" :(", begin) - begin);
}

Outcome<std::map<std::string, Package>> installed_packages() {
  auto list = TRY(output_of(
      {{"dpkg-query", "-W", "-f", "${Package}\t${Essential}\t${Pre-Depends},${Depends}\n"},
       {},
       {}}));
  std::map<std::string, Package> packages;
  for (const auto& line : split(list, '\n')) {
    auto fields = split(line, '\t');
    if (fields.size() == 3) packages[fields[0]] = {fields[1] == "yes", fields[2]};
  }
  return packages;
}

// The essential packages and kmod, with what they depend on; of alternatives, all that are here.
Outcome<std::vector<std::string>> base_packages() {
  auto packages = TRY(installed_packages());
  std::vector<std::string> wanted = {"kmod"};
  for (const auto& [name, package] : packages)
    if (package.essential) wanted.push_back(name);
  std::set<std::string> seen;
  for (std::size_t i = 0; i < wanted.size(); ++i) {
    auto package = packages.find(wanted[i]);
    if (package == packages.end() || !seen.insert(wanted[i]).second) continue;
    for (const auto& group : split(package->second.depends, ','))
      for (const auto& name : split(group, '|')) wanted.push_back(package_name(name));
  }
  return std::vector<std::string>(seen.begin(), seen.end());
}

bool is_documentation(const std::string& path) {
  for (const char* start : {"/usr/share/doc", "/usr/share/man", "/usr/share/locale",
                            "/usr/share/info", "/usr/share/zoneinfo"})
    if (path.starts_with(start)) return true;
  return false;
}

Outcome<Nothing> copy_packages(Copier& copier) {
  auto packages = TRY(base_packages());
  std::vector<std::string> argv = {"dpkg-query", "-L"};
  argv.insert(argv.end(), packages.begin(), packages.end());
  for (const auto& path : split(TRY(output_of({argv, {}, {}})), '\n'))
    if (path.starts_with('/') && !is_documentation(path)) copier.entry(path);
  return ok;
}

// What packages do not list but their scripts make, and the links of a merged /usr.
void copy_rest_of_base(Copier& copier) {
  for (const char* path :
       {"/bin", "/sbin", "/lib", "/lib32", "/lib64", "/libx32", "/etc/passwd", "/etc/group",
        "/etc/nsswitch.conf", "/etc/ld.so.cache", "/etc/ld.so.conf", "/etc/profile"})
    copier.entry(path);
  copier.tree("/etc/alternatives", "/etc/alternatives");
}

// A program, and the shared libraries that the dynamic loader names for it.
void copy_program(Copier& copier, const std::string& name) {
  auto program = find_program(name);
  if (!program) return;  // the guest will say 127
  copier.entry(fs::absolute(*program));
  auto libraries = run_process({{"ldd", program->string()}, {}, {}});
  if (!libraries || libraries->status != 0) return;  // a script, or linked statically
  for (const auto& line : split(libraries->out, '\n')) {
    auto begin = line.find('/');
    if (begin != line.npos) copier.entry(line.substr(begin, line.find(" (", begin) - begin));
  }
}

// The directory of ringside: programs and modules, not what a build leaves beside them.
void copy_own_directory(Copier& copier) {
  std::error_code error;
  for (const auto& entry : fs::directory_iterator(program_directory(), error)) {
    if (entry.is_regular_file(error) && ::access(entry.path().c_str(), X_OK) == 0)
      copy_program(copier, entry.path().string());
    if (entry.path().filename() == "modules") copier.tree(entry.path(), entry.path());
  }
}

}  // namespace

Outcome<UniqueFd> build_root_image(const std::vector<HostShare>& shares,
                                   const std::vector<std::string>& programs) {
  auto staging = TRY(StagingDirectory::make());
  auto root = staging.path() / "root", image = staging.path() / "image";
  Copier copier(root);
  copy_rest_of_base(copier);
  TRY(copy_packages(copier));
  copy_own_directory(copier);
  for (const auto& program : programs) copy_program(copier, program);
  for (const auto& [share, source] : shares) {
    if (share.writable)
      copier.entry(source);  // empty: what the guest leaves in it is its own
    else if (share.path != "/")
      copier.tree(source, share.path);
  }
  // No extended attributes (-x-1): the guest's tmpfs could not keep them when a file is changed.
  TRY(output_of(
      {{"mkfs.erofs", "--quiet", "--all-root", "-x-1", image.string(), root.string()}, {}, {}}));
  UniqueFd fd(open(image.c_str(), O_RDONLY | O_CLOEXEC));
  if (!fd) return Failure{system_failure("open", image.string()).message, kLabItself};
  return fd;
}

}  // namespace ringside::lab
