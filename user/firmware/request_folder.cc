#include "user/firmware/request_folder.hh"

#include <fcntl.h>
#include <sys/stat.h>

#include <array>
#include <cerrno>

namespace ringside::firmware {
namespace {

std::string content_of(int folder, const char* name) {
  UniqueFd file(openat(folder, name, O_RDONLY | O_CLOEXEC));
  std::array<char, 4096> page;
  auto size = file ? pread(file.get(), page.data(), page.size(), 0) : 0;
  return {page.data(), static_cast<std::size_t>(size > 0 ? size : 0)};
}

// "devices/virtual/misc/test_firmware" of "../../devices/virtual/misc/test_firmware/NAME". Below a
// device that is in no class there is a folder "firmware" between the two.
std::string asker_of(int requests, const std::string& device) {
  std::array<char, 4096> link;
  auto size = readlinkat(requests, device.c_str(), link.data(), link.size());
  std::string path(link.data(), static_cast<std::size_t>(size > 0 ? size : 0));
  auto start = path.find("devices/"), end = path.rfind('/');
  if (start == path.npos || end <= start) return "-";
  auto asker = path.substr(start, end - start);
  constexpr std::string_view kBetween = "/firmware";
  if (asker.ends_with(kBetween)) asker.resize(asker.size() - kBetween.size());
  return asker;
}

}  // namespace

Outcome<std::optional<RequestFolder>> RequestFolder::open(int requests, const std::string& device) {
  std::optional<RequestFolder> none;
  UniqueFd folder(openat(requests, device.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC));
  struct stat status;
  if (!folder && is_gone(errno)) return none;
  if (!folder || fstat(folder.get(), &status) != 0) return system_failure("open", device);
  if (faccessat(folder.get(), "remaining_size", F_OK, 0) == 0) return none;
  RequestFolder opened;
  opened.loading_ = UniqueFd(openat(folder.get(), "loading", O_RDWR | O_CLOEXEC));
  if (opened.loading_) opened.data_ = UniqueFd(openat(folder.get(), "data", O_WRONLY | O_CLOEXEC));
  if (!opened.data_ && is_gone(errno)) return none;
  if (!opened.data_) return system_failure("open", "loading and data of " + device);
  opened.identity_ = status.st_ino;
  opened.device_ = device;
  opened.asker_ = asker_of(requests, device);
  opened.uevent_ = content_of(folder.get(), "uevent");
  return std::optional(std::move(opened));
}

bool RequestFolder::is_loading() const {
  char state = '0';
  return pread(loading_.get(), &state, 1, 0) == 1 && state == '1';
}

bool RequestFolder::write_loading(Loading state) {
  std::string_view text = state == Loading::kAbort ? "-1" : state == Loading::kDone ? "0" : "1";
  return pwrite(loading_.get(), text.data(), text.size(), 0) == static_cast<ssize_t>(text.size());
}

// sysfs takes a page at a time.
bool RequestFolder::write_data(Bytes bytes) {
  while (!bytes.empty()) {
    auto size = write(data_.get(), bytes.data(), bytes.size());
    if (size < 0 && errno == EINTR) continue;
    if (size <= 0) return false;
    bytes = bytes.subspan(static_cast<std::size_t>(size));
  }
  return true;
}

bool RequestFolder::is_gone(int error) {
  return error == ENOENT || error == ENODEV || error == ENXIO || error == ENOTDIR;
}

}  // namespace ringside::firmware
