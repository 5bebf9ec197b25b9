// What every part of the agent needs of the system: files, its configuration, modules, and a last
// word on the console.
#include <fcntl.h>
#include <sys/reboot.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "lab/agent/agent.hh"

namespace ringside::lab::agent {
void die(const std::string& what) {
  auto line = "ringside-agent: " + what + "\n";
  int console = open("/dev/console", O_WRONLY | O_NOCTTY);
  if (write(console, line.data(), line.size()) < 0) errno = 0;  // nobody is left to be told
  sync();
  reboot(RB_AUTOBOOT);  // QEMU runs with -no-reboot, so this ends it on every machine type
  _exit(1);
}

void require(bool good, const std::string& what) {
  if (!good) die(what + ": " + std::strerror(errno));
}

std::string read_file(const std::string& path) {
  std::string bytes;
  int fd = open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (fd < 0) return bytes;
  char chunk[16384];
  for (ssize_t n = 0; (n = read(fd, chunk, sizeof chunk)) > 0;) bytes.append(chunk, n);
  close(fd);
  return bytes;
}

void write_file(const std::string& path, std::string_view bytes) {
  int fd = open(path.c_str(), O_WRONLY | O_CLOEXEC);
  if (fd < 0) return;
  if (write(fd, bytes.data(), bytes.size()) < 0) errno = 0;  // a knob that this kernel lacks
  close(fd);
}

BootConfig read_config() {
  auto config = decode_config(read_file(kConfigPath));
  if (!config) die(std::string("configuration: ") + config.error().what);
  return *config;
}

void load_modules(const BootConfig& config) {
  for (const auto& path : config.modules) {
    int fd = open(path.c_str(), O_RDONLY | O_CLOEXEC);
    require(fd >= 0, path);
    long result = syscall(SYS_finit_module, fd, "", 0);
    require(result == 0 || errno == EEXIST, "load " + path);
    close(fd);
    unlink(path.c_str());  // its memory is of more use to the command
  }
}

}  // namespace ringside::lab::agent
