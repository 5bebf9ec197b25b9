// One walk by fts(3), which hands over each file's stat; then sorted, and the lesser of two files
// of one name dropped.
#include "user/modtree/tree.hh"

#include <fmt/format.h>
#include <fts.h>
#include <sys/stat.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <memory>
#include <tuple>

#include "core/base/name_hash.hh"
#include "user/base/mapped_file.hh"

namespace ringside::modtree {
namespace {

constexpr std::string_view kSuffixes[] = {".ko", ".ko.xz", ".ko.zst", ".ko.gz"};

using Walk = std::unique_ptr<FTS, int (*)(FTS*)>;

// Links to the kernel's headers and source, which are no part of the tree.
bool is_aside(const FTSENT& entry) {
  std::string_view name = entry.fts_name;
  return entry.fts_level == 1 && (name == "build" || name == "source");
}

void take_file(const FTSENT& entry, std::size_t head, std::vector<File>& files) {
  auto name = module_name(entry.fts_name);
  if (name.empty()) return;
  const auto& status = *entry.fts_statp;
  std::string path(std::string_view(entry.fts_path, entry.fts_pathlen).substr(head));
  files.push_back({std::move(name), std::move(path), static_cast<std::uint64_t>(status.st_size),
                   status.st_mtim.tv_sec * 1'000'000'000 + status.st_mtim.tv_nsec});
}

// What sorts first wins.
auto rank(const File& file) {
  return std::tuple(std::string_view(file.name), !file.path.starts_with("updates/"),
                    std::string_view(file.path));
}

// A name's first eight letters as a number that sorts as they do: most names differ there.
std::uint64_t head_of(const std::string& name) {
  std::uint64_t head = 0;
  std::memcpy(&head, name.data(), std::min(name.size(), sizeof(head)));
  return __builtin_bswap64(head);
}

Tree::Identity identify(const std::vector<File>& files) {
  std::string text;
  for (const auto& file : files)
    fmt::format_to(std::back_inserter(text), "{}\n{}\n{}\n", file.path, file.size, file.modified);
  return {hash_name(text, 1), hash_name(text, 2)};
}

}  // namespace

std::string with_underscores(std::string_view name) {
  std::string kernels(name);
  std::replace(kernels.begin(), kernels.end(), '-', '_');
  return kernels;
}

std::string module_name(std::string_view file) {
  auto slash = file.rfind('/');
  if (slash != file.npos) file.remove_prefix(slash + 1);
  for (auto suffix : kSuffixes)
    if (file.size() > suffix.size() && file.ends_with(suffix))
      return with_underscores(file.substr(0, file.size() - suffix.size()));
  return {};
}

// Lines "kernel/fs/ext4/ext4.ko: kernel/fs/jbd2/jbd2.ko ...".
Outcome<Tree> Tree::open_listed(const std::filesystem::path& folder, const Identity& identity) {
  auto file = TRY(MappedFile::open(folder / "modules.dep"));
  std::string_view text(reinterpret_cast<const char*>(file.bytes().data()), file.bytes().size());
  Tree tree;
  tree.folder_ = folder, tree.identity_ = identity;
  tree.files_.reserve(static_cast<std::size_t>(std::count(text.begin(), text.end(), '\n')));
  while (!text.empty()) {
    auto line = text.substr(0, text.find('\n'));
    text.remove_prefix(std::min(line.size() + 1, text.size()));
    auto path = line.substr(0, std::min(line.find(':'), line.size()));
    if (auto name = module_name(path); !name.empty())
      tree.files_.push_back({std::move(name), std::string(path), 0, 0});
  }
  tree.sort();
  return tree;
}

void Tree::sort() {
  std::vector<std::pair<std::uint64_t, std::size_t>> order;
  order.reserve(files_.size());
  for (std::size_t at = 0; at < files_.size(); ++at)
    order.emplace_back(head_of(files_[at].name), at);
  std::sort(order.begin(), order.end(), [&](const auto& a, const auto& b) {
    if (a.first != b.first) return a.first < b.first;
    return rank(files_[a.second]) < rank(files_[b.second]);
  });
  std::vector<File> sorted;
  sorted.reserve(files_.size());
  for (const auto& [head, at] : order) sorted.push_back(std::move(files_[at]));
  files_ = std::move(sorted);
}

Outcome<Tree> Tree::open(const std::filesystem::path& folder) {
  Tree tree;
  tree.folder_ = folder;
  auto root = folder.native();
  while (root.size() > 1 && root.back() == '/') root.pop_back();
  char* roots[] = {root.data(), nullptr};
  Walk walk(fts_open(roots, FTS_LOGICAL | FTS_NOCHDIR, nullptr), fts_close);
  if (!walk) return system_failure("open", folder);
  while (auto* entry = fts_read(walk.get())) {
    if (is_aside(*entry))
      fts_set(walk.get(), entry, FTS_SKIP);
    else if (entry->fts_info == FTS_F)
      take_file(*entry, root.size() + 1, tree.files_);
    else if (entry->fts_info == FTS_ERR || entry->fts_info == FTS_DNR ||
             (entry->fts_info == FTS_NS && entry->fts_level == 0))
      return errno = entry->fts_errno, system_failure("read", entry->fts_path);
  }
  auto& files = tree.files_;
  tree.sort();
  tree.identity_ = identify(files);
  auto same = [](const File& a, const File& b) { return a.name == b.name; };
  files.erase(std::unique(files.begin(), files.end(), same), files.end());
  return tree;
}

const File* Tree::find(std::string_view name) const {
  auto wanted = with_underscores(name);
  auto at =
      std::lower_bound(files_.begin(), files_.end(), wanted,
                       [](const File& file, const std::string& key) { return file.name < key; });
  return at != files_.end() && at->name == wanted ? &*at : nullptr;
}

Outcome<std::filesystem::path> module_path(const std::string& word, const Tree& tree) {
  std::error_code error;
  bool is_path = word.find('/') != word.npos;
  bool is_file = !module_name(word).empty() && std::filesystem::exists(word, error);
  if (is_path || is_file) return std::filesystem::path(word);
  if (const auto* file = tree.find(word)) return tree.path_of(*file);
  return Failure{fmt::format(
      "{}: no such file, and no such module in {}", word,
      tree.folder().empty() ? "the kernel's tree, as it has none" : tree.folder().native())};
}

}  // namespace ringside::modtree
