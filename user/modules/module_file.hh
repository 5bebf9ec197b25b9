// ModuleFile: the bytes of a module's ELF file, mapped, or unpacked where it is packed.
#pragma once

#include <filesystem>
#include <optional>

#include "user/base/mapped_file.hh"
#include "user/base/page_buffer.hh"

namespace ringside::modules {

class ModuleFile {
 public:
  // A .ko, plain or packed by gzip, xz or zstd; told by its content, not by its name.
  static Outcome<ModuleFile> open(const std::filesystem::path& file);

  // Valid as long as this object, wherever it is moved.
  Bytes bytes() const { return mapped_ ? mapped_->bytes() : unpacked_.bytes(); }

 private:
  std::optional<MappedFile> mapped_;
  PageBuffer unpacked_;
};

}  // namespace ringside::modules
