// open: the core's checks of an object, then a place for each section that has memory. link: every
// symbol's value, then every section's relocations, by the core that links modules.
#include "user/space/placer.hh"

#include <fmt/format.h>

#include <algorithm>

#include "core/ksyms/format.hh"
#include "core/modules/bind.hh"
#include "core/modules/link.hh"
#include "core/modules/modinfo.hh"
#include "user/modules/explain.hh"

namespace ringside::space {
namespace {

using modules::Diagnostics;
using modules::SectionHeader;

constexpr std::uint64_t kMostAlignment = 4096;  // parts begin on a page

// What kernels patch in modules, and nobody in a space.
constexpr std::string_view kPatched[] = {
    ".return_sites", ".altinstructions",  ".static_call_sites",
    "__jump_table",  ".parainstructions", ".call_sites",
};

// Nobody reads them in a space.
bool is_left_out(std::string_view name) {
  return name == ".eh_frame" || name == ".modinfo" || name.starts_with(".note");
}

std::uint32_t part_of(const SectionHeader& section) {
  if (section.flags & modules::kFlagExec) return RS_SPACE_TEXT;
  return section.flags & modules::kFlagWrite ? RS_SPACE_DATA : RS_SPACE_RODATA;
}

}  // namespace

Outcome<Nothing> Placer::open(Bytes object, const std::string& label, std::uint64_t extra) {
  constexpr std::size_t kMemory = 8u << 20;
  label_ = label;
  memory_.resize(kMemory);
  room_.resize(16);
  Arena arena(memory_);
  Diagnostics diagnostics(room_);
  auto opened = modules::Object::open(object, kernel_.rules(), arena, diagnostics);
  for (const auto& diagnostic : diagnostics.list())
    if (diagnostic.severity <= modules::Severity::kUnsupported)
      return failure(to_line(explain(diagnostic, nullptr)));
  if (!opened) return failure(describe(opened.error(), "object"));
  object_ = *opened;
  return lay_out(extra);
}

Outcome<Nothing> Placer::lay_out(std::uint64_t extra) {
  auto sections = std::as_const(*object_).sections();
  places_.assign(sections.size(), {});
  info_ = modules::Modinfo(object_->contents(object_->find_any(".modinfo")));
  for (std::uint32_t index = 1; index < sections.size(); ++index) {
    const auto& section = sections[index];
    auto name = object_->section_name(index);
    if (std::find(std::begin(kPatched), std::end(kPatched), name) != std::end(kPatched))
      return failure(
          fmt::format("section {}: nothing patches it in a space; compile without what "
                      "makes it (-mfunction-return=keep for return sites)",
                      name));
    if (!(section.flags & modules::kFlagAlloc) || section.size == 0 || is_left_out(name)) continue;
    auto alignment = std::max<std::uint64_t>(section.align, 1);
    if (alignment > kMostAlignment || section.size > RS_SPACE_PART_MAX)
      return failure(fmt::format("section {}: {} bytes, aligned to {}: too much for a space", name,
                                 section.size, section.align));
    auto& size = sizes_[part_of(section)];
    places_[index] = {part_of(section), align_up(size, alignment)};
    size = places_[index].offset + section.size;
  }
  if (sizes_[RS_SPACE_TEXT] == 0) return failure("no code in it");
  extra_ = align_up(sizes_[RS_SPACE_DATA], 16);
  if (extra > 0) sizes_[RS_SPACE_DATA] = extra_ + extra;
  return ok;
}

Outcome<std::uint64_t> Placer::bind(const modules::Symbol& symbol) const {
  auto name = object_->symbol_name(symbol);
  auto found = kernel_.exports().find(name);
  if (!found && symbol.binding() == modules::kBindWeak) return std::uint64_t{0};
  if (!found) return failure(fmt::format("{}: the kernel does not export it", name));
  if (found->provider != 0)
    return failure(fmt::format("{}: {} exports it: a space gets symbols of the kernel alone", name,
                               kernel_.providers()[found->provider].name));
  bool gpl = modules::license_is_gpl_compatible(info_.find("license").value_or(""));
  if (!found->name_space.empty() && !info_.has("import_ns", found->name_space))
    return failure(
        fmt::format("{}: exported in namespace {}, and .modinfo does not say import_ns={}", name,
                    found->name_space, found->name_space));
  if (found->gpl_only && !gpl)
    return failure(
        fmt::format("{}: exported to GPL-compatible code only, and .modinfo does not say "
                    "license=GPL",
                    name));
  return found->value + (found->value >= kKernelBase ? offset_ : 0);  // below: a per-CPU offset
}

Outcome<Nothing> Placer::define(const Addresses& addresses,
                                std::vector<std::uint64_t>& values) const {
  for (std::uint32_t index = 1; index < values.size(); ++index) {
    auto symbol = object_->symbol(index);
    values[index] = symbol.value;
    if (symbol.section == modules::kUndefined) {
      values[index] = TRY(bind(symbol));
    } else if (symbol.section < places_.size()) {
      auto place = places_[symbol.section];
      if (place.part < RS_SPACE_PARTS)
        values[index] = addresses[place.part] + place.offset + symbol.value;
    } else if (symbol.section != modules::kAbsolute) {
      return failure(fmt::format("{}: in no section that a space has (compile with -fno-common)",
                                 object_->symbol_name(symbol)));
    }
  }
  return ok;
}

Outcome<std::array<std::vector<std::byte>, RS_SPACE_PARTS>> Placer::link(
    const Addresses& addresses) {
  std::array<std::vector<std::byte>, RS_SPACE_PARTS> parts;
  for (std::uint32_t part = 0; part < RS_SPACE_PARTS; ++part) parts[part].resize(sizes_[part]);
  auto sections = std::as_const(*object_).sections();
  std::vector<modules::Target> targets(sections.size());
  for (std::uint32_t index = 1; index < sections.size(); ++index) {
    auto [part, offset] = places_[index];
    if (part == RS_SPACE_PARTS) continue;
    targets[index] = {std::span(parts[part]).subspan(offset, sections[index].size),
                      addresses[part] + offset};
    auto content = object_->contents(index);
    std::copy(content.begin(), content.end(), targets[index].bytes.begin());
  }
  std::vector<std::uint64_t> values(object_->symbol_count());
  TRY(define(addresses, values));
  Diagnostics diagnostics(room_);
  modules::relocate_sections(*object_, targets, values, diagnostics);
  if (diagnostics.blocking() > 0)
    return failure(to_line(explain(diagnostics.list().front(), nullptr)));
  return parts;
}

std::optional<std::uint64_t> Placer::function(std::string_view name) const {
  for (std::uint32_t index = 1; index < object_->symbol_count(); ++index) {
    auto symbol = object_->symbol(index);
    if (symbol.section >= places_.size() || object_->symbol_name(symbol) != name) continue;
    auto place = places_[symbol.section];
    if (place.part == RS_SPACE_TEXT) return place.offset + symbol.value;
  }
  return std::nullopt;
}

std::vector<ksyms::Symbol> Placer::symbols(const Addresses& addresses) const {
  std::vector<ksyms::Symbol> found;
  for (std::uint32_t index = 1; index < object_->symbol_count(); ++index) {
    auto symbol = object_->symbol(index);
    auto name = object_->symbol_name(symbol);
    if (symbol.section >= places_.size() || name.empty() || name.size() > ksyms::kMaxName) continue;
    auto place = places_[symbol.section];
    if (place.part == RS_SPACE_TEXT && symbol.value < object_->sections()[symbol.section].size)
      found.push_back({addresses[RS_SPACE_TEXT] + place.offset + symbol.value, 't', name});
  }
  found.push_back({addresses[RS_SPACE_TEXT] + sizes_[RS_SPACE_TEXT], 'T', "_etext"});
  return found;
}

}  // namespace ringside::space
