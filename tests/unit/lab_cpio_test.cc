// The cpio writer, against the format's description and read back field by field.
#include "lab/cpio.hh"

#include <gtest/gtest.h>
#include <sys/stat.h>

#include <map>

namespace ringside::lab {
namespace {

struct Entry {
  unsigned mode = 0;
  unsigned major = 0;
  unsigned minor = 0;
  std::string bytes;
};

unsigned field(const std::string& archive, std::size_t header, unsigned index) {
  return std::stoul(archive.substr(header + 6 + index * 8, 8), nullptr, 16);
}

// Reads an archive as the kernel does: header, name, bytes, each aligned to four.
std::map<std::string, Entry> read_archive(const std::string& archive) {
  std::map<std::string, Entry> entries;
  for (std::size_t at = 0; at + 110 <= archive.size();) {
    EXPECT_EQ(archive.substr(at, 6), "070701");
    EXPECT_EQ(at % 4, 0u);
    auto name_size = field(archive, at, 11);
    auto name = archive.substr(at + 110, name_size - 1);
    EXPECT_EQ(archive[at + 110 + name_size - 1], '\0');
    auto data = (at + 110 + name_size + 3) / 4 * 4;
    auto size = field(archive, at, 6);
    entries[name] = {field(archive, at, 1), field(archive, at, 9), field(archive, at, 10),
                     archive.substr(data, size)};
    if (name == "TRAILER!!!") break;
    at = (data + size + 3) / 4 * 4;
  }
  return entries;
}

TEST(LabCpio, EntriesComeBack) {
  CpioWriter cpio;
  cpio.directory("dev");
  cpio.character_device("dev/console", 0600, 5, 1);
  std::string binary("\0\1\2\xff", 4);
  cpio.file("init", 0755, binary);
  cpio.file("odd", 0644, "12345");
  cpio.file("empty", 0600, "");
  auto archive = cpio.finish();
  EXPECT_EQ(archive.size() % 4, 0u);
  auto entries = read_archive(archive);
  EXPECT_EQ(entries.size(), 6u);
  EXPECT_EQ(entries["dev"].mode, S_IFDIR | 0755u);
  EXPECT_EQ(entries["dev/console"].mode, S_IFCHR | 0600u);
  EXPECT_EQ(entries["dev/console"].major, 5u);
  EXPECT_EQ(entries["dev/console"].minor, 1u);
  EXPECT_EQ(entries["init"].mode, S_IFREG | 0755u);
  EXPECT_EQ(entries["init"].bytes, binary);
  EXPECT_EQ(entries["odd"].bytes, "12345");
  EXPECT_EQ(entries["empty"].bytes, "");
  EXPECT_TRUE(entries.contains("TRAILER!!!"));
}

TEST(LabCpio, NamesOfEveryLengthKeepTheAlignment) {
  CpioWriter cpio;
  for (int length = 1; length <= 9; ++length)
    cpio.file(std::string(length, 'n'), 0644, std::string(length, 'd'));
  auto entries = read_archive(cpio.finish());
  for (int length = 1; length <= 9; ++length)
    EXPECT_EQ(entries[std::string(length, 'n')].bytes, std::string(length, 'd'));
}

TEST(LabCpio, SameFilesSameArchive) {
  auto make = [] {
    CpioWriter cpio;
    cpio.directory("d");
    cpio.file("d/f", 0644, "x");
    return cpio.finish();
  };
  EXPECT_EQ(make(), make());
}

TEST(LabCpio, FinishEmptiesTheWriter) {
  CpioWriter cpio;
  cpio.file("f", 0644, "x");
  cpio.finish();
  auto entries = read_archive(cpio.finish());
  EXPECT_EQ(entries.size(), 1u);
}

}  // namespace
}  // namespace ringside::lab
