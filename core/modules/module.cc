// Opening: signature off, object open, then the sections that make it a module, one check function
// a section; .modinfo is walked once for all that the loader asks of it. Where a kernel refuses,
// the fault is "refused"; where 6.1 reads on without a look, "unsafe".
#include "core/modules/module.hh"

#include <bit>

#include "core/base/name_hash.hh"

namespace ringside::modules {

class ModuleReader {
 public:
  ModuleReader(const KernelAbi& abi, Diagnostics& diagnostics, Module& module)
      : abi_(abi), rules_(*abi.rules), diagnostics_(diagnostics), module_(module) {}

  Status read(Bytes file, Arena& arena);

 private:
  struct Info {  // what the loader asks .modinfo for
    std::string_view vermagic, license = "unspecified";
    bool has_vermagic = false, has_license = false;
    bool intree = false, staging = false, livepatch = false, test = false;
  };

  void find_modinfo();
  void find_this_module();
  void check_this_module();
  void check_fields();
  void read_name();
  void find_versions();
  void find_percpu();
  void check_write_exec();
  Status check_names(Arena arena);
  bool has_file(std::uint32_t index) const;
  Info read_info() const;
  void check_vermagic(const Info& info);
  void add_taints(const Info& info);
  void taint(Taint bit, Fault fault, std::string_view name);
  void report(Fault fault, Severity severity, std::uint32_t section, std::uint64_t at,
              std::uint64_t expected, std::uint64_t found);
  Severity refused_if(bool checked) const {
    return checked ? Severity::kRefused : Severity::kUnsafe;
  }

  const KernelAbi& abi_;
  const Rules& rules_;
  Diagnostics& diagnostics_;
  Module& module_;
};

namespace {

constexpr std::string_view kThisModule = ".gnu.linkonce.this_module";

// This one is under the GPL, and may have what is for GPL modules only; what it loads is not.
constexpr std::string_view kWrapper = "ndiswrapper";

// These claim to be under the GPL, and the kernel does not believe them.
bool known_pretender(std::string_view name) {
  return name == "driverloader" || name == "lve";
}

}  // namespace

void ModuleReader::report(Fault fault, Severity severity, std::uint32_t section, std::uint64_t at,
                          std::uint64_t expected, std::uint64_t found) {
  diagnostics_.add(
      {fault, severity, section, at, expected, found, module_.object_.section_name(section)});
}

// 6.12 takes the one section of that name, 6.1 the first that is allocated.
void ModuleReader::find_modinfo() {
  const auto& object = module_.object_;
  constexpr std::string_view kName = ".modinfo";
  auto count = object.count_named(kName);
  module_.modinfo_index_ =
      rules_.unique_sections ? object.find_any(kName) : object.find_allocated(kName);
  auto index = module_.modinfo_index_;
  if (count > 1)
    report(Fault::kModinfoNotUnique, rules_.unique_sections ? Severity::kRefused : Severity::kNote,
           index, 0, 1, count);
  if (index == 0) return report(Fault::kModinfoMissing, Severity::kNote, 0, 0, 1, 0);
  auto contents = object.contents(index);
  if (contents.empty() || contents.back() != std::byte{0})
    report(Fault::kModinfoUnterminated, Severity::kUnsafe, index, 0, contents.size(),
           last_byte(contents));
  module_.modinfo_ = Modinfo(contents);
}

void ModuleReader::find_this_module() {
  const auto& object = module_.object_;
  auto count = object.count_named(kThisModule);
  if (count == 0) return report(Fault::kThisModuleMissing, Severity::kRefused, 0, 0, 1, 0);
  auto allocated = object.find_allocated(kThisModule);
  module_.this_module_ = allocated ? allocated : object.find_any(kThisModule);
  if (count > 1)
    report(Fault::kThisModuleNotUnique,
           rules_.unique_sections ? Severity::kRefused : Severity::kNote, module_.this_module_, 0,
           1, count);
  if (!allocated)
    report(Fault::kThisModuleNotAllocated, Severity::kRefused, module_.this_module_, 0, kFlagAlloc,
           object.sections()[module_.this_module_].flags);
  check_this_module();
}

void ModuleReader::check_this_module() {
  auto index = module_.this_module_;
  const auto& section = module_.object_.sections()[index];
  auto severity = refused_if(rules_.exact_module_size);
  if (section.type == kSectionNobits)
    report(Fault::kThisModuleEmpty, severity, index, 0, 0, section.size);
  if (section.size != abi_.module_struct.size)
    report(Fault::kThisModuleSize, severity, index, 0, abi_.module_struct.size, section.size);
  check_fields();
  read_name();
}

// modpost fills two pointers in struct module, init and exit. Another offset means another struct.
void ModuleReader::check_fields() {
  const auto& object = module_.object_;
  auto index = module_.this_module_;
  for (std::uint32_t rela = 1; rela < object.sections().size(); ++rela) {
    const auto& header = object.sections()[rela];
    if (header.type != kSectionRela || header.info != index) continue;
    auto records = object.contents(rela);
    for (std::uint64_t at = 0; fits(at, sizeof(Relocation), records.size());
         at += sizeof(Relocation)) {
      auto offset = load<Relocation>(records, at).offset;
      if (offset == abi_.module_struct.init || offset == abi_.module_struct.exit) continue;
      report(Fault::kThisModuleFields, Severity::kUnsafe, index, offset, abi_.module_struct.init,
             abi_.module_struct.exit);
    }
  }
}

void ModuleReader::read_name() {
  auto contents = module_.object_.contents(module_.this_module_);
  auto at = abi_.module_struct.name;
  std::uint64_t length = 0;
  while (length < kModuleNameMax && at + length < contents.size() &&
         contents[at + length] != std::byte{0})
    ++length;
  if (length == 0 || length == kModuleNameMax || at + length >= contents.size())
    return report(Fault::kModuleName, Severity::kUnsafe, module_.this_module_, at, kModuleNameMax,
                  length);
  module_.name_ = {reinterpret_cast<const char*>(contents.data()) + at, length};
}

void ModuleReader::find_versions() {
  module_.versions_ = module_.object_.find_allocated("__versions");
  auto size = module_.object_.contents(module_.versions_).size();
  module_.version_count_ =
      static_cast<std::uint32_t>(size / (sizeof(std::uint64_t) + kModuleNameMax));
}

void ModuleReader::find_percpu() {
  module_.percpu_ = module_.object_.find_allocated(".data..percpu");
  const auto& section = module_.object_.sections()[module_.percpu_];
  if (section.size > rules_.percpu_reserve)
    report(Fault::kPercpuSize, Severity::kRefused, module_.percpu_, 0, rules_.percpu_reserve,
           section.size);
  if (section.align > rules_.page_size)
    report(Fault::kPercpuAlignment, Severity::kNote, module_.percpu_, 0, rules_.page_size,
           section.align);
}

void ModuleReader::check_write_exec() {
  auto sections = module_.object_.sections();
  constexpr auto kBoth = kFlagWrite | kFlagExec;
  for (std::uint32_t index = 0; index < sections.size(); ++index)
    if ((sections[index].flags & kBoth) == kBoth)
      report(Fault::kWriteExec, Severity::kRefused, index, 0, 0, sections[index].flags);
}

// Whether the kernel shows the section in /sys/module/NAME/sections: what is in memory and not
// empty. By then the symbols are, and what the loader reads in the file alone is not.
bool ModuleReader::has_file(std::uint32_t index) const {
  const auto& section = module_.object_.sections()[index];
  if (section.size == 0) return false;
  if (index == module_.object_.symbol_section() || index == module_.object_.string_section())
    return true;
  return (section.flags & kFlagAlloc) && index != module_.percpu_ && index != module_.versions_ &&
         index != module_.modinfo_index_;
}

// By a table of section numbers, open addressing; 0 is free. add_sect_attrs.
Status ModuleReader::check_names(Arena arena) {
  const auto& object = module_.object_;
  if (!rules_.unique_names) return ok;
  auto count = static_cast<std::uint32_t>(object.sections().size());
  auto slots = TRY(arena.take<std::uint32_t>(std::bit_ceil(std::uint64_t{count} * 2)));
  for (std::uint32_t index = 1; index < count; ++index) {
    if (!has_file(index)) continue;
    auto name = object.section_name(index);
    auto slot = hash_name(name, 0) & (slots.size() - 1);
    while (slots[slot] != 0 && object.section_name(slots[slot]) != name)
      slot = (slot + 1) & (slots.size() - 1);
    if (slots[slot] != 0)
      report(Fault::kSectionNameTwice, Severity::kRefused, index, 0, 0, slots[slot]);
    slots[slot] = index;
  }
  return ok;
}

ModuleReader::Info ModuleReader::read_info() const {
  Info info;
  Modinfo::Cursor cursor(module_.modinfo_);
  while (auto entry = cursor.next()) {  // the first of a key counts
    const auto& key = entry->key;
    if (key == "vermagic" && !info.has_vermagic)
      info.vermagic = entry->value, info.has_vermagic = true;
    if (key == "license" && !info.has_license) info.license = entry->value, info.has_license = true;
    info.intree |= key == "intree";
    info.staging |= key == "staging";
    info.livepatch |= key == "livepatch";
    info.test |= key == "test";
  }
  return info;
}

void ModuleReader::check_vermagic(const Info& info) {
  Diagnostic wrong{Fault::kVermagic, Severity::kRefused, module_.modinfo_index_};
  wrong.name = info.vermagic, wrong.text = abi_.vermagic;
  if (info.has_vermagic) {
    if (!same_vermagic(info.vermagic, abi_.vermagic, module_.versions_)) diagnostics_.add(wrong);
    return;
  }
  wrong.fault = Fault::kVermagicMissing;
  if (abi_.force_load) {
    wrong.severity = Severity::kTaints;
    module_.taints_ |= kTaintForced;
  }
  diagnostics_.add(wrong);
}

void ModuleReader::taint(Taint bit, Fault fault, std::string_view name) {
  module_.taints_ |= bit;
  Diagnostic taints{fault, Severity::kTaints, module_.modinfo_index_};
  taints.name = name;
  diagnostics_.add(taints);
}

void ModuleReader::add_taints(const Info& info) {
  if (module_.signed_.signature.empty()) module_.taints_ |= kTaintUnsigned;
  if (!info.intree) taint(kTaintOutOfTree, Fault::kOutOfTree, module_.name_);
  if (info.staging) taint(kTaintStaging, Fault::kStaging, module_.name_);
  if (info.test) taint(kTaintTest, Fault::kTestModule, module_.name_);
  module_.gpl_compatible_ =
      license_is_gpl_compatible(info.license) && !known_pretender(module_.name_);
  if (!module_.gpl_compatible_) taint(kTaintProprietary, Fault::kProprietary, info.license);
  if (module_.name_ == kWrapper) taint(kTaintProprietary, Fault::kLoadsProprietary, kWrapper);
  if (!info.livepatch) return;
  module_.taints_ |= kTaintLivepatch;
  report(Fault::kLivepatch, Severity::kUnsupported, module_.modinfo_index_, 0, 0, 0);
}

Status ModuleReader::read(Bytes file, Arena& arena) {
  module_.abi_ = &abi_;
  module_.signed_ = split_signature(file, diagnostics_);
  TRY(Object::read(module_.signed_.content, rules_, arena, diagnostics_, module_.object_));
  find_modinfo();
  find_this_module();
  find_versions();
  find_percpu();
  check_write_exec();
  TRY(check_names(arena));
  auto info = read_info();
  check_vermagic(info);
  add_taints(info);
  return ok;
}

Result<Module> Module::open(Bytes file, const KernelAbi& abi, Arena& arena,
                            Diagnostics& diagnostics) {
  Result<Module> module(std::in_place);
  auto status = ModuleReader(abi, diagnostics, *module).read(file, arena);
  if (!status) module.fail(status.error());
  return module;
}

// struct modversion_info: the CRC as an unsigned long, the name in 56 bytes.
Version Module::version(std::uint32_t index) const {
  constexpr std::uint64_t kEntry = sizeof(std::uint64_t) + kModuleNameMax;
  auto entry = object_.contents(versions_).subspan(index * kEntry, kEntry);
  auto name = reinterpret_cast<const char*>(entry.data()) + sizeof(std::uint64_t);
  auto crc = load<std::uint64_t>(entry, 0);
  if (name[kModuleNameMax - 1] == 0) return {crc, name};
  std::size_t length = 0;
  while (length < kModuleNameMax && name[length] != 0) ++length;
  return {crc, {name, length}};
}

}  // namespace ringside::modules
