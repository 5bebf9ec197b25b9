// read(2) waits for each piece; a map is one piece. The way over io_uring is in uring.cc.
#include "user/html/source.hh"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <vector>

#include "user/html/uring.hh"

namespace ringside::html {
namespace {

class ReadSource : public Source {
 public:
  ReadSource(int fd, std::string name) : fd_(fd), name_(std::move(name)), piece_(kPiece) {}

  Outcome<Bytes> next() override {
    ssize_t size;
    do {
      size = ::read(fd_, piece_.data(), piece_.size());
    } while (size < 0 && errno == EINTR);
    if (size < 0) return system_failure("read", name_);
    return Bytes(piece_.data(), static_cast<std::size_t>(size));
  }

 private:
  int fd_;
  std::string name_;
  std::vector<std::byte> piece_;
};

// The caller's descriptor may be any open file, so MappedFile, which opens by name, is of no use.
class MapSource : public Source {
 public:
  static Outcome<std::unique_ptr<Source>> open(int fd, const std::string& name) {
    struct stat status;
    if (fstat(fd, &status) != 0) return system_failure("stat", name);
    if (!S_ISREG(status.st_mode))
      return Failure{
          fmt::format("{}: not a regular file, so it cannot be mapped; try --in=read", name)};
    auto size = static_cast<std::size_t>(status.st_size);
    auto from = static_cast<std::size_t>(std::max<off_t>(lseek(fd, 0, SEEK_CUR), 0));
    if (from >= size) return std::unique_ptr<Source>(new MapSource(nullptr, 0, 0));
    void* data = mmap(nullptr, size, PROT_READ, MAP_PRIVATE, fd, 0);
    if (data == MAP_FAILED) return system_failure("map", name);
    madvise(data, size, MADV_SEQUENTIAL);
    return std::unique_ptr<Source>(new MapSource(static_cast<std::byte*>(data), size, from));
  }
  ~MapSource() override {
    if (data_) munmap(data_, size_);
  }

  Outcome<Bytes> next() override {
    Bytes rest(data_ + from_, size_ - from_);
    from_ = size_;
    return rest;
  }

 private:
  MapSource(std::byte* data, std::size_t size, std::size_t from)
      : data_(data), size_(size), from_(from) {}
  std::byte* data_;
  std::size_t size_, from_;
};

}  // namespace

Outcome<std::unique_ptr<Source>> open_source(Way way, int fd, const std::string& name) {
  if (way == Way::kMmap) return MapSource::open(fd, name);
  if (way == Way::kUring) return open_uring(fd, name);
  return std::unique_ptr<Source>(new ReadSource(fd, name));
}

}  // namespace ringside::html
