// Newc cpio, written front to back into one string.
#include "lab/cpio.hh"

#include <fmt/format.h>
#include <sys/stat.h>

#include <iterator>
#include <utility>

namespace ringside::lab {
namespace {

constexpr std::string_view kTrailer = "TRAILER!!!";

void pad_to_four(std::string& archive) {
  while (archive.size() % 4 != 0) archive.push_back('\0');
}

}  // namespace

void CpioWriter::append(const Entry& entry) {
  pad_to_four(archive_);
  auto links = S_ISDIR(entry.mode) ? 2 : 1;
  // magic, inode, mode, uid, gid, links, mtime, size, device (2), special device (2), name, check
  fmt::format_to(std::back_inserter(archive_),
                 "070701{:08X}{:08X}{:08X}{:08X}{:08X}{:08X}{:08X}{:08X}{:08X}{:08X}{:08X}{:08X}"
                 "{:08X}",
                 inode_++, entry.mode, 0, 0, links, 0, entry.bytes.size(), 0, 0, entry.major,
                 entry.minor, entry.name.size() + 1, 0);
  archive_.append(entry.name);
  archive_.push_back('\0');
  pad_to_four(archive_);
  archive_.append(entry.bytes);
}

void CpioWriter::directory(std::string_view name, std::uint32_t permissions) {
  append({name, S_IFDIR | permissions, {}});
}

void CpioWriter::file(std::string_view name, std::uint32_t permissions, std::string_view bytes) {
  append({name, S_IFREG | permissions, bytes});
}

void CpioWriter::character_device(std::string_view name, std::uint32_t permissions,
                                  std::uint32_t major, std::uint32_t minor) {
  append({name, S_IFCHR | permissions, {}, major, minor});
}

std::string CpioWriter::finish() {
  append({kTrailer, 0, {}});
  pad_to_four(archive_);
  inode_ = 0;
  return std::exchange(archive_, {});
}

}  // namespace ringside::lab
