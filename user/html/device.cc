// /dev/ringside-html by ioctl and read(2).
#include "user/html/device.hh"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/ioctl.h>

#include <algorithm>
#include <cerrno>

namespace ringside::html {

Outcome<Device> Device::open() {
  UniqueFd fd(::open(RS_HTML_DEVICE, O_RDONLY | O_CLOEXEC));
  if (fd) return Device(std::move(fd));
  auto failure = system_failure("open", RS_HTML_DEVICE);
  if (errno == ENOENT) failure.message += " (insmod ringside_html.ko first)";
  return failure;
}

Outcome<Nothing> Device::source(int fd, const std::string& name, bool raw, std::uint32_t flags) {
  rs_html_source source{};
  source.size = sizeof(source);
  source.version = RS_HTML_VERSION;
  source.fd = fd;
  source.flags = flags | (raw ? RS_HTML_RAW : 0);
  source.offset = static_cast<std::uint64_t>(std::max<off_t>(lseek(fd, 0, SEEK_CUR), 0));
  if (ioctl(fd_.get(), RS_HTML_IOC_SOURCE, &source) == 0) return ok;
  if (errno == EINVAL)
    return Failure{
        fmt::format("{}: the kernel does not read from this kind of file; try "
                    "--placement=user",
                    name)};
  return system_failure("hand over", name);
}

Outcome<Bytes> Device::read(std::span<std::byte> room, const std::string& name) {
  ssize_t size;
  do {
    size = ::read(fd_.get(), room.data(), room.size());
  } while (size < 0 && errno == EINTR);
  if (size < 0) return system_failure("read in the kernel from", name);
  return Bytes(room.data(), static_cast<std::size_t>(size));
}

Outcome<rs_html_status> Device::status() {
  rs_html_status status{};
  status.size = sizeof(status);
  status.version = RS_HTML_VERSION;
  if (ioctl(fd_.get(), RS_HTML_IOC_STATUS, &status) != 0)
    return system_failure("ask", RS_HTML_DEVICE);
  return status;
}

Outcome<std::uint64_t> Device::read_cost(int fd, std::uint64_t bytes, std::uint32_t rounds) {
  rs_html_read call{};
  call.size = sizeof(call);
  call.version = RS_HTML_VERSION;
  call.fd = fd;
  call.rounds = rounds;
  call.bytes = bytes;
  if (ioctl(fd_.get(), RS_HTML_IOC_READ, &call) != 0)
    return system_failure("measure a read by", RS_HTML_DEVICE);
  return std::uint64_t{call.elapsed_ns};
}

}  // namespace ringside::html
