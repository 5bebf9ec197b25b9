// Kernel: all that modules are checked and linked against, for one kernel: its rules and types, its
// exports and those of its module tree. What takes long to find stays in the cache:
//
//   index/BUILD-ID/module-abi.v1   version magic; size and offsets of struct module
//   index/BUILD-ID/exports.v2      core/modules/export_index.hh; its key says of which tree
//   index/BUILD-ID/listed.v1       which modules.dep that tree had, by its size and time
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <unordered_set>
#include <vector>

#include "core/modules/export_index.hh"
#include "core/modules/rules.hh"
#include "user/base/mapped_file.hh"
#include "user/kimage/image.hh"
#include "user/modtree/tree.hh"

namespace ringside::modules {

class Kernel {
 public:
  // `tree`, a folder like /lib/modules/RELEASE, may be empty: then only the kernel's own exports
  // are known. Builds the index where the cache holds none for this kernel and this state of the
  // tree. A cache that cannot be written costs time only. Fails where the kernel's series is not
  // known.
  static Outcome<Kernel> open(kimage::Image image, const std::filesystem::path& tree);

  // The same without walking the tree, for who loads a few modules: its files are those that
  // modules.dep lists. Fails where the cache does not hold the index of a tree with this very
  // modules.dep; open() puts it there. A module that was changed without depmod goes unnoticed
  // here: what counts (its exports, CRCs and layout) is to be read from its file again.
  static Outcome<Kernel> open_listed(kimage::Image image, const std::filesystem::path& tree);

  const std::string& release() const { return image_.release(); }
  const std::string& build_id() const { return image_.build_id(); }
  // Tells this kernel with this state of its tree from all others.
  IndexKey key() const;
  kimage::Image& image() { return image_; }
  const kimage::Image& image() const { return image_; }
  const KernelAbi& abi() const { return *abi_; }  // stays in place when the Kernel is moved
  const Rules& rules() const { return *abi_->rules; }
  const modtree::Tree& tree() const { return tree_; }
  const ExportIndex& exports() const { return *exports_; }
  // All providers, by the number that an IndexedExport gives; 0 is the kernel.
  std::span<const IndexedProvider> providers() const { return providers_; }

  // Whether the kernel has a symbol of that name, exported or not; slow the first time.
  bool has_symbol(std::string_view name);
  // Whether /sys/module/NAME is there from the start, because code that is built in has parameters
  // or a version under that name: a module of that name is refused.
  bool has_built_in(std::string_view name);
  // Whether code of that name is built in, by the tree's modules.builtin.
  bool lists_built_in(std::string_view name) const;

 private:
  explicit Kernel(kimage::Image image) : image_(std::move(image)) {}
  Outcome<Nothing> read_abi();
  Outcome<Nothing> read_exports();
  Outcome<Nothing> take_index(Bytes block);
  template <class Take>
  void read_built_in(const char* section, std::uint64_t entry, std::uint64_t name, Take take);
  bool take_cached(const std::filesystem::path& file, const IndexKey& key);
  void remember_list() const;

  kimage::Image image_;
  std::unique_ptr<KernelAbi> abi_ = std::make_unique<KernelAbi>();
  std::unique_ptr<std::string> vermagic_text_ = std::make_unique<std::string>();
  modtree::Tree tree_;
  std::optional<MappedFile> mapped_;
  std::vector<std::byte> built_;
  std::optional<ExportIndex> exports_;
  std::vector<IndexedProvider> providers_;
  std::unordered_set<std::string> symbols_, built_in_;
};

// The index of the exports of `image` and of every module in `tree`, under `key`. Modules that
// cannot be opened provide nothing.
Outcome<std::vector<std::byte>> build_index(const kimage::Image& image, const modtree::Tree& tree,
                                            const KernelAbi& abi, const IndexKey& key);

}  // namespace ringside::modules
