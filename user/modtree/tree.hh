// Tree: the modules of one kernel release, by name. A name is what the kernel calls a module:
// the file's, without .ko and the packing's suffix, and with '_' for every '-'.
#pragma once

#include <array>
#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "user/base/failure.hh"

namespace ringside::modtree {

struct File {
  std::string name;           // "snd_hda_intel"
  std::string path;           // below the tree's folder: "kernel/sound/pci/hda/snd-hda-intel.ko.xz"
  std::uint64_t size = 0;     // bytes on disk
  std::int64_t modified = 0;  // nanoseconds since 1970
};

// The module's name for a file "snd-hda-intel.ko", .ko.gz, .ko.xz or .ko.zst, folders ignored;
// empty where the file is no module's.
std::string module_name(std::string_view file);

// `name` as the kernel spells it.
std::string with_underscores(std::string_view name);

class Tree {
 public:
  // 128 bits that change where a module comes, goes, or changes its size or time.
  using Identity = std::array<std::uint64_t, 2>;

  // A tree without modules.
  Tree() = default;
  // Walks `folder` (/lib/modules/RELEASE), symbolic links included, "build" and "source" aside. Of
  // two files of one name, one below updates/ counts (depmod's order), else the first by path.
  static Outcome<Tree> open(const std::filesystem::path& folder);

  // The files that `folder`'s modules.dep lists, by their names alone: nothing is walked, sizes and
  // times are 0. `identity` is the caller's word. Fails where there is no modules.dep.
  static Outcome<Tree> open_listed(const std::filesystem::path& folder, const Identity& identity);

  const std::filesystem::path& folder() const { return folder_; }
  const std::vector<File>& files() const { return files_; }  // sorted by name
  const Identity& identity() const { return identity_; }

  // The module that goes by `name`, '-' and '_' alike; nullptr where there is none.
  const File* find(std::string_view name) const;
  std::filesystem::path path_of(const File& file) const { return folder_ / file.path; }

 private:
  void sort();

  std::filesystem::path folder_;
  std::vector<File> files_;
  Identity identity_{};
};

// The file that `word` means: a path or a file here, or else the module of that name in `tree`.
Outcome<std::filesystem::path> module_path(const std::string& word, const Tree& tree);

}  // namespace ringside::modtree
