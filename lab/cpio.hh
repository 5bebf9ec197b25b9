// Newc cpio: the format of an initramfs (Linux Documentation/driver-api/early-userspace/
// buffer-format.rst). An entry is a header of ASCII hexadecimal fields, the name with its NUL, and
// the bytes, each padded to four; a trailer ends the archive. Owner root, time zero, so the same
// files always give the same archive.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace ringside::lab {

class CpioWriter {
 public:
  // Names are relative ("lab/agent"); a directory comes before what lies in it. Permissions are
  // the low twelve bits of a mode. A file must be below 4 GiB (the format's limit).
  void directory(std::string_view name, std::uint32_t permissions = 0755);
  void file(std::string_view name, std::uint32_t permissions, std::string_view bytes);
  void character_device(std::string_view name, std::uint32_t permissions, std::uint32_t major,
                        std::uint32_t minor);
  // Ends the archive and hands it over; the writer is empty afterwards.
  std::string finish();

 private:
  struct Entry {
    std::string_view name;
    std::uint32_t mode;
    std::string_view bytes;
    std::uint32_t major = 0;
    std::uint32_t minor = 0;
  };
  void append(const Entry& entry);

  std::string archive_;
  std::uint32_t inode_ = 0;
};

}  // namespace ringside::lab
