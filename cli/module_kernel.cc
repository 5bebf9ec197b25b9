// A kernel with its tree by name; a vmlinux has none. A module by path, or by name in that tree.
#include "cli/module_kernel.hh"

#include <fmt/format.h>
#include <sys/utsname.h>

#include "cli/kernel_image.hh"
#include "lab/kernels/kernels.hh"

namespace ringside::cli {
namespace {

// A kernel in the cache with the running one's release, and the modules of this machine; `failure`
// where there is none.
Outcome<lab::Kernel> in_cache(const Failure& failure) {
  utsname name;
  if (uname(&name) != 0) return failure;
  auto kernel = lab::find_kernel(name.release);
  if (!kernel) return failure;
  auto tree = std::filesystem::path("/lib/modules") / name.release;
  std::error_code error;
  if (std::filesystem::exists(tree, error)) kernel->modules = tree;
  return kernel;
}

}  // namespace

Outcome<modules::Kernel> open_module_kernel(const std::string& name) {
  auto kernel = lab::find_kernel(name);
  if (kernel)
    return modules::Kernel::open(TRY(kimage::Image::open(kernel->image)), kernel->modules);
  auto image = open_image(name);  // a vmlinux
  if (image) return modules::Kernel::open(*std::move(image), {});
  auto failure = kernel.error();
  if (name == "running") failure.message += ", or name a kernel by --kernel";
  return failure;
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

// From the cache alone, by build-id; anew where it has not everything.
Outcome<modules::Kernel> open_running_kernel() {
  if (auto image = kimage::Image::open_running()) {
    auto tree = "/lib/modules/" + image->release();
    if (auto kernel = modules::Kernel::open_listed(*std::move(image), tree)) return kernel;
  }
  auto kernel = lab::find_kernel("running");
  if (!kernel) kernel = in_cache(kernel.error());
  if (!kernel) return kernel.error();
  auto image = TRY(kimage::Image::open(kernel->image));
  if (image.build_id() != TRY(kimage::running_build_id()))
    return Failure{
        fmt::format("{}: not the image of the kernel that runs here (its build-id is {})",
                    image.source(), image.build_id())};
  return modules::Kernel::open(std::move(image), kernel->modules);
}

}  // namespace ringside::cli
