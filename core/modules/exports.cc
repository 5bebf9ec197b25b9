// A module's own exports. In a relocatable file the entries of __ksymtab* are zero, and three
// relocations each say what will be there: the symbol, its name, its namespace (PREL32 words). The
// CRCs lie in __kcrctab* as plain words, one an entry. modpost leaves the names in strcmp's order.
#include <algorithm>

#include "core/modules/module.hh"

namespace ringside::modules {
namespace {

constexpr std::uint64_t kEntry = 12;  // struct kernel_symbol
enum Word : std::uint64_t { kValue = 0, kName = 4, kNamespace = 8 };

struct Table {
  std::uint32_t section, crcs;
  bool gpl_only;
};

void take_word(const Object& object, const Relocation& relocation, std::span<OwnExport> exports) {
  auto row = relocation.offset / kEntry;
  if (row >= exports.size() || relocation.type() != kRelPlaceRelative) return;
  auto& entry = exports[row];
  switch (relocation.offset % kEntry) {
    case kValue:
      entry.symbol = relocation.symbol();
      entry.addend = relocation.addend;
      break;
    case kName:
      entry.name = object.string_at(relocation.symbol(), relocation.addend);
      break;
    case kNamespace:
      entry.name_space = object.string_at(relocation.symbol(), relocation.addend);
      break;
  }
}

void take_words(const Object& object, std::uint32_t section, std::span<OwnExport> exports) {
  for (std::uint32_t index = 1; index < object.sections().size(); ++index) {
    const auto& header = object.sections()[index];
    if (header.type != kSectionRela || header.info != section) continue;
    auto records = object.contents(index);
    for (std::uint64_t at = 0; fits(at, sizeof(Relocation), records.size());
         at += sizeof(Relocation))
      take_word(object, load<Relocation>(records, at), exports);
  }
}

void take_crcs(const Module& module, const Table& table, std::span<OwnExport> exports,
               Diagnostics& diagnostics) {
  const auto& object = module.object();
  auto crcs = object.contents(table.crcs);
  bool force = module.abi().force_load;
  if (table.crcs == 0)
    diagnostics.add({Fault::kExportVersionsMissing, force ? Severity::kTaints : Severity::kRefused,
                     table.section, 0, exports.size(), 0, object.section_name(table.section)});
  else if (crcs.size() / 4 < exports.size())
    diagnostics.add({Fault::kExportVersionCount, Severity::kUnsafe, table.crcs, 0, exports.size(),
                     crcs.size() / 4, object.section_name(table.crcs)});
  for (std::uint64_t row = 0; row < exports.size() && fits(row * 4, 4, crcs.size()); ++row)
    exports[row].crc = load<std::uint32_t>(crcs, row * 4), exports[row].has_crc = true;
}

// The kernel bisects a table (find_exported_symbol_in_section), and misses what is out of order.
void check_order(const Table& table, std::span<const OwnExport> exports, Diagnostics& diagnostics) {
  for (std::uint64_t row = 1; row < exports.size(); ++row) {
    const auto &before = exports[row - 1].name, &name = exports[row].name;
    if (before < name || before.empty() || name.empty()) continue;
    diagnostics.add(
        {Fault::kExportOrder, Severity::kUnsafe, table.section, row, 0, 0, name, before});
  }
}

void read_table(const Module& module, const Table& table, std::span<OwnExport> exports,
                Diagnostics& diagnostics) {
  if (exports.empty()) return;
  take_words(module.object(), table.section, exports);
  take_crcs(module, table, exports, diagnostics);
  check_order(table, exports, diagnostics);
  for (std::uint64_t row = 0; row < exports.size(); ++row) {
    exports[row].gpl_only = table.gpl_only;
    if (exports[row].name.empty() || exports[row].symbol == 0)
      diagnostics.add({Fault::kExportEntry, Severity::kUnsafe, table.section, row, 1,
                       exports[row].symbol != 0, module.object().section_name(table.section),
                       exports[row].name});
  }
}

}  // namespace

std::uint32_t export_taints(std::span<const OwnExport> exports) {
  bool all = std::all_of(exports.begin(), exports.end(),
                         [](const OwnExport& entry) { return entry.has_crc; });
  return all ? 0u : std::uint32_t{kTaintForced};
}

namespace {

// Kernels count entries by the section's size, and would export what relocations make of zeros.
std::uint64_t count_of(const Object& object, const Table& table, Diagnostics& diagnostics) {
  if (object.sections()[table.section].type == kSectionNobits)
    diagnostics.add({Fault::kExportEntry, Severity::kUnsafe, table.section, 0, 1, 0,
                     object.section_name(table.section)});
  return object.contents(table.section).size() / kEntry;
}

}  // namespace

Result<std::span<const OwnExport>> Module::exports(Arena& arena, Diagnostics& diagnostics) const {
  Table plain{object_.find_allocated("__ksymtab"), object_.find_allocated("__kcrctab"), false};
  Table gpl{object_.find_allocated("__ksymtab_gpl"), object_.find_allocated("__kcrctab_gpl"), true};
  auto plain_count = count_of(object_, plain, diagnostics);
  auto gpl_count = count_of(object_, gpl, diagnostics);
  auto exports = TRY(arena.take<OwnExport>(plain_count + gpl_count));
  read_table(*this, plain, exports.first(plain_count), diagnostics);
  read_table(*this, gpl, exports.subspan(plain_count), diagnostics);
  return std::span<const OwnExport>(exports);
}

}  // namespace ringside::modules
