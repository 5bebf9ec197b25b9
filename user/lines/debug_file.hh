// DebugFile: an ELF file's debug sections as core/dwarf reads them: unpacked where they are
// compressed, relocated where the file is a module.
#pragma once

#include <cstdint>
#include <deque>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "core/dwarf/ranges.hh"
#include "core/dwarf/unit.hh"
#include "core/elf/file.hh"
#include "core/lines/build.hh"
#include "user/base/failure.hh"
#include "user/base/mapped_file.hh"
#include "user/base/page_buffer.hh"

namespace ringside::lines {

class DebugFile {
 public:
  // A vmlinux, a module, or a file of debug information of one (also packed as a whole, as modules
  // are). Sections may be compressed by zlib or zstd. Fails where there is no DWARF in it.
  static Outcome<DebugFile> open(const std::filesystem::path& file);

  // The build-id of an ELF file, lower-case hex; empty where it has none. Debug sections are not
  // looked at.
  static Outcome<std::string> build_id_of(const std::filesystem::path& file);

  const std::string& source() const { return source_; }      // the file
  const std::string& build_id() const { return build_id_; }  // lower-case hex; may be empty
  const dwarf::Sections& sections() const { return sections_; }
  // Where its code is. A module's sections lie one behind the other, as no kernel would load them.
  const std::vector<NamedSection>& code() const { return code_; }

  DebugFile(DebugFile&&) = default;

 private:
  DebugFile() = default;
  static Outcome<DebugFile> map(const std::filesystem::path& file);
  Outcome<Nothing> read();
  Outcome<std::vector<elf::Section>> read_table() const;
  void place_sections(const std::vector<elf::Section>& table);
  void read_build_id(const std::vector<elf::Section>& table);
  Outcome<Nothing> read_debug(const std::vector<elf::Section>& table, std::size_t at);
  Outcome<Bytes> unpacked(const elf::Section& section);
  Failure unreadable(const Error& error) const;

  std::string source_, build_id_;
  std::optional<MappedFile> mapped_;
  PageBuffer whole_;             // the file, where it was packed
  std::deque<PageBuffer> held_;  // sections that had to be changed
  Bytes file_, symbols_;
  bool relocatable_ = false;
  std::vector<std::uint64_t> addresses_;  // of all sections
  std::vector<NamedSection> code_;
  dwarf::Sections sections_;
};

}  // namespace ringside::lines
