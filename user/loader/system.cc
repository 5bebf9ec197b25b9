// By number, for libc has no names for these calls; the log is read from where it ended when the
// load began.
#include "user/loader/system.hh"

#include <fcntl.h>
#include <sys/syscall.h>

#include <cerrno>
#include <string_view>

namespace ringside::loader {

int init_module(Bytes image, const std::string& parameters) {
  return syscall(SYS_init_module, image.data(), image.size(), parameters.c_str()) ? errno : 0;
}

int finit_module(int fd, const std::string& parameters) {
  return syscall(SYS_finit_module, fd, parameters.c_str(), 0) ? errno : 0;
}

int delete_module(const std::string& name) {
  return syscall(SYS_delete_module, name.c_str(), O_NONBLOCK) ? errno : 0;
}

KernelLog::KernelLog() : fd_(open("/dev/kmsg", O_RDONLY | O_NONBLOCK | O_CLOEXEC)) {
  if (fd_) lseek(fd_.get(), 0, SEEK_END);
}

// A record a read: "level,sequence,time,flags;text\n", then indented dictionary lines.
std::string KernelLog::last_line(const std::string& module) const {
  std::string last, named;
  char record[8192];
  while (fd_) {
    auto size = ::read(fd_.get(), record, sizeof(record));
    if (size < 0 && errno == EPIPE) continue;  // overwritten before it was read
    if (size <= 0) break;
    std::string_view text(record, static_cast<std::size_t>(size));
    text.remove_prefix(std::min(text.find(';') + 1, text.size()));
    last = text.substr(0, text.find('\n'));
    if (last.find(module) != last.npos) named = last;
  }
  return named.empty() ? last : named;
}

}  // namespace ringside::loader
