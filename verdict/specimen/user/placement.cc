#include "user/placement.hh"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <system_error>

#include "core/specimen.hh"

namespace specimen_service {
namespace {

constexpr const char* kDevice = "/dev/specimen";

[[noreturn]] void fail(const std::string& what) {
  throw std::system_error(errno, std::generic_category(), what);
}

class File {
 public:
  File(const std::string& path, int flags)
      : path_(path), fd_(open(path.c_str(), flags | O_CLOEXEC)) {
    if (fd_ < 0) fail(path);
  }
  ~File() { close(fd_); }
  File(const File&) = delete;

  // Up to `size` bytes; 0 at the end.
  unsigned long read(unsigned char* bytes, unsigned long size) {
    auto done = ::read(fd_, bytes, size);
    if (done < 0) fail(path_);
    return static_cast<unsigned long>(done);
  }
  void write(const unsigned char* bytes, unsigned long size) {
    if (::write(fd_, bytes, size) != static_cast<long>(size)) fail(path_);
  }

 private:
  std::string path_;
  int fd_;
};

}  // namespace

std::string digest_here(const std::string& path) {
  File file(path, O_RDONLY);
  Digest digest;
  unsigned char bytes[65536];
  while (auto size = file.read(bytes, sizeof bytes)) digest.feed(bytes, size);
  std::string text(16, '0');
  to_text(digest, text.data());
  return text;
}

std::string digest_in_kernel(const std::string& path) {
  File file(path, O_RDONLY), device(kDevice, O_RDWR);
  unsigned char bytes[65536];
  while (auto size = file.read(bytes, sizeof bytes)) device.write(bytes, size);
  device.read(bytes, sizeof bytes);
  return std::string(reinterpret_cast<char*>(bytes), 16);
}

}  // namespace specimen_service
