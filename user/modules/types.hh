// Types: what the BTF of a kernel, or of a module of it, says of a function, as C text, and what of
// it differs between two kernels. A changed CRC says that something did; this says what.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

#include "user/kimage/image.hh"
#include "user/modtree/tree.hh"
#include "user/modules/module_file.hh"

namespace ringside::modules {

class Types {
 public:
  // Reads the BTF of `image`, which it keeps.
  static Outcome<std::shared_ptr<const Types>> open(kimage::Image image);
  // Reads the BTF of the module in `file`, which goes on from the kernel's, `base`. Fails where the
  // module has none.
  static Outcome<std::shared_ptr<const Types>> open(std::shared_ptr<const Types> base,
                                                    const std::filesystem::path& file);

  // Reads a file of BTF and nothing else, as /sys/kernel/btf/vmlinux is one. No release is known.
  static Outcome<std::shared_ptr<const Types>> open_raw(const std::filesystem::path& file);

  const std::string& release() const { return release_; }  // the kernel's
  const kimage::Btf& btf() const { return *btf_; }

  bool declares(std::string_view name) const { return names_.contains(name); }
  // "int kern_path(const char *name, unsigned int flags, struct path *path)"; no value where there
  // is no such function or variable in this BTF.
  std::optional<std::string> declaration(std::string_view name) const;

  // What differs between this type of `name` and `other`'s, what is nearest to the prototype first:
  // "struct path: 16 bytes, in 6.1.0-9-amd64 24 bytes"; no value where nothing does as far as was
  // looked.
  std::optional<std::string> difference(const Types& other, std::string_view name) const;

 private:
  Types() = default;
  void note_names();

  std::string release_;
  std::shared_ptr<const Types> base_;
  std::optional<kimage::Image> image_;
  std::optional<ModuleFile> file_;
  std::vector<std::byte> raw_, memory_;
  std::optional<kimage::Btf> btf_;
  std::unordered_map<std::string_view, std::uint32_t> names_;  // functions and variables: type ids
};

// The types of one kernel and, where they are asked for, of its modules.
class KernelTypes {
 public:
  KernelTypes(std::shared_ptr<const Types> kernel, modtree::Tree tree)
      : kernel_(std::move(kernel)), tree_(std::move(tree)) {}

  const std::string& release() const { return kernel_->release(); }

  // The types in which `name` is declared: those of `provider` (a module; any other word is the
  // kernel) or else the kernel's own; nullptr where neither declares it.
  const Types* declaring(std::string_view name, const std::string& provider);

 private:
  const Types* of_module(const std::string& provider);

  std::shared_ptr<const Types> kernel_;
  modtree::Tree tree_;
  std::map<std::string, std::shared_ptr<const Types>> modules_;
};

}  // namespace ringside::modules
