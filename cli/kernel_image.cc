// A path is opened as it is; any other name is looked up among the kernels of this machine.
#include "cli/kernel_image.hh"

#include "lab/kernels/kernels.hh"

namespace ringside::cli {

Outcome<kimage::Image> open_image(const std::string& name) {
  std::error_code error;
  bool is_path = name.find('/') != name.npos;
  if (is_path && std::filesystem::is_regular_file(name, error)) return kimage::Image::open(name);
  auto kernel = TRY(lab::find_kernel(name));
  return kimage::Image::open(kernel.image);
}

}  // namespace ringside::cli
