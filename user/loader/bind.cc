// A loaded module's exports are its file's, laid out again at the addresses that sysfs gives its
// sections; an undefined symbol that one of them answers becomes SHN_ABS in a copy of the file.
#include "user/loader/bind.hh"

#include <fmt/format.h>

#include "core/modules/edit.hh"
#include "user/kimage/running.hh"
#include "user/modules/explain.hh"
#include "user/modules/unexported.hh"

namespace ringside::loader {
namespace {

using modules::Answer;
using modules::Diagnostics;
using modules::Linked;
using modules::Severity;
using modules::Source;

// The index of the only section of each name; names that occur twice are left out.
std::map<std::string_view, std::uint32_t> sections_by_name(const modules::Object& object) {
  std::map<std::string_view, std::uint32_t> sections;
  for (std::uint32_t index = 1; index < object.sections().size(); ++index) {
    auto [at, fresh] = sections.try_emplace(object.section_name(index), index);
    if (!fresh) at->second = 0;
  }
  return sections;
}

Failure other_build(const std::string& name, const std::string& loaded, const std::string& file,
                    const std::filesystem::path& path) {
  return {fmt::format("{} is loaded from another build (build-id {}) than {} ({}): its symbols "
                      "cannot be bound",
                      name, loaded.empty() ? "none" : loaded, path.native(),
                      file.empty() ? "none" : file),
          kNo};
}

}  // namespace

Outcome<Nothing> place_loaded(const Loaded& module, Linked& linked) {
  if (module.sections.empty())
    return Failure{fmt::format("{}: its section addresses are hidden: run as root", module.name)};
  auto names = sections_by_name(linked.module.object());
  std::array<bool, modules::kMaxRegions> known{};
  for (const auto& [name, address] : module.sections) {
    auto section = names.find(name);
    if (section == names.end() || section->second == 0) continue;
    auto place = linked.layout.places[section->second];
    if (place.region == modules::kNoRegion) continue;
    auto& base = linked.image.address[place.region];
    if (known[place.region] && base + place.offset != address)
      return Failure{fmt::format("{}: section {} lies at {:#x}, where its file says {:#x}",
                                 module.name, name, address, base + place.offset)};
    base = address - place.offset, known[place.region] = true;
  }
  return ok;
}

Outcome<std::unique_ptr<Binder>> Binder::create(modules::Kernel& kernel, Roots roots) {
  auto offset = TRY(kimage::read_running_offset(roots.proc / "kallsyms"));
  std::unique_ptr<Binder> binder(new Binder(kernel, std::move(roots), offset));
  binder->linker_.emplace(TRY(modules::Linker::create(kernel, binder->overlay_, offset)));
  return binder;
}

// Fills the module's section addresses and `percpu`, 0 where it is not known; gives its file.
Outcome<std::filesystem::path> Binder::locate(Loaded& module, std::uint64_t& percpu) const {
  const auto* in_tree = kernel_.tree().find(module.name);
  auto listed = list_.find(module.name);
  if (listed != list_.end()) {
    const auto& [build_id, instance, file, sections, base] = listed->second;
    if (instance != module.instance || build_id != module.build_id)
      return Failure{fmt::format("{}: loaded again since the list was made", module.name), kNo};
    module.sections = sections, percpu = base;
    if (!file.empty()) return file;
  } else {
    read_sections(module, roots_);
    if (auto record = read_record(module, roots_)) return record->file;
  }
  if (auto named = named_.find(module.name); named != named_.end()) return named->second;
  if (in_tree) return kernel_.tree().path_of(*in_tree);
  return Failure{fmt::format("{} is loaded, but its file is unknown: name it, too", module.name)};
}

// The one that was judged, where it is one of this load's.
Outcome<Binder::File> Binder::file_of(const std::string& name, const std::filesystem::path& path) {
  auto judged = files_.find(name);
  if (judged != files_.end() && judged->second.first == path) return judged->second.second;
  return std::make_shared<const modules::ModuleFile>(TRY(modules::ModuleFile::open(path)));
}

Outcome<Nothing> Binder::add_provider(const std::string& name) {
  auto module = loaded_module(name, roots_);
  if (!module || instances_.contains(name)) return ok;
  std::uint64_t percpu = 0;
  auto path = TRY(locate(*module, percpu));
  auto file = TRY(file_of(name, path));
  Diagnostics ignored({});  // it is loaded: the kernel has judged it
  Linked linked;
  auto opened = linker_->open(file->bytes(), linked, ignored);
  if (!opened) return Failure{describe(opened.error(), path)};
  auto build_id = build_id_of(linked.module);
  if (build_id.empty() || build_id != module->build_id)
    return other_build(name, module->build_id, build_id, path);
  TRY(place_loaded(*module, linked));
  linked.image.percpu_address = percpu;
  modules::section_addresses(linked.layout, linked.image, linked.addresses);
  modules::define_symbols(linked.module.object(), linked.addresses, linked.values);
  for (const auto& entry : linked.exports)
    if (percpu == 0 &&
        linked.module.object().symbol(entry.symbol).section == linked.module.percpu())
      unaddressed_.emplace(entry.name);
  bool proprietary = module->taints.find('P') != std::string::npos;  // inherited, too
  overlay_.add(linked.module, linked.exports, linked.values, proprietary);
  instances_[name] = module->instance;
  return ok;
}

bool Binder::has_address(const Answer& answer, std::string_view name) const {
  if (answer.provider == 0) return true;
  return overlay_.has_module(answer.provider_name) && !unaddressed_.contains(name);
}

Outcome<Nothing> Binder::take_unexported(const Step& step, Linked& linked) {
  auto reasons = TRY(modules::answer_unexported(kernel_, offset_, linked));
  auto loaded = TRY(modules::answer_unexported_loaded(kernel_, roots_.proc, roots_.sys, linked));
  reasons.insert(reasons.end(), loaded.begin(), loaded.end());
  if (reasons.empty()) return ok;
  return Failure{fmt::format("{}: {}", step.name, to_line(reasons.front())), kNo};
}

Outcome<Nothing> Binder::open(const Step& step, Linked& linked) {
  for (const auto& name : step.verdict.providers) TRY(add_provider(name));
  if (step.verdict.file) files_[step.name] = {step.file, step.verdict.file};
  file_ = TRY(file_of(step.name, step.file));
  Diagnostics diagnostics(room_);
  auto opened = linker_->open(file_->bytes(), linked, diagnostics);
  if (!opened) return Failure{describe(opened.error(), step.file)};
  if (unexported_) TRY(take_unexported(step, linked));
  linked.taints |= modules::bind(linked.module, linked.needs, linked.answers, linked.options,
                                 linked.values, diagnostics);
  for (const auto& diagnostic : diagnostics.list())
    if (diagnostic.severity <= Severity::kUnsupported)
      return Failure{fmt::format("{}: {}", step.name, to_line(explain(diagnostic, &linked.module))),
                     kNo};
  return ok;
}

std::uint32_t Binder::withhold(Linked& linked) const {
  std::uint32_t count = 0;
  for (std::size_t row = 0; row < linked.needs.size(); ++row) {
    auto& answer = linked.answers[row];
    if (answer.source == Source::kNone || has_address(answer, linked.needs[row].name)) continue;
    answer.source = Source::kNone;
    ++count;
  }
  return count;
}

Outcome<Bound> Binder::edit(const Step& step, Linked& linked, bool rehearsal) const {
  Bound bound;
  if (!rehearsal) bound.left = withhold(linked);
  std::vector<std::byte> memory(linked.needs.size() * sizeof(std::uint32_t) + 64);
  Arena arena(memory);
  bound.file.resize(linked.module.signed_file().content.size());
  auto edited =
      modules::edit_for_bind(linked.module, linked.needs, linked.answers, arena, bound.file);
  if (!edited) return Failure{describe(edited.error(), step.file)};
  bound.file.resize(edited->size);
  bound.absolute = edited->absolute, bound.kept = edited->kept;
  bound.taints = linked.taints | modules::kTaintUnsigned;
  return bound;
}

bool Binder::current(const Step& step) const {
  for (const auto& name : step.verdict.providers) {
    auto known = instances_.find(name);
    if (known == instances_.end()) continue;
    auto module = loaded_module(name, roots_);
    if (!module || module->instance != known->second) return false;
  }
  return true;
}

}  // namespace ringside::loader
