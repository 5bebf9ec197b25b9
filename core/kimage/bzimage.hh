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
};

// True where `file` carries the boot header's signature.
bool is_bzimage(Bytes file);

// The payload of a bzImage; borrows `file`.
Result<BzImage> open_bzimage(Bytes file);

// The release (uname -r) that begins a kernel_version string.
std::string_view release_of(std::string_view version);

}  // namespace ringside::kimage
