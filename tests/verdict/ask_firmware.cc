// verdict-ask-firmware user|kernel: one question of a driver for firmware, answered by `ringside
// firmware serve`, or by our core in the kernel. Exit status 0 where there was an answer of the
// right size. In a guest with ringside_firmware.ko, as root: for what a fault leaves of the
// service.
#include <fcntl.h>
#include <fmt/format.h>
#include <sys/ioctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <cstring>
#include <filesystem>
#include <fstream>

#include "include/ringside/uapi/firmware.h"
#include "user/base/failure.hh"
#include "user/base/unique_fd.hh"

namespace ringside {
namespace {

namespace fs = std::filesystem;

constexpr const char* kServed = "/run/ringside-bench-firmware";
constexpr const char* kFallback = "/proc/sys/kernel/firmware_config/force_sysfs_fallback";
constexpr std::size_t kBytes = 65536;

Outcome<Nothing> put(const fs::path& path, const std::string& content) {
  std::error_code error;
  fs::create_directories(path.parent_path(), error);
  std::ofstream file(path, std::ios::binary);
  file << content << std::flush;
  if (!file) return system_failure("write", path);
  return ok;
}

// `ringside firmware serve`, as long as it lives.
class Serving {
 public:
  Serving() {
    child_ = fork();
    if (child_ != 0) return;
    int null = open("/dev/null", O_RDWR);
    dup2(null, STDOUT_FILENO);
    execlp("ringside", "ringside", "firmware", "serve", "--dir", kServed, nullptr);
    _exit(127);
  }
  ~Serving() {
    kill(child_, SIGTERM);
    waitpid(child_, nullptr, 0);
  }

 private:
  pid_t child_;
};

Outcome<Nothing> ask(bool kernel) {
  UniqueFd device(open(RS_FIRMWARE_DEVICE, O_RDWR | O_CLOEXEC));
  if (!device) return system_failure("open", RS_FIRMWARE_DEVICE);
  TRY(put(kFallback, kernel ? "0" : "1"));
  auto name = fmt::format("ringside-{}", getpid());  // a kernel may hand out again what it has got
  TRY(put(fs::path(kServed) / name, std::string(kBytes, 'f')));
  rs_firmware_ask ask{};
  ask.size = sizeof ask;
  ask.version = RS_FIRMWARE_VERSION;
  ask.way = kernel ? RS_FIRMWARE_READ : RS_FIRMWARE_REQUEST;
  name.copy(ask.name, sizeof ask.name - 1);
  if (kernel) std::strcpy(ask.folder, kServed);
  int status = ioctl(device.get(), RS_FIRMWARE_IOC_ASK, &ask);
  fs::remove(fs::path(kServed) / name);
  if (status != 0) return system_failure("ask for " + name, RS_FIRMWARE_DEVICE);
  if (ask.error == 0 && ask.bytes == kBytes) return ok;
  return Failure{fmt::format("{}: {} bytes, error {}", name, +ask.bytes, +ask.error)};
}

Outcome<Nothing> run(const std::string& side) {
  if (side == "kernel") return ask(true);
  Serving serving;
  return ask(false);
}

}  // namespace
}  // namespace ringside

int main(int argc, char** argv) {
  std::filesystem::create_directories(ringside::kServed);
  auto done = ringside::run(argc > 1 ? argv[1] : "");
  if (!done) fmt::print(stderr, "verdict-ask-firmware: {}\n", done.error().message);
  return done ? 0 : 1;
}
