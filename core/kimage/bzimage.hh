// The boot header of an x86 bzImage, and the compressed kernel inside it.
// Source: Documentation/arch/x86/boot.rst (protocol 2.08 and later carries payload_offset).
#pragma once

#include <string_view>

#include "core/base/bytes.hh"
#include "core/base/packing.hh"

namespace ringside::kimage {

struct BzImage {
  std::string_view version;  // the header's kernel_version: "6.1.0-56-amd64 (...) #1 SMP ..."
  Packing packing = Packing::kNone;
  Bytes payload;                    // the compressed vmlinux, without the size word appended to it
  std::uint32_t unpacked_size = 0;  // that size word: what the payload unpacks to
  Bytes setup;                      // the real-mode part, the boot header in it
};

// Where a boot loader may put the kernel that a bzImage unpacks to.
struct LoadHints {
  std::uint64_t base = 0;       // pref_address: the physical address that it is linked for
  std::uint64_t alignment = 0;  // kernel_alignment: what it may be moved by a multiple of
  bool entry_64 = false;        // its entry is 64-bit code that is reached through a page table
  bool five_levels = false;     // and that table may have five levels
};

// True where `file` carries the boot header's signature.
bool is_bzimage(Bytes file);

// The payload of a bzImage; borrows `file`.
Result<BzImage> open_bzimage(Bytes file);

// From the boot header in `setup`, protocol 2.12 or later.
Result<LoadHints> load_hints(Bytes setup);

// The release (uname -r) that begins a kernel_version string.
std::string_view release_of(std::string_view version);

}  // namespace ringside::kimage
