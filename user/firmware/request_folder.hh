// RequestFolder: what the kernel shows of one request in sysfs, and the protocol that answers it:
// `loading` and `data` (drivers/base/firmware_loader/sysfs.c). Its files are held open, so that an
// answer never reaches a later request of the same name.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "core/base/bytes.hh"
#include "core/firmware/uevent.hh"
#include "user/base/failure.hh"
#include "user/base/unique_fd.hh"

namespace ringside::firmware {

inline constexpr const char* kRequests = "/sys/class/firmware";

enum class Loading : std::int8_t { kAbort = -1, kDone = 0, kBegin = 1 };

class RequestFolder {
 public:
  // `device` below the folder `requests`. Nothing where it is no request: gone again, or the upload
  // interface of a driver (CONFIG_FW_UPLOAD), which looks alike but would write to its hardware.
  static Outcome<std::optional<RequestFolder>> open(int requests, const std::string& device);

  // Another one for every request since the kernel started.
  std::uint64_t identity() const { return identity_; }
  const std::string& device() const { return device_; }  // its folder
  const std::string& asker() const { return asker_; }    // the device's path below /sys, or "-"
  // Whether somebody has begun to answer it.
  bool is_loading() const;

  // Views in this object.
  Result<Request> request() const { return read_uevent_file(device_, uevent_); }

  // Whether the kernel took it; false with errno: see is_gone().
  bool write_loading(Loading state);
  bool write_data(Bytes bytes);  // behind those before

  // Whether `error` means that nobody waits for the answer any more.
  static bool is_gone(int error);

 private:
  std::uint64_t identity_ = 0;
  std::string device_, asker_, uevent_;
  UniqueFd loading_, data_;
};

}  // namespace ringside::firmware
