// One table a kernel series, and what has to be read out of a kernel to complete it: the shape of
// struct module by BTF, the version magic by its text.
#include "core/modules/rules.hh"

namespace ringside::modules {

// Two blocks. In each: code, read-only data, read-only after init, writable data, and each part
// but the last starts on a page (strict_align).
constinit const Rules kRules6_1 = {
    .series = "6.1",
    .page_size = 4096,
    .region_count = 2,
    .regions = {{{"core", false}, {"init", true}}},
    .region_of = {{{0, 0, 0, 0}, {1, 1, 1, 1}}},
    .symbol_region = 0,
    .init_symbol_region = 1,
    .pages_between_passes = true,
    .exact_module_size = false,
    .unique_names = false,
    .unique_sections = false,
    .typed_string_tables = false,
    .checks_all_names = false,
    .named_drivers = false,
    .area_size = 1008u << 20,  // MODULES_LEN with RANDOMIZE_BASE
    .percpu_reserve = 8 << 10,
    .kallsyms_struct = 32,
};

// enum mod_mem_type: an allocation each. Init memory knows no read-only after init: such a section
// falls through to its writable data.
constinit const Rules kRules6_12 = {
    .series = "6.12",
    .page_size = 4096,
    .region_count = 7,
    .regions = {{{"text", false},
                 {"data", false},
                 {"rodata", false},
                 {"ro_after_init", false},
                 {"init_text", true},
                 {"init_data", true},
                 {"init_rodata", true}}},
    .region_of = {{{0, 2, 3, 1}, {4, 6, kNoRegion, 5}}},
    .symbol_region = 1,
    .init_symbol_region = 5,
    .pages_between_passes = false,
    .exact_module_size = true,
    .unique_names = true,
    .unique_sections = true,
    .typed_string_tables = true,
    .checks_all_names = true,
    .named_drivers = true,
    .area_size = 1008u << 20,
    .percpu_reserve = 8 << 10,
    .kallsyms_struct = 32,
};

namespace {

// "6.1" heads "6.1.0-56-amd64" and "6.1-rc1", not "6.12.1".
bool heads(std::string_view series, std::string_view release) {
  if (release.size() < series.size()) return false;
  if (std::memcmp(release.data(), series.data(), series.size()) != 0) return false;
  if (release.size() == series.size()) return true;
  char next = release[series.size()];
  return next < '0' || next > '9';
}

bool starts_at(Bytes text, std::uint64_t at, std::string_view word) {
  return fits(at, word.size(), text.size()) &&
         std::memcmp(text.data() + at, word.data(), word.size()) == 0;
}

Result<std::uint32_t> member_offset(const kimage::Btf& btf, const kimage::BtfType& type,
                                    std::string_view name, const char* part) {
  for (std::uint32_t index = 0; index < type.members; ++index) {
    auto member = TRY(btf.member(type, index));
    if (member.name == name) return member.offset / 8;
  }
  return Error{"struct module has no such member", part, 0, 0, type.members};
}

}  // namespace

std::span<const Rules* const> all_rules() {
  static constinit const Rules* const kAll[] = {&kRules6_1, &kRules6_12};
  return kAll;
}

const Rules* rules_for(std::string_view release) {
  for (const auto* rules : all_rules())
    if (heads(rules->series, release)) return rules;
  return nullptr;
}

Result<ModuleStruct> module_struct(const kimage::Btf& btf) {
  auto id = TRY(btf.find(kimage::BtfKind::kStruct, "module"));
  if (!id) return Error{"no struct module", "BTF", 0, 1, 0};
  auto type = TRY(btf.type(*id));
  ModuleStruct found;
  found.size = type.size_or_type;
  found.name = TRY(member_offset(btf, type, "name", "name"));
  found.init = TRY(member_offset(btf, type, "init", "init"));
  found.exit = TRY(member_offset(btf, type, "exit", "exit"));
  return found;
}

// The release alone stands in several strings; the magic is the one that goes on with a flag of
// VERMAGIC_STRING (include/linux/vermagic.h).
Result<std::string_view> find_vermagic(Bytes rodata, std::string_view release) {
  constexpr std::string_view kFlags[] = {" SMP ", " preempt", " mod_unload ", " modversions "};
  if (release.empty()) return Error{"no release given", "vermagic"};
  for (std::uint64_t at = 0; fits(at, release.size(), rodata.size()); ++at) {
    if (rodata[at] != static_cast<std::byte>(release[0]) || !starts_at(rodata, at, release))
      continue;
    for (auto flag : kFlags)
      if (starts_at(rodata, at + release.size(), flag)) return read_string(rodata, at, "vermagic");
  }
  return Error{"no version magic found", ".rodata", 0, 1, 0};
}

bool find_force_load(Bytes rodata) {
  constexpr std::string_view kSaid = "%s: %s: kernel tainted.\n";
  for (std::uint64_t at = 0; fits(at, kSaid.size(), rodata.size()); ++at)
    if (rodata[at] == std::byte{'%'} && starts_at(rodata, at, kSaid)) return true;
  return false;
}

}  // namespace ringside::modules
