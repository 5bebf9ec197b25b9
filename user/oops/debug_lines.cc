// A module's debug information is told by the build-id of the module's own file, so that one of
// another build is never taken.
#include "user/oops/debug_lines.hh"

#include "user/lines/debug_file.hh"

namespace ringside::oops {

Outcome<lines::SourceIndex> DebugLines::open(const std::string& module) const {
  if (module.empty()) return lines::find_lines({release_, build_id_, {}});
  const auto* file = tree_.find(module);
  if (!file) return Failure{module + ": its file is not here, so nor is its build-id"};
  auto build_id = TRY(lines::DebugFile::build_id_of(tree_.path_of(*file)));
  return lines::find_lines({release_, build_id, file->path});
}

const Outcome<lines::SourceIndex>& DebugLines::index_of(const std::string& module) const {
  std::lock_guard lock(mutex_);
  auto known = indexes_.find(module);
  if (known == indexes_.end()) known = indexes_.emplace(module, open(module)).first;
  return known->second;
}

Lines DebugLines::find(const Spot& spot) const {
  const auto& index = index_of(spot.module);
  if (!index) return {{}, index.error().message};
  auto address = spot.address - (spot.is_return ? 1 : 0);
  auto frames = spot.module.empty() ? index->find(address) : index->find(spot.section, address);
  Lines lines;
  for (const auto& frame : frames)
    lines.chain.push_back(
        {std::string(frame.function), std::string(lines::in_tree(frame.file)), frame.line, 0});
  if (frames.empty()) lines.why = "the debug information knows no code there";
  return lines;
}

}  // namespace ringside::oops
