// Loadable: what a boot loader needs of an unpacked x86-64 kernel in order to put it into memory at
// a virtual address of its own choice, as the kernel's own unpacker does (KASLR).
// Source: arch/x86/boot/compressed/misc.c (parse_elf, handle_relocations), arch/x86/tools/relocs.c.
#pragma once

#include <span>

#include "core/base/bytes.hh"

namespace ringside::kimage {

// Addresses to be moved, each a 32-bit word that is sign-extended to a link-time virtual address.
// Empty where the kernel was built without relocations: such a one cannot be moved.
struct Relocations {
  Bytes add32, subtract32, add64;
  bool empty() const { return add32.empty() && add64.empty(); }
};

struct Loadable {
  Bytes file;
  std::uint64_t base = 0;   // physical address that the kernel is linked for
  std::uint64_t size = 0;   // bytes of memory from `base` on, .bss and .brk included
  std::uint64_t entry = 0;  // physical address of startup_64, within them
  Relocations relocations;
};

// `vmlinux` is what a bzImage's payload unpacks to: an ELF file and, behind it, the relocations.
// `base` is the boot header's pref_address. Checks every segment's bounds; borrows `vmlinux`.
Result<Loadable> open_loadable(Bytes vmlinux, std::uint64_t base);

// The kernel's segments, at their places in `memory`, which holds `size` zero bytes, moved by
// `delta` bytes. On an Error `memory` is undefined.
Status load_kernel(const Loadable& kernel, std::uint64_t delta, std::span<std::byte> memory);

}  // namespace ringside::kimage
