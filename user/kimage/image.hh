// Image: all that one kernel image says, from the image alone. A bzImage is unpacked once; the
// unpacked vmlinux stays in the cache under its build-id and is mapped from there ever after.
#pragma once

#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "core/elf/file.hh"
#include "core/elf/note.hh"
#include "core/kimage/btf.hh"
#include "core/kimage/exports.hh"
#include "core/kimage/kallsyms.hh"
#include "core/kimage/orc.hh"
#include "user/base/failure.hh"
#include "user/base/mapped_file.hh"

namespace ringside::kimage {

class Image {
 public:
  // A bzImage (gzip, xz, zstd, lz4, lzo or bzip2 payload) or a vmlinux. Maps it; parses nothing
  // but headers. The Image owns the mapping; all that it gives out borrows from it.
  static Outcome<Image> open(const std::filesystem::path& file);

  // Whether open() will not have to unpack `file`, which takes a second: a vmlinux, or a bzImage
  // whose kernel is in the cache.
  static bool is_at_hand(const std::filesystem::path& file);

  // The kernel that runs here, from the cache alone: told by its build-id, so that no image needs
  // to be found or read. Fails where the cache does not hold it whole.
  static Outcome<Image> open_running();

  const std::string& release() const { return release_; }    // uname -r
  const std::string& build_id() const { return build_id_; }  // lower-case hex
  const std::string& source() const { return source_; }      // the file it was opened from
  bool is_packed() const { return packed_; }                 // that file is a bzImage
  const elf::File& vmlinux() const { return *vmlinux_; }
  // The unpacked file; behind its ELF part the relocations (core/kimage/loadable.hh).
  Bytes bytes() const { return std::as_const(*file_).bytes(); }

  // Each is read on demand; a Failure names this image and what is wrong or missing in it.
  Outcome<Kallsyms> kallsyms() const;
  Outcome<Exports> exports() const;
  Outcome<Orc> orc() const;
  Outcome<Btf> btf();

 private:
  Outcome<Nothing> identify();

  std::shared_ptr<MappedFile> file_;
  std::shared_ptr<const elf::File> vmlinux_;
  std::vector<std::byte> btf_memory_;
  std::string source_, release_, build_id_;
  bool packed_ = false;
};

// The build-id of the kernel that runs here (/sys/kernel/notes), lower-case hex.
Outcome<std::string> running_build_id();

// `bytes` as lower-case hex digits, and back (no value where `text` is not an even number of them).
std::string to_hex(Bytes bytes);
std::optional<std::vector<std::byte>> from_hex(std::string_view text);

}  // namespace ringside::kimage
