// A unit's lines are a small index, built in memory as the whole file's would be: what is answered
// is the same.
#include "user/lines/unit_lines.hh"

#include "core/dwarf/aranges.hh"
#include "user/base/memory_file.hh"

namespace ringside::lines {
namespace {

Outcome<SourceIndex> read_unit(const DebugFile& file, std::uint64_t offset) {
  auto memory = TRY(MemoryFile::create());
  TRY(build_unit_index(file, offset, memory.path()));
  return SourceIndex::open(memory.path());
}

}  // namespace

Outcome<UnitLines> UnitLines::open(DebugFile file) {
  if (file.sections().aranges.empty()) return Failure{file.source() + ": no .debug_aranges"};
  return UnitLines(std::move(file));
}

std::vector<SourceFrame> UnitLines::find(std::uint64_t address) {
  auto unit = dwarf::unit_at(file_.sections().aranges, address);
  if (!unit || !*unit) return {};
  auto known = units_.find(**unit);
  if (known == units_.end()) known = units_.emplace(**unit, read_unit(file_, **unit)).first;
  return known->second ? known->second->find(address) : std::vector<SourceFrame>();
}

std::vector<SourceFrame> UnitLines::find(std::string_view section, std::uint64_t offset) {
  for (const auto& each : file_.code())
    if (each.name == section) return find(each.address + offset);
  return {};
}

}  // namespace ringside::lines
