// A kernel with its module tree, by the name that the lab knows it by.
#pragma once

#include "lab/kernels/kernels.hh"
#include "user/modules/kernel.hh"

namespace ringside::modules::test {

inline Outcome<Kernel> kernel_named(const std::string& name) {
  auto found = TRY(lab::find_kernel(name));
  return Kernel::open(TRY(kimage::Image::open(found.image)), found.modules);
}

}  // namespace ringside::modules::test
