// UnitLines: a debug file asked for a few places, without an index of all of it: only the units
// that have these places are read, each once.
#pragma once

#include <map>
#include <mutex>

#include "user/lines/source_index.hh"

namespace ringside::lines {

class UnitLines {
 public:
  // Fails where the file does not tell which unit an address belongs to (.debug_aranges).
  static Outcome<UnitLines> open(DebugFile file);

  const DebugFile& file() const { return file_; }
  std::size_t units() const { return units_.size(); }  // that have been read

  // As SourceIndex::find() answers; views are good as long as this object, moved or not. Not
  // thread-safe.
  std::vector<SourceFrame> find(std::uint64_t address);
  std::vector<SourceFrame> find(std::string_view section, std::uint64_t offset);

 private:
  explicit UnitLines(DebugFile file) : file_(std::move(file)) {}

  DebugFile file_;
  std::map<std::uint64_t, Outcome<SourceIndex>> units_;  // by offset in .debug_info
};

}  // namespace ringside::lines
