// ringside-insmod: the smallest whole loader, static, for an initramfs. It knows no index, no
// cache and no checks but the kernel's own: it finds files (modules.dep), unpacks them, and has
// them placed by the kernel (`stock`), by us at the addresses and with the symbols that the kernel
// gives (`user`), or by our core in the kernel (`kernel`). Of core/ it needs the ELF reader and the
// relocations; of the C++ library nothing.
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/utsname.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>

#include "cli/insmod/hand_over.hh"
#include "cli/insmod/record.hh"
#include "cli/insmod/unpack.hh"
#include "include/ringside/exit_status.hh"

namespace ringside::insmod {
namespace {

constexpr const char* kHelp =
    "Usage: ringside-insmod [--placement=stock|user|kernel] FILE|NAME [PARAM=VALUE...]...\n"
    "Loads modules, in an initramfs. A FILE has a '/' in it; a NAME is looked up in modules.dep,\n"
    "with its needs.\n\n"
    "Example: ringside-insmod --placement=user virtio_blk ext4\n"
    "Exit status: 0 loaded, 1 refused, 2 a file cannot be read.\n";

constexpr std::size_t kPathMax = 1024, kParametersMax = 4096;

struct Placing {
  unsigned mode = 0;  // enum rs_loader_mode; 0: stock
  utsname system;
};

int fail(const char* what, const char* why, int status) {
  std::fprintf(stderr, "ringside-insmod: %s: %s\n", what, why);
  return status;
}

// One file; what is loaded already counts as loaded.
int load_file(const char* path, const char* parameters, const Placing& placing) {
  int fd = open(path, O_RDONLY | O_CLOEXEC);
  struct stat status;
  if (fd < 0 || fstat(fd, &status) != 0) return fail(path, std::strerror(errno), kUnknown);
  auto size = static_cast<std::size_t>(status.st_size);
  void* memory = mmap(nullptr, size, PROT_READ, MAP_PRIVATE, fd, 0);
  if (memory == MAP_FAILED) return fail(path, std::strerror(errno), kUnknown);
  Bytes packed(static_cast<const std::byte*>(memory), size);
  Bytes file = unpack(packed);
  if (file.empty()) return fail(path, "cannot be unpacked (xz only)", kUnknown);
  int error = 0;
  bool by_kernel = false;
  if (placing.mode != 0)
    error = hand_over(placing.mode, placing.system.release, file, parameters, by_kernel);
  else if (file.data() == packed.data())
    error = syscall(SYS_finit_module, fd, parameters, 0) ? errno : 0;
  else
    error = syscall(SYS_init_module, file.data(), file.size(), parameters) ? errno : 0;
  if (error == 0 && placing.mode != 0 && !by_kernel)
    write_record(placing.mode == RS_LOADER_USER ? "user" : "kernel", path, file, parameters);
  if (file.data() != packed.data()) std::free(const_cast<std::byte*>(file.data()));
  munmap(memory, size);
  close(fd);
  if (by_kernel) fail(path, "relocated by the kernel: the hook was not to be had", 0);
  return error == 0 || error == EEXIST ? 0 : fail(path, std::strerror(error), kNo);
}

// True where the file `path` is of the module `name`; '-' and '_' are alike.
bool is_file_of(const char* path, std::size_t length, const char* name) {
  const char* start = path + length;
  while (start > path && start[-1] != '/') --start;
  std::size_t size = std::strlen(name);
  if (static_cast<std::size_t>(path + length - start) <= size) return false;
  for (std::size_t at = 0; at < size; ++at) {
    char mine = name[at] == '-' ? '_' : name[at], theirs = start[at] == '-' ? '_' : start[at];
    if (mine != theirs) return false;
  }
  return std::strncmp(start + size, ".ko", 3) == 0;
}

int load_below(const char* tree, const char* file, const char* parameters, const Placing& placing) {
  char path[kPathMax];
  int size = std::snprintf(path, sizeof(path), "%s/%s", tree, file);
  if (size < 0 || size >= static_cast<int>(sizeof(path)))
    return fail(file, "too long a path", kUnknown);
  return load_file(path, parameters, placing);
}

// "PATH: NEEDED NEEDED ...", the last one first to be loaded, then PATH with the parameters.
int load_line(char* line, const char* tree, const char* parameters, const Placing& placing) {
  char* colon = std::strchr(line, ':');
  for (char* end = line + std::strlen(line); end > colon + 1;) {
    while (end > colon + 1 && end[-1] == ' ') *--end = 0;
    char* start = end;
    while (start > colon + 1 && start[-1] != ' ') --start;
    if (start == end) break;
    if (int status = load_below(tree, start, "", placing)) return status;
    end = start;
  }
  *colon = 0;
  return load_below(tree, line, parameters, placing);
}

int load_name(const char* name, const char* parameters, const Placing& placing) {
  char tree[sizeof(utsname::release) + 16], list[sizeof(tree) + 16];
  std::snprintf(tree, sizeof(tree), "/lib/modules/%s", placing.system.release);
  std::snprintf(list, sizeof(list), "%s/modules.dep", tree);
  std::FILE* file = std::fopen(list, "re");
  if (!file) return fail(list, std::strerror(errno), kUnknown);
  char* line = nullptr;
  std::size_t room = 0;
  int status = -1;
  while (status < 0 && getline(&line, &room, file) > 0) {
    line[std::strcspn(line, "\n")] = 0;
    const char* colon = std::strchr(line, ':');
    if (colon && is_file_of(line, static_cast<std::size_t>(colon - line), name))
      status = load_line(line, tree, parameters, placing);
  }
  std::free(line);
  std::fclose(file);
  return status < 0 ? fail(name, "no such module in modules.dep", kUnknown) : status;
}

// True where `word` is PARAM=VALUE.
bool is_parameter(const char* word) {
  const char* equals = std::strchr(word, '=');
  const char* slash = std::strchr(word, '/');
  return equals && (!slash || equals < slash);
}

// Each module with the parameters behind it.
int load_all(char** words, const Placing& placing) {
  while (*words) {
    const char* module = *words++;
    if (is_parameter(module)) return fail(module, "a parameter goes behind its module", kUsage);
    char parameters[kParametersMax] = "";
    for (; *words && is_parameter(*words); ++words) {
      std::size_t used = std::strlen(parameters), size = std::strlen(*words);
      if (used + size + 2 > sizeof(parameters)) return fail(module, "too many parameters", kUsage);
      std::memcpy(parameters + used, *words, size);
      parameters[used + size] = ' ', parameters[used + size + 1] = 0;
    }
    int status = std::strchr(module, '/') ? load_file(module, parameters, placing)
                                          : load_name(module, parameters, placing);
    if (status != 0) return status;
  }
  return kYes;
}

int run(char** words) {
  Placing placing;
  uname(&placing.system);
  constexpr const char kPlacement[] = "--placement=";
  if (*words && std::strncmp(*words, kPlacement, sizeof(kPlacement) - 1) == 0) {
    const char* name = *words++ + sizeof(kPlacement) - 1;
    if (std::strcmp(name, "user") == 0)
      placing.mode = RS_LOADER_USER;
    else if (std::strcmp(name, "kernel") == 0)
      placing.mode = RS_LOADER_KERNEL;
    else if (std::strcmp(name, "stock") != 0)
      return fail(name, "no such placement", kUsage);
  }
  if (*words && (*words)[0] != '-') return load_all(words, placing);
  bool asked = *words && (std::strcmp(*words, "--help") == 0 || std::strcmp(*words, "-h") == 0);
  std::fputs(kHelp, asked ? stdout : stderr);
  return asked ? kYes : kUsage;
}

}  // namespace
}  // namespace ringside::insmod

int main(int, char** argv) {
  return ringside::insmod::run(argv + 1);
}
