// MappedFile: a regular file's bytes in memory, read-only, without a copy.
#pragma once

#include <cstddef>
#include <cstdint>
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
      : data_(std::exchange(other.data_, nullptr)),
        size_(std::exchange(other.size_, 0)),
        identity_(other.identity_) {}
  MappedFile& operator=(MappedFile&& other) noexcept {
    std::swap(data_, other.data_);
    std::swap(size_, other.size_);
    std::swap(identity_, other.identity_);
    return *this;
  }
  ~MappedFile();

  // Valid as long as this object, wherever it is moved.
  Bytes bytes() const { return {data_, size_}; }

  // Another one for every file and every change of it (device, inode, size, times); 0 where it
  // changed so lately that another change might have the same time.
  std::uint64_t identity() const { return identity_; }

 private:
  MappedFile(const std::byte* data, std::size_t size, std::uint64_t identity)
      : data_(data), size_(size), identity_(identity) {}

  const std::byte* data_ = nullptr;
  std::size_t size_ = 0;
  std::uint64_t identity_ = 0;
};

}  // namespace ringside
