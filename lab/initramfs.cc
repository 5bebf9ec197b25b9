// Makes what a boot needs: decides how the host's tree reaches the guest (9p where the kernel has
// it, else an image), collects the modules for that, and writes the archive. It is not packed:
// the host writes it faster than the guest could unpack it.
#include "lab/initramfs.hh"

#include <fmt/format.h>

#include <algorithm>

#include "lab/cpio.hh"
#include "lab/module_files.hh"
#include "lab/root_image.hh"
#include "user/base/mapped_file.hh"
#include "user/cache/cache.hh"

namespace ringside::lab {
namespace {

namespace fs = std::filesystem;

std::string_view text_of(Bytes bytes) {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

Failure lab_failure(std::string message) {
  return {std::move(message), kLabItself};
}

Outcome<fs::path> real_directory(const fs::path& path) {
  std::error_code error;
  auto real = fs::canonical(path, error);
  if (error || !fs::is_directory(real, error))
    return lab_failure(
        fmt::format("{}: not a directory that can be shown to the guest; name one that is there",
                    path.string()));
  return real;
}

bool within(const fs::path& path, const fs::path& directory) {
  auto [end, _] = std::mismatch(directory.begin(), directory.end(), path.begin(), path.end());
  return end == directory.end();
}

// A directory that the guest's own /tmp or /run would hide.
bool hidden(const fs::path& path) {
  return within(path, "/tmp") || within(path, "/run");
}

class Shares {
 public:
  void add(const fs::path& path, bool writable) { add(path, path, writable); }
  void add(const fs::path& path, const fs::path& at, bool writable) {
    for (const auto& share : list_)
      if (share.share.path == at.string()) return;
    list_.push_back({{fmt::format("ringside{}", list_.size()), at.string(), writable}, path});
  }
  std::vector<HostShare> take() { return std::move(list_); }

 private:
  std::vector<HostShare> list_;
};

// Every directory that the guest gets, the root first, the outer before the inner.
Outcome<std::vector<HostShare>> host_shares(const Kernel& kernel, const Options& options) {
  Shares shares;
  shares.add("/", false);
  if (!options.out.empty()) {
    std::error_code error;
    fs::create_directories(options.out, error);
    shares.add(TRY(real_directory(options.out)), true);
  }
  for (const auto& path : options.shares) shares.add(TRY(real_directory(path)), false);
  std::error_code error;
  for (const auto& path : {program_directory(), fs::current_path(error), cache::root()})
    if (hidden(path)) shares.add(path, false);
  if (!kernel.modules.empty())
    shares.add(TRY(real_directory(kernel.modules)),
               fs::canonical("/lib") / "modules" / kernel.release, false);
  auto list = shares.take();
  std::stable_sort(list.begin(), list.end(), [](const HostShare& a, const HostShare& b) {
    return a.share.path.size() < b.share.path.size();
  });
  return list;
}

// The modules that carry the ports and the host's tree.
std::vector<std::string> wanted_modules(const Options& options, bool root_on_disk) {
  std::vector<std::string> names = {"virtio_pci", "virtio_console", "overlay"};
  if (root_on_disk)
    names.push_back("erofs");
  else
    names.insert(names.end(), {"9pnet_virtio", "9p"});
  if (root_on_disk || !options.disks.empty()) names.push_back("virtio_blk");
  if (options.network) names.push_back("virtio_net");
  return names;
}

Outcome<std::string> archive(const std::vector<ModuleFile>& modules, const BootConfig& config) {
  auto agent = TRY(MappedFile::open(TRY(find_agent())));
  CpioWriter cpio;
  cpio.directory("dev");
  cpio.character_device("dev/console", 0600, 5, 1);  // the kernel opens it for PID 1
  cpio.file("init", 0755, text_of(agent.bytes()));
  cpio.directory("lab");
  for (const auto& module : modules)
    cpio.file(fmt::format("lab/{}.ko", module.name), 0644, text_of(module.bytes.bytes()));
  cpio.file("lab/config", 0644, encode(config));
  return cpio.finish();
}

// The user's archive goes first, so that the agent stays /init, and early data that the kernel
// itself looks for (ACPI tables, microcode) stays at the front.
Outcome<std::string> with_initrd(const fs::path& initrd, std::string own) {
  if (initrd.empty()) return own;
  auto file = TRY(MappedFile::open(initrd));
  std::string all(text_of(file.bytes()));
  all.resize(align_up(all.size(), 4));
  return all + own;
}

}  // namespace

fs::path program_directory() {
  std::error_code error;
  return fs::read_symlink("/proc/self/exe", error).parent_path();
}

Outcome<fs::path> find_agent() {
  auto directory = program_directory();
  for (const auto& path :
       {directory / "ringside-agent", directory.parent_path() / "libexec/ringside/ringside-agent"})
    if (fs::exists(path)) return path;
  return lab_failure(
      fmt::format("{}/ringside-agent: not there, nor in ../libexec/ringside; "
                  "is the build complete?",
                  directory.string()));
}

Outcome<Boot> prepare_boot(const Kernel& kernel, const Options& options) {
  if (kernel.modules.empty())
    return lab_failure(
        fmt::format("{}: its modules are needed too (/lib/modules/RELEASE beside "
                    "the image)",
                    kernel.image.string()));
  auto tree = TRY(ModuleTree::open(kernel.modules));
  Boot boot;
  boot.shares = TRY(host_shares(kernel, options));
  BootConfig config;
  config.nmi = options.nmi;
  if (!tree.has("9p")) {
    config.root_on_disk = true;
    boot.root_image = TRY(build_root_image(boot.shares, options.programs));
    boot.shares.clear();
  }
  auto modules = TRY(tree.closure(wanted_modules(options, config.root_on_disk)));
  for (const auto& module : modules) config.modules.push_back("/lab/" + module.name + ".ko");
  for (const auto& share : boot.shares) config.shares.push_back(share.share);
  boot.initramfs = TRY(with_initrd(options.initrd, TRY(archive(modules, config))));
  return boot;
}

}  // namespace ringside::lab
