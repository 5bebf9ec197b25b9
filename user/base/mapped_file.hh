// MappedFile: a regular file's bytes in memory, read-only, without a copy.
#pragma once

#include <cstddef>
#include <filesystem>
#include <utility>

#include "core/base/bytes.hh"
#include "user/base/failure.hh"

namespace ringside {

class MappedFile {
 public:
  // Maps the whole of `file`; an empty one gives no bytes. Fails where it cannot be read or is not
  // a regular file. The map follows the file's inode: an entry of the cache, which is only ever
  // replaced by rename, never changes under it; a file cut short in place raises SIGBUS.
  static Outcome<MappedFile> open(const std::filesystem::path& file);

  MappedFile(MappedFile&& other) noexcept
      : data_(std::exchange(other.data_, nullptr)), size_(std::exchange(other.size_, 0)) {}
  MappedFile& operator=(MappedFile&& other) noexcept {
    std::swap(data_, other.data_);
    std::swap(size_, other.size_);
    return *this;
  }
  ~MappedFile();

  // Valid as long as this object, wherever it is moved.
  Bytes bytes() const { return {data_, size_}; }

 private:
  MappedFile(const std::byte* data, std::size_t size) : data_(data), size_(size) {}

  const std::byte* data_ = nullptr;
  std::size_t size_ = 0;
};

}  // namespace ringside
