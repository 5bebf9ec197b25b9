// A module's debug information is told by the build-id of the module's own file, so that one of
// another build is never taken.
#include "user/oops/debug_lines.hh"

namespace ringside::oops {
namespace {

// Of these on, an index of the whole takes less time than its units one by one.
constexpr std::size_t kManyUnits = 256;

template <class Source>
auto frames_at(Source& source, const Spot& spot, std::uint64_t address) {
  return spot.module.empty() ? source.find(address) : source.find(spot.section, address);
}

Lines lines_of(const std::vector<lines::SourceFrame>& frames) {
  Lines lines;
  for (const auto& frame : frames)
    lines.chain.push_back(
        {std::string(frame.function), std::string(lines::in_tree(frame.file)), frame.line, 0});
  if (frames.empty()) lines.why = "the debug information knows no code there";
  return lines;
}

}  // namespace

DebugLines::Object& DebugLines::object_of(const std::string& module) const {
  std::lock_guard lock(mutex_);
  return objects_[module];
}

Outcome<lines::Sought> DebugLines::sought(const std::string& module) const {
  if (module.empty()) return lines::Sought{release_, build_id_, {}};
  if (auto given = lines::given_module(module, options_.given)) {
    auto build_id = TRY(lines::DebugFile::build_id_of(*given));
    return lines::Sought{release_, build_id, module};
  }
  const auto* file = tree_.find(module);
  if (!file) return Failure{module + ": its file is not here, so nor is its build-id"};
  auto build_id = TRY(lines::DebugFile::build_id_of(tree_.path_of(*file)));
  return lines::Sought{release_, build_id, file->path};
}

Outcome<Nothing> DebugLines::build(Object& object, const lines::DebugFile& file) const {
  object.index = TRY(lines::SourceIndex::of(file, options_.progress));
  object.indexed.store(true, std::memory_order_release);
  return ok;
}

Outcome<Nothing> DebugLines::open(const std::string& module, Object& object) const {
  auto wanted = TRY(sought(module));
  if (auto known = lines::SourceIndex::cached(wanted.build_id)) {
    object.index = std::move(*known);
    object.indexed.store(true, std::memory_order_release);
    return ok;
  }
  auto file = TRY(lines::find_debug_file(wanted, {.given = options_.given}));
  if (file.sections().aranges.empty()) return build(object, file);
  object.units.emplace(TRY(lines::UnitLines::open(std::move(file))));
  return ok;
}

std::vector<lines::SourceFrame> DebugLines::find_units(const Spot& spot, std::uint64_t address,
                                                       Object& object) const {
  auto frames = frames_at(*object.units, spot, address);
  if (object.units->units() == kManyUnits) (void)build(object, object.units->file());
  return frames;
}

Lines DebugLines::find_locked(const Spot& spot, std::uint64_t address, Object& object) const {
  std::lock_guard lock(object.mutex);
  if (!object.opened) {
    object.opened = true;
    if (auto opened = open(spot.module, object); !opened) object.why = opened.error().message;
  }
  if (object.indexed) return lines_of(frames_at(*object.index, spot, address));
  if (!object.units) return {{}, object.why};
  return lines_of(find_units(spot, address, object));
}

Lines DebugLines::find(const Spot& spot) const {
  auto& object = object_of(spot.module);
  auto address = spot.address - (spot.is_return ? 1 : 0);
  if (object.indexed.load(std::memory_order_acquire))
    return lines_of(frames_at(*object.index, spot, address));
  return find_locked(spot, address, object);
}

}  // namespace ringside::oops
