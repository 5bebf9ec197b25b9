// The agent's ends of the virtio-serial ports: found by name, opened without blocking. (A blocking
// write to such a port spins in the kernel with interrupts off until the host took the bytes.)
#include <dirent.h>
#include <fcntl.h>
#include <sys/inotify.h>
#include <unistd.h>

#include <cerrno>

#include "lab/agent/agent.hh"

namespace ringside::lab::agent {
namespace {

// /dev/vport0p1 for the port that bears `name`, or empty.
std::string device_of(const std::string& name) {
  std::string found;
  auto* directory = opendir("/sys/class/virtio-ports");
  if (directory == nullptr) return found;
  while (auto* entry = readdir(directory)) {
    auto path = std::string("/sys/class/virtio-ports/") + entry->d_name + "/name";
    if (read_file(path) == name + "\n") found = std::string("/dev/") + entry->d_name;
  }
  closedir(directory);
  return found;
}

// The driver makes its ports from a work queue, so they may come after it was loaded; the watch is
// set before the look, so no port is missed.
int open_port(const std::string& name, int watch) {
  for (;;) {
    auto device = device_of(name);
    int fd = device.empty() ? -1 : open(device.c_str(), O_RDWR | O_NONBLOCK | O_CLOEXEC);
    if (fd >= 0) return fd;
    char events[4096];
    require(read(watch, events, sizeof events) > 0, "wait for port " + name);
  }
}

}  // namespace

void open_ports(Port (&ports)[kPortCount]) {
  int watch = inotify_init1(IN_CLOEXEC);
  require(inotify_add_watch(watch, "/dev", IN_CREATE | IN_ATTRIB) >= 0, "watch /dev");
  for (unsigned i = 0; i < kPortCount; ++i) ports[i].fd = open_port(kPortNames[i], watch);
  close(watch);
}

}  // namespace ringside::lab::agent
