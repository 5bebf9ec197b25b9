// Needs are found in two walks over the symbols (count, fill); __versions is walked once and each
// of its names looked up among the needs by hash. Judging goes through the needs in the symbol
// table's order, because one rule depends on it: after the first provider that is proprietary the
// module is so itself, and what follows may no longer be GPL-only.
#include "core/modules/bind.hh"

#include <bit>

namespace ringside::modules {
namespace {

// Needs by hash, open addressing; a slot holds an index + 1, 0 is free. At most half full. Of needs
// with one name only the first has a slot, so that no file can make the probing long by repeating
// itself.
class NeedTable {
 public:
  static Result<NeedTable> build(std::span<Need> needs, Arena& arena) {
    NeedTable table;
    table.needs_ = needs;
    table.slots_ = TRY(arena.take<std::uint32_t>(std::bit_ceil(needs.size() * 2)));
    for (std::uint32_t index = 0; index < needs.size(); ++index) table.insert(index);
    return table;
  }

  // The need of that name gets the CRC, unless an earlier entry of __versions gave it one.
  void set_crc(const Version& version) {
    auto slot = find(version.name, name_hash(version.name));
    if (slot == 0) return;
    auto& need = needs_[slot - 1];
    if (!need.has_crc) need.crc = version.crc, need.has_crc = true;
  }

  // Gives the CRCs to later needs of the same names.
  void finish() {
    if (!repeated_) return;
    for (auto& need : needs_) {
      const auto& first = needs_[find(need.name, need.hash) - 1];
      need.crc = first.crc, need.has_crc = first.has_crc;
    }
  }

 private:
  // The slot's content for that name; where there is none, that of the free slot: 0.
  std::uint32_t& find(std::string_view name, std::uint64_t hash) {
    auto slot = hash & (slots_.size() - 1);
    for (; slots_[slot] != 0; slot = (slot + 1) & (slots_.size() - 1)) {
      const auto& need = needs_[slots_[slot] - 1];
      if (need.hash == hash && need.name == name) break;
    }
    return slots_[slot];
  }

  void insert(std::uint32_t index) {
    auto& slot = find(needs_[index].name, needs_[index].hash);
    if (slot == 0)
      slot = index + 1;
    else
      repeated_ = true;
  }

  std::span<Need> needs_;
  std::span<std::uint32_t> slots_;
  bool repeated_ = false;
};

bool is_need(const Object& object, std::uint32_t index) {
  return object.symbol(index).section == kUndefined;
}

void take_versions(const Module& module, NeedTable& table, Diagnostics& diagnostics) {
  auto section = module.versions_section();
  for (std::uint32_t index = 0; index < module.version_count(); ++index) {
    auto version = module.version(index);
    if (version.name.size() == kModuleNameMax)
      diagnostics.add({Fault::kVersionName, Severity::kUnsafe, section, index, kModuleNameMax,
                       version.name.size(), version.name});
    table.set_crc(version);
  }
  table.finish();
}

class Judge {
 public:
  Judge(const Module& module, BindOptions options, Diagnostics& diagnostics)
      : module_(module),
        options_(options),
        diagnostics_(diagnostics),
        proprietary_(!module.gpl_compatible()) {}

  // True where the kernel would bind the need, and we may.
  bool judge(const Need& need, const Answer& answer);
  bool check_version(const Need& need, const Answer& answer);
  std::uint32_t taints() const { return taints_; }

 private:
  bool judge_unexported(const Need& need, const Answer& answer);
  bool judge_export(const Need& need, const Answer& answer);
  bool judge_missing(const Need& need);
  bool inherit(const Need& need, const Answer& answer);
  bool check_namespace(const Need& need, const Answer& answer);
  bool refuse(Fault fault, const Need& need, std::string_view text, std::uint64_t expected = 0,
              std::uint64_t found = 0);

  const Module& module_;
  BindOptions options_;
  Diagnostics& diagnostics_;
  std::uint32_t taints_ = 0;
  bool proprietary_, uses_gpl_only_ = false;
};

bool Judge::refuse(Fault fault, const Need& need, std::string_view text, std::uint64_t expected,
                   std::uint64_t found) {
  diagnostics_.add({fault, Severity::kRefused, module_.object().symbol_section(), need.symbol,
                    expected, found, need.name, text});
  return false;
}

bool Judge::judge_missing(const Need& need) {
  if (need.weak || need.name == kIgnoredSymbol) return false;
  if (module_.object().string_section() == 0) return false;  // why there are no names was reported
  return refuse(Fault::kUnresolved, need, {});
}

// No switch turns the licence's part off, and what follows may not take the licence away either.
bool Judge::judge_unexported(const Need& need, const Answer& answer) {
  if (!options_.allow_unexported && need.weak) return false;
  if (proprietary_) return refuse(Fault::kUnexportedLicense, need, answer.provider_name);
  if (!options_.allow_unexported) return refuse(Fault::kUnexported, need, answer.provider_name);
  uses_gpl_only_ = true;
  return true;
}

bool Judge::inherit(const Need& need, const Answer& answer) {
  if (!answer.proprietary_provider) return true;
  if (uses_gpl_only_) return refuse(Fault::kProprietaryProvider, need, answer.provider_name);
  if (!proprietary_)
    diagnostics_.add({Fault::kProprietaryProvider, Severity::kTaints,
                      module_.object().symbol_section(), need.symbol, 0, 0, need.name,
                      answer.provider_name});
  taints_ |= kTaintProprietary;
  proprietary_ = true;
  return true;
}

bool Judge::check_version(const Need& need, const Answer& answer) {
  if (!answer.has_crc || module_.versions_section() == 0) return true;
  if (!need.has_crc) return refuse(Fault::kVersionMissing, need, answer.provider_name, answer.crc);
  if (need.crc == answer.crc) return true;
  return refuse(Fault::kCrcMismatch, need, answer.provider_name, answer.crc, need.crc);
}

bool Judge::check_namespace(const Need& need, const Answer& answer) {
  if (answer.name_space.empty() || module_.modinfo().has("import_ns", answer.name_space))
    return true;
  return refuse(Fault::kNamespace, need, answer.name_space);
}

bool Judge::judge_export(const Need& need, const Answer& answer) {
  if (answer.gpl_only && proprietary_) {  // the kernel does not even see it
    if (need.weak) return false;
    return refuse(Fault::kGplOnly, need, answer.provider_name);
  }
  uses_gpl_only_ |= answer.gpl_only;
  bool inherited = inherit(need, answer);
  bool version = check_version(need, answer);
  bool name_space = check_namespace(need, answer);
  return inherited && version && name_space;
}

bool Judge::judge(const Need& need, const Answer& answer) {
  if (answer.source == Source::kExport) return judge_export(need, answer);
  if (answer.source == Source::kUnexported) return judge_unexported(need, answer);
  return judge_missing(need);
}

}  // namespace

Result<std::span<const Need>> list_needs(const Module& module, Arena& arena,
                                         Diagnostics& diagnostics) {
  const auto& object = module.object();
  std::uint32_t count = 1;
  for (std::uint32_t index = 1; index < object.symbol_count(); ++index)
    count += is_need(object, index);
  auto needs = TRY(arena.take<Need>(count));
  constexpr std::string_view kLayoutSymbol = "module_layout";
  needs[0] = {kLayoutSymbol, name_hash(kLayoutSymbol), 0, kNoSymbol, false, false};
  for (std::uint32_t index = 1, row = 1; index < object.symbol_count(); ++index) {
    if (!is_need(object, index)) continue;
    auto symbol = object.symbol(index);
    auto name = object.symbol_name(symbol);
    needs[row++] = {name, name_hash(name), 0, index, false, symbol.binding() == kBindWeak};
  }
  auto table = TRY(NeedTable::build(needs, arena));
  take_versions(module, table, diagnostics);
  if (module.versions_section() == 0)
    diagnostics.add({Fault::kVersionsMissing,
                     module.abi().force_load ? Severity::kTaints : Severity::kRefused});
  return std::span<const Need>(needs);
}

std::uint32_t bind(const Module& module, std::span<const Need> needs,
                   std::span<const Answer> answers, BindOptions options,
                   std::span<std::uint64_t> values, Diagnostics& diagnostics) {
  Judge judge(module, options, diagnostics);
  for (std::size_t row = 0; row < needs.size() && row < answers.size(); ++row) {
    const auto& need = needs[row];
    const auto& answer = answers[row];
    if (need.symbol == kNoSymbol)
      judge.check_version(need, answer);
    else if (judge.judge(need, answer) && need.symbol < values.size())
      values[need.symbol] = answer.address;
  }
  std::uint32_t forced = module.versions_section() == 0 ? kTaintForced : 0u;
  return judge.taints() | forced;
}

void judge_exports(std::span<const OwnExport> exports, std::span<const Answer> existing,
                   Diagnostics& diagnostics) {
  for (std::size_t row = 0; row < exports.size() && row < existing.size(); ++row)
    if (existing[row].source == Source::kExport)
      diagnostics.add({Fault::kDuplicateExport, Severity::kRefused, 0, row, 0, 0, exports[row].name,
                       existing[row].provider_name});
}

}  // namespace ringside::modules
