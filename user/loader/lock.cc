// flock(2): the kernel gives it back when its holder ends.
#include "user/loader/lock.hh"

#include <fcntl.h>
#include <sys/file.h>

#include <cerrno>

namespace ringside::loader {

UniqueFd take_lock(Sharing sharing, const Roots& roots) {
  std::error_code error;
  std::filesystem::create_directories(roots.run, error);
  UniqueFd fd(open((roots.run / "lock").c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600));
  while (fd && flock(fd.get(), sharing == Sharing::kShared ? LOCK_SH : LOCK_EX) != 0)
    if (errno != EINTR) break;
  return fd;
}

}  // namespace ringside::loader
