// Records and sysfs first; then each module's file is laid out again, and one walk over kallsyms
// finds the per-CPU symbols of all of them.
#include "user/loader/inventory.hh"

namespace ringside::loader {
namespace {

using modules::Diagnostics;
using modules::Linked;

// A symbol in the per-CPU section that kallsyms will have, and its offset there.
struct Probe {
  std::string symbol;
  std::uint64_t offset = 0;
};

Probe percpu_probe(const modules::Module& module) {
  for (std::uint32_t index = 1; index < module.object().symbol_count(); ++index) {
    auto symbol = module.object().symbol(index);
    auto name = module.object().symbol_name(symbol);
    if (symbol.section == module.percpu() && !name.empty() &&
        symbol.type() != modules::kTypeSection)
      return {std::string(name), symbol.value};
  }
  return {};
}

class Describer {
 public:
  Describer(const modules::Kernel& kernel, const Roots& roots, modules::Linker linker)
      : kernel_(kernel), roots_(roots), linker_(std::move(linker)) {}

  void describe(Entry& entry);
  void find_percpu(std::vector<Entry>& entries);

 private:
  void take(const Linked& linked, Entry& entry);

  const modules::Kernel& kernel_;
  const Roots& roots_;
  modules::Linker linker_;
  std::vector<ModuleSymbol> probes_;
  std::map<std::string, std::uint64_t> offsets_;
};

void Describer::take(const Linked& linked, Entry& entry) {
  const auto& rules = kernel_.rules();
  for (std::uint32_t index = 0; index < rules.region_count; ++index) {
    const auto& region = linked.layout.regions[index];
    const auto& rule = rules.regions[index];
    if (region.size == 0) continue;
    entry.regions.push_back({std::string(rule.name), rule.init, linked.image.address[index],
                             region.size, region.rounding});
    if (!rule.init) entry.rounding += region.rounding;
  }
  entry.percpu_bytes = linked.layout.percpu_size;
  entry.described = true;
  if (entry.percpu_bytes == 0) return;
  auto probe = percpu_probe(linked.module);
  probes_.push_back({entry.module.name, probe.symbol});
  offsets_[entry.module.name] = probe.offset;
}

void Describer::describe(Entry& entry) {
  const auto* in_tree = kernel_.tree().find(entry.module.name);
  auto path = entry.file;
  if (path.empty() && in_tree) path = kernel_.tree().path_of(*in_tree);
  entry.file.clear();
  if (path.empty()) return;
  auto file = modules::ModuleFile::open(path);
  if (!file) return;
  Diagnostics ignored({});
  Linked linked;
  if (!linker_.open(file->bytes(), linked, ignored)) return;
  if (entry.module.build_id.empty() || build_id_of(linked.module) != entry.module.build_id) return;
  entry.file = path;
  if (!entry.module.sections.empty() && !place_loaded(entry.module, linked)) return;
  take(linked, entry);
}

void Describer::find_percpu(std::vector<Entry>& entries) {
  find_addresses(probes_, roots_);
  for (const auto& probe : probes_)
    for (auto& entry : entries)
      if (entry.module.name == probe.module && probe.address != 0)
        entry.percpu_address = probe.address - offsets_[probe.module];
}

}  // namespace

Outcome<std::vector<Entry>> take_inventory(const modules::Kernel* kernel, const Roots& roots) {
  std::vector<Entry> entries;
  for (auto& module : TRY(loaded_modules(roots))) {
    entries.emplace_back();
    auto& entry = entries.back();
    entry.module = std::move(module);
    read_sections(entry.module, roots);
    auto record = read_record(entry.module, roots);
    if (record)
      entry.placement = record->placement, entry.parameters = record->parameters,
      entry.file = record->file;
  }
  if (!kernel) return entries;
  modules::Overlay none;
  Describer describer(*kernel, roots, TRY(modules::Linker::create(*kernel, none)));
  for (auto& entry : entries) describer.describe(entry);
  describer.find_percpu(entries);
  return entries;
}

}  // namespace ringside::loader
