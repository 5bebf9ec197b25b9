// Which accelerator works. /dev/kvm may be there and stock guests still hang on it (nested clouds),
// so the only proof is a guest that answers: boot one under a short limit, and remember what came
// of it for this host kernel, CPU and QEMU.
#include <fmt/format.h>
#include <sys/stat.h>
#include <sys/utsname.h>
#include <unistd.h>

#include <fstream>
#include <nlohmann/json.hpp>

#include "lab/guest.hh"
#include "lab/session.hh"
#include "user/cache/cache.hh"
#include "user/process/process.hh"

namespace ringside::lab {
namespace {

constexpr double kProbeLimit = 15;  // seconds; a guest on a working KVM is up in two

std::string cpu_model() {
  std::ifstream file("/proc/cpuinfo");
  for (std::string line; std::getline(file, line);)
    if (line.starts_with("model name")) return line.substr(line.find(':') + 1);
  return "unknown";
}

// What the answer depends on.
std::string machine_key() {
  utsname names{};
  uname(&names);
  struct stat qemu {};
  if (auto program = find_program("qemu-system-x86_64")) stat(program->c_str(), &qemu);
  return fmt::format("{} |{} | qemu {} {}", names.release, cpu_model(), qemu.st_size,
                     qemu.st_mtime);
}

std::filesystem::path memory_path() {
  return cache::root() / "accel.json";
}

std::optional<bool> remembered(const std::string& key) {
  std::ifstream file(memory_path());
  auto json = nlohmann::json::parse(file, nullptr, false);
  if (!json.is_object() || json.value("version", 0) != 1 || json.value("machine", "") != key)
    return std::nullopt;
  return json.value("kvm", false);
}

void remember(const std::string& key, bool works, const std::string& reason) {
  nlohmann::json json = {{"version", 1}, {"machine", key}, {"kvm", works}, {"reason", reason}};
  auto text = json.dump(2) + "\n";
  if (!cache::publish_file(memory_path(), as_bytes(text)))
    return;  // an unwritable cache costs the next run another probe, nothing else
}

// True where a guest on KVM answers in time. That QEMU ends by itself is an answer as well, in its
// own words; that it cannot be started, or that the agent is not ours, says nothing about KVM.
Outcome<bool> probe(const Kernel& kernel, int cancel_fd, const std::string& key) {
  Options options;
  options.boot_limit = kProbeLimit;
  options.cancel_fd = cancel_fd;
  auto guest = Guest::start(kernel, options, Accel::kKvm);
  if (!guest) return false;
  auto hello = wait_for_hello(**guest, options);
  if (!hello && hello.error().status > 128) return hello.error();  // interrupted
  if ((*guest)->broken()) return false;
  auto reason = hello ? "a guest booted" : hello.error().message;
  remember(key, bool(hello), reason.substr(0, reason.find('\n')));
  return bool(hello);
}

}  // namespace

Outcome<Accel> choose_accel(const Kernel& kernel, const Options& options) {
  if (options.count) return Accel::kTcg;  // only TCG counts
  if (options.accel != Accel::kAuto) return options.accel;
  if (access("/dev/kvm", R_OK | W_OK) != 0) return Accel::kTcg;
  auto key = machine_key();
  auto works = remembered(key);
  cache::Right right;  // of several labs, one asks
  if (!works) {
    if (auto mine = cache::wait_for(memory_path())) right = *std::move(mine);
    works = remembered(key);
  }
  if (!works) works = TRY(probe(kernel, options.cancel_fd, key));
  return *works ? Accel::kKvm : Accel::kTcg;
}

}  // namespace ringside::lab
