#include "user/firmware/folder.hh"

#include <fcntl.h>
#include <linux/openat2.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/utsname.h>

#include <cerrno>

namespace ringside::firmware {
namespace {

bool is_missing(int error) {
  return error == ENOENT || error == ENOTDIR;
}

// Without waiting for whoever would write to a FIFO. EAGAIN: something was renamed meanwhile.
int open_beneath(int folder, const char* name) {
  open_how how{};
  how.flags = O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY;
  how.resolve = RESOLVE_BENEATH | RESOLVE_NO_MAGICLINKS;
  for (int tries = 0;; ++tries) {
    auto fd = static_cast<int>(syscall(SYS_openat2, folder, name, &how, sizeof how));
    if (fd >= 0 || tries == 100 || (errno != EAGAIN && errno != EINTR)) return fd;
  }
}

}  // namespace

std::vector<std::filesystem::path> default_folders() {
  utsname names{};
  uname(&names);
  std::filesystem::path root = "/lib/firmware", updates = root / "updates";
  return {updates / names.release, updates, root / names.release, root};
}

Outcome<Opened> open_below(const std::filesystem::path& folder, const char* name) {
  UniqueFd below(open(folder.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC));
  if (!below && is_missing(errno)) return Opened{};
  if (!below) return system_failure("open", folder);
  UniqueFd file(open_beneath(below.get(), name));
  if (!file && is_missing(errno)) return Opened{};
  if (!file && errno == EXDEV) return Opened{Found::kOutside, UniqueFd()};
  if (!file && errno == ENXIO) return Opened{Found::kNotRegular, UniqueFd()};  // a socket
  if (!file) return system_failure("open", folder / name);
  struct stat status;
  if (fstat(file.get(), &status) != 0) return system_failure("stat", folder / name);
  if (!S_ISREG(status.st_mode)) return Opened{Found::kNotRegular, UniqueFd()};
  return Opened{Found::kFile, std::move(file)};
}

}  // namespace ringside::firmware
