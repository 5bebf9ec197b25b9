// Opening: header, section table, names, symbol table, symbols; each step reports what is wrong
// and the next goes on with what is left, unless nothing could be read any more. Where 6.1 and
// 6.12 differ, Rules says so; where neither looks, the fault is "unsafe".
#include "core/modules/object.hh"

#include <algorithm>

namespace ringside::modules {

class ObjectReader {
 public:
  ObjectReader(const Rules& rules, Diagnostics& diagnostics, Object& object)
      : rules_(rules), diagnostics_(diagnostics), object_(object) {}

  Status read(Bytes file, Arena& arena);

 private:
  Status read_header();
  Status copy_sections(Arena& arena);
  void check_null_section(const SectionHeader& zero);
  Status read_names(Arena& arena);
  void check_section(std::uint32_t index);
  void check_name(std::uint32_t index);
  void find_symbols();
  void check_link(std::uint32_t index);
  void read_symbols();
  void read_strings();
  void check_symbols();
  void check_symbol(std::uint32_t index, const Symbol& symbol);
  void report(Fault fault, Severity severity, std::uint64_t at, std::uint64_t expected,
              std::uint64_t found, std::uint32_t section = 0);

  const Rules& rules_;
  Diagnostics& diagnostics_;
  ElfHeader header_{};
  Object& object_;
};

namespace {

constexpr Error kBroken = {"cannot be read as a relocatable object", "ELF"};

bool starts_with(std::string_view text, std::string_view head) {
  return text.size() >= head.size() && std::memcmp(text.data(), head.data(), head.size()) == 0;
}

}  // namespace

void ObjectReader::report(Fault fault, Severity severity, std::uint64_t at, std::uint64_t expected,
                          std::uint64_t found, std::uint32_t section) {
  std::string_view name;
  if (section < object_.section_names_.size()) name = object_.section_names_[section];
  diagnostics_.add({fault, severity, section, at, expected, found, name});
}

Status ObjectReader::read_header() {
  auto size = object_.file_.size();
  if (size < sizeof(ElfHeader)) {
    report(Fault::kFileTooShort, Severity::kRefused, 0, sizeof(ElfHeader), size);
    return kBroken;
  }
  header_ = load<ElfHeader>(object_.file_, 0);
  constexpr std::uint32_t kMagic = 0x464c457f;
  auto magic = load<std::uint32_t>(object_.file_, 0);
  if (magic != kMagic) {
    report(Fault::kBadMagic, Severity::kRefused, 0, kMagic, magic);
    return kBroken;
  }
  if (header_.ident[4] != 2 || header_.ident[5] != 1)
    report(Fault::kWrongClass, Severity::kNote, 4, 0x102, header_.ident[5] << 8 | header_.ident[4]);
  if (header_.type != kRelocatableFile)
    report(Fault::kWrongType, Severity::kRefused, 16, kRelocatableFile, header_.type);
  if (header_.machine != kMachine)
    report(Fault::kWrongMachine, Severity::kRefused, 18, kMachine, header_.machine);
  if (header_.shentsize == sizeof(SectionHeader)) return ok;
  report(Fault::kSectionHeaderSize, Severity::kRefused, 58, sizeof(SectionHeader),
         header_.shentsize);
  return kBroken;
}

Status ObjectReader::copy_sections(Arena& arena) {
  auto size = object_.file_.size();
  std::uint64_t bytes = std::uint64_t{header_.shnum} * sizeof(SectionHeader);
  if (header_.shoff >= size || bytes > size - header_.shoff) {
    report(Fault::kSectionTableOutside, Severity::kRefused, header_.shoff,
           header_.shoff < size ? size - header_.shoff : 0, bytes);
    return kBroken;
  }
  if (header_.shstrndx == 0 || header_.shstrndx >= header_.shnum) {
    report(Fault::kNameTableIndex, Severity::kRefused, 62, header_.shnum, header_.shstrndx);
    return kBroken;
  }
  object_.table_ = header_.shoff;
  object_.sections_ = TRY(arena.take<SectionHeader>(header_.shnum));
  std::memcpy(object_.sections_.data(), object_.file_.data() + header_.shoff, bytes);
  auto& zero = object_.sections_[0];
  check_null_section(zero);
  zero = {};
  return ok;
}

// The loaders take section 0 for "absent", so it must not look allocated either; only the look for
// what is both writable and executable (module_enforce_rwx_sections) begins with it. `at` is the
// place of the word that is not 0.
void ObjectReader::check_null_section(const SectionHeader& zero) {
  constexpr auto kWriteExec = kFlagWrite | kFlagExec;
  auto report_word = [&](Severity severity, std::uint64_t at, std::uint64_t found) {
    report(Fault::kSectionZero, severity, header_.shoff + at, 0, found);
  };
  if (zero.type != kSectionNull)
    report_word(Severity::kRefused, offsetof(SectionHeader, type), zero.type);
  else if (zero.size != 0)
    report_word(Severity::kRefused, offsetof(SectionHeader, size), zero.size);
  else if (zero.address != 0)
    report_word(Severity::kRefused, offsetof(SectionHeader, address), zero.address);
  else if ((zero.flags & kWriteExec) == kWriteExec)
    report_word(Severity::kRefused, offsetof(SectionHeader, flags), zero.flags);
  else if (zero.flags & kFlagAlloc)
    report_word(Severity::kUnsafe, offsetof(SectionHeader, flags), zero.flags);
}

// Names first: every later report carries the section's name.
Status ObjectReader::read_names(Arena& arena) {
  const auto& table = object_.sections_[header_.shstrndx];
  if (rules_.typed_string_tables && table.type != kSectionStrtab)
    report(Fault::kNameTableType, Severity::kRefused, header_.shstrndx, kSectionStrtab, table.type);
  if (!fits(table.offset, table.size, object_.file_.size())) {
    report(Fault::kNameTableOutside, Severity::kRefused, table.offset, object_.file_.size(),
           table.size);
    return kBroken;
  }
  object_.names_ = object_.file_.subspan(table.offset, table.size);
  if (table.size == 0 || object_.names_.back() != std::byte{0}) {
    report(table.size ? Fault::kNameTableUnterminated : Fault::kNameTableEmpty, Severity::kRefused,
           table.offset, 0, last_byte(object_.names_));
    return kBroken;
  }
  object_.section_names_ = TRY(arena.take<std::string_view>(header_.shnum));
  for (std::uint32_t index = 1; index < header_.shnum; ++index) check_name(index);
  return ok;
}

void ObjectReader::check_name(std::uint32_t index) {
  const auto& section = object_.sections_[index];
  if (section.name < object_.names_.size()) {
    object_.section_names_[index] =
        reinterpret_cast<const char*>(object_.names_.data()) + section.name;
    return;
  }
  if (section.type == kSectionNull) return;
  bool checked =
      rules_.checks_all_names || (section.type != kSectionNobits && (section.flags & kFlagAlloc));
  report(Fault::kSectionName, checked ? Severity::kRefused : Severity::kUnsafe, 0,
         object_.names_.size(), section.name, index);
}

void ObjectReader::check_section(std::uint32_t index) {
  const auto& section = object_.sections_[index];
  bool in_memory = section.flags & kFlagAlloc;
  if (section.type == kSectionNull) {
    if (in_memory) report(Fault::kNullAllocated, Severity::kUnsafe, 0, 0, section.size, index);
    return;
  }
  if (section.type != kSectionNobits && !fits(section.offset, section.size, object_.file_.size()))
    report(Fault::kSectionOutside, Severity::kRefused, section.offset, object_.file_.size(),
           section.size, index);
  bool aligned = in_memory || section.type == kSectionSymtab || section.type == kSectionStrtab;
  if (aligned && (section.align & (section.align - 1)) != 0 && section.align != 0)
    report(Fault::kSectionAlignment, Severity::kUnsafe, 0, 0, section.align, index);
}

// 6.1 takes the first symbol table, 6.12 the only one.
void ObjectReader::find_symbols() {
  std::uint32_t tables = 0;
  for (std::uint32_t index = 1; index < object_.sections_.size(); ++index) {
    if (object_.sections_[index].type != kSectionSymtab) continue;
    check_link(index);
    if (tables++ == 0) object_.symtab_ = index;
  }
  if (tables == 0) report(Fault::kSymtabMissing, Severity::kRefused, 0, 1, 0);
  if (tables > 1)
    report(Fault::kSymtabNotUnique, rules_.unique_sections ? Severity::kRefused : Severity::kNote,
           0, 1, tables, object_.symtab_);
}

void ObjectReader::check_link(std::uint32_t index) {
  auto link = object_.sections_[index].link;
  if (link == 0 || link >= object_.sections_.size())
    report(Fault::kSymtabLink, Severity::kRefused, 0, object_.sections_.size(), link, index);
}

void ObjectReader::read_symbols() {
  if (object_.symtab_ == 0) return;
  auto table = object_.contents(object_.symtab_);
  object_.symbol_count_ = static_cast<std::uint32_t>(
      std::min<std::uint64_t>(table.size() / sizeof(Symbol), 0xffff'fffe));
  object_.symbols_ = table.first(object_.symbol_count_ * sizeof(Symbol));
  auto link = object_.sections_[object_.symtab_].link;
  if (link == 0 || link >= object_.sections_.size()) return;
  object_.strtab_ = link;
  read_strings();
}

// Neither kernel looks for the last NUL; 6.1 does not even look at the type, and takes the place
// in the file of a table that has none.
void ObjectReader::read_strings() {
  auto index = object_.strtab_;
  auto type = object_.sections_[index].type;
  if (type != kSectionStrtab && rules_.typed_string_tables)
    report(Fault::kStringTableType, Severity::kRefused, 0, kSectionStrtab, type, index);
  else if (type == kSectionNobits || type == kSectionNull)
    report(Fault::kStringTableType, Severity::kUnsafe, 0, kSectionStrtab, type, index);
  if (type == kSectionNobits || type == kSectionNull) {
    object_.strtab_ = 0;  // which was reported; symbols have no names then
    return;
  }
  object_.strings_ = object_.contents(index);
  auto size = object_.strings_.size();
  if (size == 0 || object_.strings_[size - 1] != std::byte{0})
    report(Fault::kStringTableUnterminated, Severity::kUnsafe, 0, size, last_byte(object_.strings_),
           index);
  while (size > 0 && object_.strings_[size - 1] != std::byte{0}) --size;
  object_.strings_ = object_.strings_.first(size);
}

void ObjectReader::check_symbols() {
  if (object_.strtab_ == 0) return;  // that was reported: not once more for every symbol
  auto sections = object_.sections_.size();
  auto strings = object_.strings_.size();
  for (std::uint32_t index = 0; index < object_.symbol_count_; ++index) {
    auto symbol = object_.symbol(index);
    if (symbol.name < strings && symbol.section < sections) continue;
    check_symbol(index, symbol);
  }
}

void ObjectReader::check_symbol(std::uint32_t index, const Symbol& symbol) {
  auto name = object_.symbol_name(symbol);
  if (symbol.name >= object_.strings_.size())
    report(Fault::kSymbolName, Severity::kUnsafe, index, object_.strings_.size(), symbol.name,
           object_.symtab_);
  if (index == 0 || symbol.section == kAbsolute) return;  // the loaders start at symbol 1
  if (symbol.section == kCommon && starts_with(name, "__gnu_lto")) return;
  if (symbol.section < object_.sections_.size()) return;
  bool patch = symbol.section == kLivepatchSection;
  auto fault = patch ? Fault::kLivepatchSymbol : Fault::kSymbolSection;
  if (symbol.section == kCommon) fault = Fault::kCommonSymbol;
  diagnostics_.add({fault, patch ? Severity::kUnsupported : Severity::kRefused, object_.symtab_,
                    index, object_.sections_.size(), symbol.section, name});
}

Status ObjectReader::read(Bytes file, Arena& arena) {
  object_.file_ = file;
  TRY(read_header());
  TRY(copy_sections(arena));
  TRY(read_names(arena));
  for (std::uint32_t index = 1; index < object_.sections_.size(); ++index) check_section(index);
  find_symbols();
  read_symbols();
  check_symbols();
  return ok;
}

Status Object::read(Bytes file, const Rules& rules, Arena& arena, Diagnostics& diagnostics,
                    Object& object) {
  return ObjectReader(rules, diagnostics, object).read(file, arena);
}

Result<Object> Object::open(Bytes file, const Rules& rules, Arena& arena,
                            Diagnostics& diagnostics) {
  Result<Object> object(std::in_place);
  auto status = read(file, rules, arena, diagnostics, *object);
  if (!status) object.fail(status.error());
  return object;
}

Bytes Object::contents(std::uint32_t index) const {
  const auto& section = sections_[index];
  if (section.type == kSectionNobits || section.type == kSectionNull) return {};
  if (!fits(section.offset, section.size, file_.size())) return {};
  return file_.subspan(section.offset, section.size);
}

std::string_view Object::string_at(std::uint32_t index, std::int64_t addend) const {
  if (index >= symbol_count_) return {};
  auto target = symbol(index);
  if (target.section >= sections_.size()) return {};
  auto at = target.value + static_cast<std::uint64_t>(addend);
  auto text = read_string(contents(target.section), at, "string");
  return text ? *text : std::string_view();
}

std::uint32_t Object::find_allocated(std::string_view name) const {
  for (std::uint32_t index = 1; index < sections_.size(); ++index)
    if (section_names_[index] == name && (sections_[index].flags & kFlagAlloc)) return index;
  return 0;
}

std::uint32_t Object::find_any(std::string_view name) const {
  for (std::uint32_t index = 1; index < sections_.size(); ++index)
    if (section_names_[index] == name) return index;
  return 0;
}

std::uint32_t Object::count_named(std::string_view name) const {
  std::uint32_t count = 0;
  for (std::uint32_t index = 1; index < sections_.size(); ++index)
    count += section_names_[index] == name;
  return count;
}

}  // namespace ringside::modules
