// The layout is core/modules', which is the kernel's own (docs/modules.md).
#include "user/armed/module_table.hh"

#include <fmt/format.h>

#include <cstring>

#include "core/elf/note.hh"
#include "core/modules/layout.hh"
#include "user/modules/module_file.hh"
#include "user/modules/scratch.hh"

namespace ringside::armed {
namespace {

constexpr std::size_t kRoom = 64u << 20;  // address space for one module's headers
constexpr std::string_view kIdSection = ".note.gnu.build-id";

}  // namespace

// What is executable goes to the parts; the build-id's place is where the kernel looks for it.
Outcome<Nothing> ModuleTable::read_section(const modules::Module& module,
                                           const modules::Place& place, std::uint32_t index) {
  const auto& object = module.object();
  const auto& header = object.sections()[index];
  auto name = object.section_name(index);
  if (!module.abi().rules->regions[place.region].init)
    kept_.push_back({std::string(name), place.region, place.offset});
  if (name == kIdSection) {
    auto contents = object.contents(index);
    auto id = elf::build_id_note(contents);
    if (!id || !*id || (*id)->size() > sizeof about_.id)
      return Failure{std::string(module.name()) + ": its build-id cannot be read"};
    about_.id_region = place.region;
    about_.id_offset = place.offset + static_cast<std::uint32_t>((*id)->data() - contents.data());
    about_.id_bytes = static_cast<std::uint32_t>((*id)->size());
    std::memcpy(about_.id, (*id)->data(), (*id)->size());
  }
  if (!(header.flags & modules::kFlagExec) || header.size == 0) return ok;
  ksyms::Scratch scratch;
  if (auto address = lines_.index().section_address(name, scratch))
    parts_.push_back({place.region, place.offset, header.size, *address});
  return ok;
}

Outcome<Nothing> ModuleTable::read(const modules::Kernel& kernel, Bytes file,
                                   const std::string& input) {
  auto room = TRY(modules::Scratch::reserve(kRoom));
  Arena arena(room.memory());
  modules::Diagnostics judged({});
  auto module = modules::Module::open(file, kernel.abi(), arena, judged);
  if (!module) return Failure{describe(module.error(), input)};
  modules::Layout layout;
  auto laid = modules::lay_out(*module, arena, layout, judged);
  if (!laid) return Failure{describe(laid.error(), input)};
  name_ = module->name();
  if (name_.empty() || name_.size() >= sizeof about_.name)
    return Failure{fmt::format("{}: a module's name of 1 to {} bytes expected, found {}", input,
                               sizeof about_.name - 1, name_.size())};
  std::memcpy(about_.name, name_.data(), name_.size());
  for (std::uint32_t index = 1; index < layout.places.size(); ++index)
    if (layout.places[index].region != modules::kNoRegion)
      TRY(read_section(*module, layout.places[index], index));
  if (about_.id_bytes == 0) return Failure{input + ": has no build-id, by which it would be known"};
  if (parts_.size() > RS_OOPS_PARTS_MAX)
    return Failure{fmt::format("{}: {} executable sections, expected at most {}", input,
                               parts_.size(), RS_OOPS_PARTS_MAX)};
  return ok;
}

Outcome<ModuleTable> ModuleTable::make(const modules::Kernel& kernel,
                                       const std::filesystem::path& file,
                                       const lines::Places& places,
                                       const lines::Progress& progress) {
  auto content = TRY(modules::ModuleFile::open(file));
  auto build_id = TRY(lines::DebugFile::build_id_of(file));
  auto below = file.lexically_relative(kernel.tree().folder()).native();
  auto module = below.empty() || below.starts_with("..") ? file.filename().native() : below;
  ModuleTable table(TRY(lines::find_lines({kernel.release(), build_id, module}, places, progress)));
  TRY(table.read(kernel, content.bytes(), file.native()));
  return table;
}

void ModuleTable::displace() {
  for (auto& region : about_.regions) region = 0;
}

Outcome<Nothing> ModuleTable::place(const loader::Loaded& loaded) {
  displace();
  for (const auto& section : kept_) {
    auto found = loaded.sections.find(section.name);
    if (found == loaded.sections.end() || found->second == 0) continue;
    auto& base = about_.regions[section.region];
    if (base != 0 && base + section.offset != found->second)
      return Failure{fmt::format("{}: section {} lies at {:#x}, expected {:#x}", name_,
                                 section.name, found->second, base + section.offset),
                     kNo};
    base = found->second - section.offset;
  }
  if (about_.regions[about_.id_region] == 0)
    return Failure{name_ + ": the kernel does not say where it is", kNo};
  return ok;
}

}  // namespace ringside::armed
