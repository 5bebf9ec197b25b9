// Rows are gathered a region, sorted by address and printed.
#include "cli/link_map.hh"

#include <fmt/format.h>

#include <algorithm>

#include "user/modules/explain.hh"

namespace ringside::cli {
namespace {

using modules::kNoRegion;
using modules::Linked;
using modules::printable;

struct Row {
  std::uint64_t address, bytes;
  std::string text;
};

void print_rows(const char* kind, std::vector<Row> rows) {
  std::stable_sort(rows.begin(), rows.end(),
                   [](const Row& a, const Row& b) { return a.address < b.address; });
  for (const auto& row : rows)
    fmt::print("  {:<8} {:#018x} {:>8} {}\n", kind, row.address, row.bytes, row.text);
}

std::string name_of(std::string_view name) {
  return printable(std::string(name));
}

// How many relocations each section has.
std::vector<std::uint64_t> count_relocations(const modules::Object& object) {
  std::vector<std::uint64_t> counts(object.sections().size());
  for (const auto& header : object.sections())
    if (header.type == modules::kSectionRela && header.info < counts.size())
      counts[header.info] += header.size / sizeof(modules::Relocation);
  return counts;
}

Row section_row(const Linked& linked, std::uint32_t index, std::uint64_t address,
                std::uint64_t relocations) {
  const auto& object = linked.module.object();
  auto name = name_of(object.section_name(index));
  if (relocations) name += fmt::format(" ({} relocations)", relocations);
  return {address, object.sections()[index].size, name};
}

// The parts of kallsyms: what stays at the end of its region, what init needs at the end of its.
std::vector<Row> symbol_parts(const modules::Rules& rules, const Linked& linked,
                              std::uint32_t region) {
  const auto& parts = linked.layout.symbols;
  auto base = linked.image.address[region];
  std::vector<Row> rows;
  if (region == rules.symbol_region && parts.count != 0)
    rows = {{base + parts.symbols, parts.count * sizeof(modules::Symbol), "symbols that stay"},
            {base + parts.strings, parts.types - parts.strings, "their names"},
            {base + parts.types, parts.count, "their types"}};
  if (region == rules.init_symbol_region && linked.module.object().symbol_section() != 0)
    rows.insert(
        rows.end(),
        {{base + parts.init_struct, rules.kallsyms_struct, "struct mod_kallsyms"},
         {base + parts.init_types, linked.module.object().symbol_count(), "types of all symbols"}});
  return rows;
}

void print_region(const modules::Rules& rules, const Linked& linked, std::uint32_t region,
                  const std::vector<std::uint64_t>& relocations) {
  const auto& layout = linked.layout.regions[region];
  auto base = linked.image.address[region];
  print_rows(
      "region",
      {{base, layout.size,
        fmt::format("{} ({} of them rounding)", rules.regions[region].name, layout.rounding)}});
  std::vector<Row> sections;
  for (std::uint32_t index = 1; index < relocations.size(); ++index)
    if (auto place = linked.layout.places[index]; place.region == region)
      sections.push_back(section_row(linked, index, base + place.offset, relocations[index]));
  print_rows("section", std::move(sections));
  print_rows("kallsyms", symbol_parts(rules, linked, region));
}

void print_percpu(const Linked& linked) {
  if (linked.layout.percpu_size == 0) return;
  auto base = linked.image.percpu_address;
  print_rows("region", {{base, linked.layout.percpu_size, "percpu"}});
  print_rows("section", {section_row(linked, linked.layout.percpu_section, base, 0)});
}

void print_symbols(const Linked& linked) {
  const auto& object = linked.module.object();
  std::vector<Row> rows;
  for (std::uint32_t index = 1; index < object.symbol_count(); ++index) {
    auto symbol = object.symbol(index);
    bool defined = symbol.section != 0 && symbol.section < object.sections().size();
    if (defined && linked.addresses[symbol.section] && symbol.type() != modules::kTypeSection)
      rows.push_back({linked.values[index], symbol.size, name_of(object.symbol_name(symbol))});
  }
  print_rows("symbol", std::move(rows));
}

void print_needs(const Linked& linked) {
  std::vector<Row> rows;
  for (std::size_t row = 0; row < linked.needs.size(); ++row) {
    const auto& need = linked.needs[row];
    if (need.symbol == modules::kNoSymbol) continue;
    auto from = linked.answers[row].source == modules::Source::kNone
                    ? "nobody"
                    : name_of(linked.answers[row].provider_name);
    rows.push_back(
        {linked.values[need.symbol], 0, fmt::format("{} from {}", name_of(need.name), from)});
  }
  print_rows("need", std::move(rows));
}

}  // namespace

void print_map(const modules::Kernel& kernel, const Linked& linked) {
  const auto& rules = kernel.rules();
  fmt::print("module {} for {}: {} relocations\n", linked.module.name(), kernel.release(),
             linked.relocations);
  auto relocations = count_relocations(linked.module.object());
  std::vector<std::uint32_t> regions;
  for (std::uint32_t index = 0; index < rules.region_count; ++index)
    if (linked.layout.regions[index].size) regions.push_back(index);
  std::stable_sort(regions.begin(), regions.end(), [&](std::uint32_t a, std::uint32_t b) {
    return linked.image.address[a] < linked.image.address[b];
  });
  for (auto region : regions) print_region(rules, linked, region, relocations);
  print_percpu(linked);
  print_symbols(linked);
  print_needs(linked);
}

}  // namespace ringside::cli
