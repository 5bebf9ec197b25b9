// x86-64's part of the address space that belongs to the kernel's image and to modules, for kernels
// with RANDOMIZE_BASE.
// Source: Documentation/arch/x86/x86_64/mm.rst; arch/x86/include/asm/page_64_types.h.
#pragma once

#include <cstdint>

namespace ringside {

constexpr std::uint64_t kKernelBase = 0xffff'ffff'8000'0000;           // __START_KERNEL_map
constexpr std::uint64_t kKernelText = kKernelBase + 0x100'0000;        // _text as linked
constexpr std::uint64_t kKernelImageSize = 1 << 30;                    // KERNEL_IMAGE_SIZE
constexpr std::uint64_t kModuleArea = kKernelBase + kKernelImageSize;  // MODULES_VADDR

}  // namespace ringside
