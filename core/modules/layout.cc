// Two rounds, what stays and what init needs, of four passes each over the sections; then the
// symbol parts. Sizes grow only within the kernel's module area, so nothing here can overflow.
#include "core/modules/layout.hh"

namespace ringside::modules {
namespace {

enum Pass : std::uint8_t { kCode, kReadOnly, kRoAfterInit, kWritable, kNotInMemory };

// Which sections lose SHF_ALLOC or gain SHF_RO_AFTER_INIT before the passes; 0 for none.
struct Special {
  std::uint32_t dropped[3] = {};
  std::uint32_t ro_after_init[2] = {};
};

template <std::size_t kSize>
bool among(const std::uint32_t (&indexes)[kSize], std::uint32_t index) {
  for (auto candidate : indexes)
    if (candidate == index) return true;
  return false;
}

class Builder {
 public:
  Builder(const Object& object, const Rules& rules, Layout& layout, Diagnostics& diagnostics)
      : object_(object), rules_(rules), diagnostics_(diagnostics), layout_(layout) {}

  Status prepare(Arena& arena, const Special& special);
  void place_sections(bool init);
  void place_symbols(std::uint32_t percpu);
  void finish();

 private:
  Pass pass_of(std::uint32_t index, const Special& special) const;
  void end_pass(bool init, std::uint32_t pass);
  std::optional<std::uint32_t> grow(std::uint8_t region, std::uint64_t size, std::uint64_t align,
                                    std::uint32_t section);
  void place(std::uint32_t section, std::uint8_t region);
  void round_up(Region& region);
  bool stays(const Symbol& symbol, std::uint32_t percpu) const;
  std::uint64_t count_staying(std::uint32_t percpu);

  const Object& object_;
  const Rules& rules_;
  Diagnostics& diagnostics_;
  Layout& layout_;
  std::span<Place> places_;
  struct Work {
    std::uint8_t pass;
    bool init;
  };
  std::span<Work> work_;
};

bool is_init_section(std::string_view name) {
  return name.size() >= 5 && std::memcmp(name.data(), ".init", 5) == 0;
}

Pass Builder::pass_of(std::uint32_t index, const Special& special) const {
  auto flags = object_.sections()[index].flags;
  if (index == 0 || !(flags & kFlagAlloc) || among(special.dropped, index)) return kNotInMemory;
  if (flags & kFlagExec) return kCode;
  if (!(flags & kFlagWrite)) return kReadOnly;
  if ((flags & kFlagRoAfterInit) || among(special.ro_after_init, index)) return kRoAfterInit;
  return kWritable;
}

Status Builder::prepare(Arena& arena, const Special& special) {
  auto count = object_.sections().size();
  places_ = TRY(arena.take<Place>(count));
  work_ = TRY(arena.take<Work>(count));
  layout_.places = places_;
  for (std::uint32_t index = 0; index < count; ++index) {
    places_[index].region = kNoRegion;
    auto pass = pass_of(index, special);
    bool init = is_init_section(object_.section_name(index));
    if (pass != kNotInMemory && rules_.region_of[init][pass] == kNoRegion) pass = kWritable;
    work_[index] = {pass, init};
  }
  return ok;
}

// The offset at which `size` bytes go to the end of `region`. What would leave the module area is
// reported and gets no place.
std::optional<std::uint32_t> Builder::grow(std::uint8_t region, std::uint64_t size,
                                           std::uint64_t align, std::uint32_t section) {
  auto& end = layout_.regions[region].size;
  auto area = rules_.area_size;
  if (align <= area && size <= area) {
    auto offset = static_cast<std::uint32_t>(align_up(end, align ? align : 1));
    if (fits(offset, size, area)) {
      end = offset + static_cast<std::uint32_t>(size);
      return offset;
    }
  }
  // The kernel reckons with 32 bits: above them its sum wraps, and an alignment is none.
  auto severity = (size | align) >> 32 ? Severity::kUnsafe : Severity::kRefused;
  diagnostics_.add(
      {Fault::kLayoutTooLarge, severity, section, end, area, size, object_.section_name(section)});
  return std::nullopt;
}

void Builder::place(std::uint32_t section, std::uint8_t region) {
  const auto& header = object_.sections()[section];
  auto offset = grow(region, header.size, header.align, section);
  places_[section] = offset ? Place{*offset, region} : Place{};
}

void Builder::round_up(Region& region) {
  auto size = static_cast<std::uint32_t>(align_up(region.size, rules_.page_size));
  region.rounding += size - region.size;
  region.size = size;
}

void Builder::end_pass(bool init, std::uint32_t pass) {
  auto& region = layout_.regions[rules_.region_of[init][pass]];
  if (pass == kRoAfterInit && init) {  // means nothing for init memory: no page is begun
    region.ro_after_init = region.read_only;
    return;
  }
  round_up(region);
  if (pass == kCode) region.text = region.size;
  if (pass == kReadOnly) region.read_only = region.size;
  if (pass == kRoAfterInit) region.ro_after_init = region.size;
}

void Builder::place_sections(bool init) {
  for (std::uint32_t pass = 0; pass < kPasses; ++pass) {
    for (std::uint32_t index = 1; index < work_.size(); ++index)
      if (work_[index].pass == pass && work_[index].init == init)
        place(index, rules_.region_of[init][pass]);
    if (rules_.pages_between_passes) end_pass(init, pass);
  }
}

// is_core_symbol with KALLSYMS_ALL.
bool Builder::stays(const Symbol& symbol, std::uint32_t percpu) const {
  if (symbol.section == 0 || symbol.section >= places_.size() || symbol.name == 0) return false;
  if (symbol.section == percpu) return true;
  auto region = places_[symbol.section].region;
  return region != kNoRegion && !rules_.regions[region].init;
}

// Counts the symbols that stay (the null symbol is always one); bytes of their names.
std::uint64_t Builder::count_staying(std::uint32_t percpu) {
  std::uint64_t names = 0;
  for (std::uint32_t index = 0; index < object_.symbol_count(); ++index) {
    auto symbol = object_.symbol(index);
    if (index != 0 && !stays(symbol, percpu)) continue;
    names += object_.symbol_name(symbol).size() + 1;
    ++layout_.symbols.count;
  }
  return names;
}

// In layout_symtab's order, which decides what is aligned to what.
void Builder::place_symbols(std::uint32_t percpu) {
  auto symtab = object_.symbol_section();
  if (symtab == 0) return;
  auto& symbols = layout_.symbols;
  auto core = rules_.symbol_region, init = rules_.init_symbol_region;
  place(symtab, init);
  auto names = count_staying(percpu);
  auto align = object_.sections()[symtab].align;
  symbols.symbols = grow(core, symbols.count * sizeof(Symbol), align, symtab).value_or(0);
  symbols.strings = grow(core, names, 1, symtab).value_or(0);
  symbols.types = grow(core, symbols.count, 1, symtab).value_or(0);
  if (object_.string_section() != 0) place(object_.string_section(), init);
  symbols.init_struct = grow(init, rules_.kallsyms_struct, 8, symtab).value_or(0);
  symbols.init_types = grow(init, object_.symbol_count(), 1, symtab).value_or(0);
}

void Builder::finish() {
  for (auto& region : layout_.regions) round_up(region);
}

Special special_sections(const Module& module) {
  const auto& object = module.object();
  return {{module.modinfo_section(), module.versions_section(), module.percpu()},
          {object.find_allocated(".data..ro_after_init"), object.find_allocated("__jump_table")}};
}

std::uint64_t sum(const Layout& layout, const Rules& rules, bool init) {
  std::uint64_t bytes = 0;
  for (std::uint32_t region = 0; region < rules.region_count; ++region)
    if (rules.regions[region].init == init) bytes += layout.regions[region].size;
  return bytes;
}

}  // namespace

std::uint64_t Layout::core_size(const Rules& rules) const {
  return sum(*this, rules, false);
}
std::uint64_t Layout::init_size(const Rules& rules) const {
  return sum(*this, rules, true);
}

std::uint64_t Layout::rounding() const {
  std::uint64_t bytes = 0;
  for (const auto& region : regions) bytes += region.rounding;
  return bytes;
}

Status lay_out(const Module& module, Arena& arena, Layout& layout, Diagnostics& diagnostics) {
  const auto& rules = *module.abi().rules;
  Builder builder(module.object(), rules, layout, diagnostics);
  TRY(builder.prepare(arena, special_sections(module)));
  builder.place_sections(false);
  builder.place_sections(true);
  builder.place_symbols(module.percpu());
  builder.finish();
  const auto& percpu = module.object().sections()[module.percpu()];
  layout.percpu_section = module.percpu();
  layout.percpu_size = percpu.size;
  layout.percpu_align = percpu.align < rules.page_size ? percpu.align : rules.page_size;
  return ok;
}

}  // namespace ringside::modules
