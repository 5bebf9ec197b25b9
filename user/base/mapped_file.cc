// Opened without blocking, so that a FIFO is refused rather than waited for; the map outlives the
// descriptor.
#include "user/base/mapped_file.hh"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/mman.h>
#include <sys/stat.h>

#include <ctime>

#include "user/base/fingerprint.hh"
#include "user/base/unique_fd.hh"

namespace ringside {
namespace {

std::uint64_t identify(const struct stat& status) {
  constexpr time_t kSettled = 2;  // seconds; a FAT's times are that coarse
  if (status.st_ctim.tv_sec + kSettled > std::time(nullptr)) return 0;
  const std::uint64_t parts[] = {status.st_dev,
                                 status.st_ino,
                                 static_cast<std::uint64_t>(status.st_size),
                                 static_cast<std::uint64_t>(status.st_mtim.tv_sec),
                                 static_cast<std::uint64_t>(status.st_mtim.tv_nsec),
                                 static_cast<std::uint64_t>(status.st_ctim.tv_sec),
                                 static_cast<std::uint64_t>(status.st_ctim.tv_nsec)};
  return fingerprint(std::as_bytes(std::span(parts)));
}

}  // namespace

Outcome<MappedFile> MappedFile::open(const std::filesystem::path& file) {
  UniqueFd fd(::open(file.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY));
  if (!fd) return system_failure("open", file);
  struct stat status;
  if (fstat(fd.get(), &status) != 0) return system_failure("stat", file);
  if (!S_ISREG(status.st_mode))
    return Failure{fmt::format("{}: not a regular file; name one", file.native())};
  auto size = static_cast<std::size_t>(status.st_size);
  if (size == 0) return MappedFile(nullptr, 0, identify(status));
  void* data = mmap(nullptr, size, PROT_READ, MAP_PRIVATE, fd.get(), 0);
  if (data == MAP_FAILED) return system_failure("map", file);
  return MappedFile(static_cast<const std::byte*>(data), size, identify(status));
}

MappedFile::~MappedFile() {
  if (data_) munmap(const_cast<std::byte*>(data_), size_);
}

}  // namespace ringside
