// A kernel with its tree by name; a vmlinux has none. A module by path, or by name in that tree.
#include "cli/module_kernel.hh"

#include <fmt/format.h>

#include "cli/kernel_image.hh"
#include "lab/kernels/kernels.hh"

namespace ringside::cli {

Outcome<modules::Kernel> open_module_kernel(const std::string& name) {
  auto kernel = lab::find_kernel(name);
  if (kernel)
    return modules::Kernel::open(TRY(kimage::Image::open(kernel->image)), kernel->modules);
  auto image = open_image(name);  // a vmlinux
  return image ? modules::Kernel::open(*std::move(image), {}) : kernel.error();
}

std::shared_ptr<modules::KernelTypes> types_of_release(const std::string& release) {
  auto kernel = lab::find_kernel(release);
  if (!kernel) return nullptr;
  auto image = kimage::Image::open(kernel->image);
  if (!image) return nullptr;
  auto types = modules::Types::open(*std::move(image));
  if (!types) return nullptr;
  auto tree = modtree::Tree::open(kernel->modules);
  return std::make_shared<modules::KernelTypes>(*types, tree ? *tree : modtree::Tree());
}

Outcome<std::filesystem::path> module_path(const std::string& word, const modtree::Tree& tree) {
  std::error_code error;
  bool is_path = word.find('/') != word.npos;
  bool is_file = !modtree::module_name(word).empty() && std::filesystem::exists(word, error);
  if (is_path || is_file) return std::filesystem::path(word);
  if (const auto* file = tree.find(word)) return tree.path_of(*file);
  return Failure{fmt::format(
      "{}: no such file, and no such module in {}", word,
      tree.folder().empty() ? "the kernel's tree, as it has none" : tree.folder().native())};
}

}  // namespace ringside::cli
