// The guest's file tree. The root is an overlay: below it the host's tree, read-only (9p, or an
// erofs image where the kernel has no 9p), above it a tmpfs that takes every write. /dev, /proc,
// /sys, /run and /tmp are the guest's own. Shares and the kernel's modules are mounted at their
// paths in the same way; only the --out directory is mounted so that writes reach the host.
#include <fcntl.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>

#include "lab/agent/agent.hh"

namespace ringside::lab::agent {
namespace {

// Read-only trees: `loose` keeps names, attributes and pages in the guest, which exec and mmap
// need and which halves the cost of starting a program; forget_files() drops what it kept before
// each command. See docs/lab.md, "Cache mode".
constexpr const char* kReadOnly9p = "trans=virtio,version=9p2000.L,msize=512000,cache=loose";
// The writable tree: every write reaches the host at once; mmap works, and is written at munmap.
constexpr const char* kWritable9p = "trans=virtio,version=9p2000.L,msize=512000,cache=mmap";

constexpr const char* kLayers = "/layers";  // in the initramfs: all lower and upper directories

void make_directories(const std::string& path) {
  for (std::size_t at = 1; at != std::string::npos;) {
    at = path.find('/', at + 1);
    mkdir(path.substr(0, at).c_str(), 0755);
  }
}

void mount_at(const char* source, const std::string& target, const char* type, unsigned long flags,
              const std::string& options) {
  make_directories(target);
  require(mount(source, target.c_str(), type, flags, options.c_str()) == 0,
          std::string("mount ") + type + " at " + target);
}

// Mounts `lower` under a tmpfs directory of its own, at `target`.
void overlay(const std::string& lower, const std::string& name, const std::string& target) {
  auto base = std::string(kLayers) + "/upper/" + name;
  make_directories(base + "/upper");
  make_directories(base + "/work");
  mount_at("overlay", target, "overlay", 0,
           "lowerdir=" + lower + ",upperdir=" + base + "/upper,workdir=" + base + "/work");
}

void mount_share(const Share& share, const std::string& target) {
  if (share.writable) {
    mount_at(share.tag.c_str(), target, "9p", 0, kWritable9p);
    return;
  }
  auto lower = std::string(kLayers) + "/" + share.tag;
  mount_at(share.tag.c_str(), lower, "9p", MS_RDONLY, kReadOnly9p);
  overlay(lower, share.tag, target);
}

void mount_root(const BootConfig& config, const std::string& target) {
  mount_at("tmpfs", std::string(kLayers) + "/upper", "tmpfs", 0, "mode=755,size=80%");
  if (config.root_on_disk) {
    auto lower = std::string(kLayers) + "/root";
    mount_at("/dev/vda", lower, "erofs", MS_RDONLY, "");
    return overlay(lower, "root", target);
  }
  for (const auto& share : config.shares)
    if (share.path == "/") mount_share(share, target);
}

void mount_own(const std::string& root) {
  mount_at("proc", root + "/proc", "proc", MS_NOSUID | MS_NODEV | MS_NOEXEC, "");
  mount_at("sysfs", root + "/sys", "sysfs", MS_NOSUID | MS_NODEV | MS_NOEXEC, "");
  mount_at("devtmpfs", root + "/dev", "devtmpfs", MS_NOSUID, "mode=755");
  mount_at("devpts", root + "/dev/pts", "devpts", MS_NOSUID | MS_NOEXEC, "ptmxmode=666,mode=620");
  mount_at("tmpfs", root + "/dev/shm", "tmpfs", MS_NOSUID | MS_NODEV, "mode=1777");
  mount_at("tmpfs", root + "/run", "tmpfs", MS_NOSUID | MS_NODEV, "mode=755");
  mount_at("tmpfs", root + "/tmp", "tmpfs", MS_NOSUID | MS_NODEV, "mode=1777");
  mount("debugfs", (root + "/sys/kernel/debug").c_str(), "debugfs", 0, "");  // where it is built in
  mount("tracefs", (root + "/sys/kernel/tracing").c_str(), "tracefs", 0, "");
}

void link_standard_streams() {
  for (auto [path, target] : {std::pair{"/dev/fd", "/proc/self/fd"},
                              {"/dev/stdin", "/proc/self/fd/0"},
                              {"/dev/stdout", "/proc/self/fd/1"},
                              {"/dev/stderr", "/proc/self/fd/2"}})
    if (symlink(target, path) != 0 && errno != EEXIST) die(std::string("link ") + path);
}

}  // namespace

void mount_early() {
  mount_at("proc", "/proc", "proc", 0, "");
  mount_at("sysfs", "/sys", "sysfs", 0, "");
  mount_at("devtmpfs", "/dev", "devtmpfs", 0, "mode=755");
}

void enter_root(const BootConfig& config) {
  const std::string root = "/root";
  mount_root(config, root);
  mount_own(root);
  for (const auto& share : config.shares)
    if (share.path != "/") mount_share(share, root + share.path);
  // The initramfs stays visible, so that a command can look at what --initrd brought.
  mount_at("/", root + "/run/initramfs", "none", MS_BIND, "");
  require(chdir(root.c_str()) == 0 && mount(".", "/", nullptr, MS_MOVE, nullptr) == 0 &&
              chroot(".") == 0 && chdir("/") == 0,
          "enter the root");
  link_standard_streams();
  sethostname("lab", 3);
}

}  // namespace ringside::lab::agent
