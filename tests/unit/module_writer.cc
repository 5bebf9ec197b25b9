// Sections first, in the order given, then symbols, strings, relocations and the header table.
#include "tests/unit/module_writer.hh"

#include <algorithm>
#include <stdexcept>

namespace ringside::modules::test {
namespace {

constexpr std::string_view kVermagic = "6.1.0-test SMP mod_unload modversions ";
constexpr ModuleStruct kStruct = {256, 24, 128, 136};

template <class T>
void append(Buffer& out, const T& value) {
  auto at = out.size();
  out.resize(at + sizeof(T));
  poke(out, at, value);
}

void append_bytes(Buffer& out, const Buffer& bytes) {
  out.insert(out.end(), bytes.begin(), bytes.end());
}

class Strings {
 public:
  std::uint32_t add(std::string_view name) {
    auto at = static_cast<std::uint32_t>(bytes_.size());
    append_bytes(bytes_, text(name));
    bytes_.push_back(std::byte{0});
    return at;
  }
  const Buffer& bytes() const { return bytes_; }

 private:
  Buffer bytes_ = zeroes(1);
};

WrittenSection relocation_section(const WrittenSection& target, std::uint32_t symtab,
                                  std::uint32_t info) {
  WrittenSection section{".rela" + target.name, kSectionRela, 0, 8, {}};
  for (const auto& relocation : target.relocations) append(section.data, relocation);
  section.link = symtab, section.info = info;
  return section;
}

std::pair<Buffer, Buffer> symbol_tables(const std::vector<WrittenSymbol>& symbols) {
  Strings strings;
  Buffer table = zeroes(sizeof(Symbol));
  for (const auto& symbol : symbols) {
    auto info = static_cast<std::uint8_t>(symbol.binding << 4 | symbol.type);
    auto name = symbol.name.empty() ? 0 : strings.add(symbol.name);
    append(table, Symbol{name, info, 0, symbol.section, symbol.value, 0});
  }
  return {table, strings.bytes()};
}

// Places the contents after the ELF header and appends the section headers.
Buffer write_file(const std::vector<WrittenSection>& sections) {
  Buffer file = zeroes(sizeof(ElfHeader));
  Strings names;
  std::vector<SectionHeader> headers(1);
  for (const auto& section : sections) {
    bool nobits = section.type == kSectionNobits;
    if (!nobits && section.align != 0) file.resize(align_up(file.size(), section.align));
    headers.push_back({names.add(section.name), section.type, section.flags, 0, file.size(),
                       nobits ? section.size : section.data.size(), section.link, section.info,
                       section.align, 0});
    append_bytes(file, section.data);
  }
  headers.push_back({names.add(".shstrtab"), kSectionStrtab, 0, 0, file.size(), 0, 0, 0, 1, 0});
  headers.back().size = names.bytes().size();
  append_bytes(file, names.bytes());
  file.resize(align_up(file.size(), 8));
  ElfHeader header{{0x7f, 'E', 'L', 'F', 2, 1, 1},
                   kRelocatableFile,
                   kMachine,
                   1,
                   0,
                   0,
                   file.size(),
                   0,
                   64,
                   0,
                   0,
                   64,
                   static_cast<std::uint16_t>(headers.size()),
                   static_cast<std::uint16_t>(headers.size() - 1)};
  poke(file, 0, header);
  for (const auto& entry : headers) append(file, entry);
  return file;
}

}  // namespace

Buffer zeroes(std::size_t count) {
  return Buffer(count);
}

Buffer text(std::string_view bytes) {
  auto span = as_bytes(bytes);
  return {span.begin(), span.end()};
}

std::uint32_t ModuleWriter::add_section(WrittenSection section) {
  sections_.push_back(std::move(section));
  return static_cast<std::uint32_t>(sections_.size());
}

std::uint32_t ModuleWriter::add_symbol(WrittenSymbol symbol) {
  symbols_.push_back(std::move(symbol));
  return static_cast<std::uint32_t>(symbols_.size());
}

std::uint32_t ModuleWriter::index(std::string_view name) {
  for (std::size_t at = 0; at < sections_.size(); ++at)
    if (sections_[at].name == name) return static_cast<std::uint32_t>(at + 1);
  throw std::invalid_argument("no section " + std::string(name));
}

WrittenSection& ModuleWriter::section(std::string_view name) {
  return sections_[index(name) - 1];
}

std::uint32_t ModuleWriter::symbol(std::string_view name) {
  for (std::size_t at = 0; at < symbols_.size(); ++at)
    if (symbols_[at].name == name) return static_cast<std::uint32_t>(at + 1);
  throw std::invalid_argument("no symbol " + std::string(name));
}

void ModuleWriter::relocate(std::string_view name, std::uint64_t offset, std::uint32_t type,
                            std::uint32_t symbol, std::int64_t addend) {
  section(name).relocations.push_back({offset, std::uint64_t{symbol} << 32 | type, addend});
}

Buffer ModuleWriter::finish() const {
  auto sections = sections_;
  auto relocated = std::count_if(sections_.begin(), sections_.end(),
                                 [](const auto& section) { return !section.relocations.empty(); });
  auto symtab = static_cast<std::uint32_t>(sections_.size() + relocated + 1);
  for (std::size_t at = 0; at < sections_.size(); ++at)
    if (!sections_[at].relocations.empty())
      sections.push_back(
          relocation_section(sections_[at], symtab, static_cast<std::uint32_t>(at + 1)));
  if (stripped_) return write_file(sections);
  auto [symbols, strings] = symbol_tables(symbols_);
  sections.push_back({".symtab", kSectionSymtab, 0, 8, symbols, 0, symtab + 1, 1});
  sections.push_back({".strtab", kSectionStrtab, 0, 1, strings});
  return write_file(sections);
}

KernelAbi test_kernel(const Rules& rules) {
  return {&rules, kVermagic, kStruct};
}

Buffer modinfo_bytes(const std::vector<std::string>& entries) {
  Buffer bytes;
  for (const auto& entry : entries) append_bytes(bytes, text(entry + '\0'));
  return bytes;
}

Buffer versions_bytes(const std::vector<Version>& versions) {
  Buffer bytes;
  for (const auto& version : versions) {
    append(bytes, version.crc);
    auto name = text(version.name);
    name.resize(kModuleNameMax);
    append_bytes(bytes, name);
  }
  return bytes;
}

ModuleWriter small_module(const SmallModule& shape) {
  constexpr auto kCode = kFlagAlloc | kFlagExec, kData = kFlagAlloc | kFlagWrite;
  ModuleWriter writer;
  auto init = writer.add_section({".init.text", kSectionProgbits, kCode, 16, zeroes(16)});
  auto exit = writer.add_section({".exit.text", kSectionProgbits, kCode, 16, zeroes(8)});
  writer.add_section({".text", kSectionProgbits, kCode, 16, zeroes(32)});
  writer.add_section({".rodata", kSectionProgbits, kFlagAlloc, 8, zeroes(24)});
  writer.add_section({".modinfo", kSectionProgbits, kFlagAlloc, 1, modinfo_bytes(shape.modinfo)});
  writer.add_section(
      {"__versions", kSectionProgbits, kFlagAlloc, 32, versions_bytes(shape.versions)});
  writer.add_section({".data", kSectionProgbits, kData, 32, zeroes(40)});
  Buffer module = zeroes(shape.struct_size);
  auto name = text(shape.name);
  std::copy(name.begin(), name.end(), module.begin() + kStruct.name);
  writer.add_section({".gnu.linkonce.this_module", kSectionProgbits, kData, 64, module});
  writer.add_section({".bss", kSectionNobits, kData, 32, {}, 100});
  writer.add_symbol(
      {"init_module", static_cast<std::uint16_t>(init), 0, kBindGlobal, kTypeFunction});
  writer.add_symbol(
      {"cleanup_module", static_cast<std::uint16_t>(exit), 0, kBindGlobal, kTypeFunction});
  writer.add_symbol({"printk"});
  writer.relocate(".text", 4, kRelPlt32, writer.symbol("printk"), -4);
  writer.relocate(".gnu.linkonce.this_module", kStruct.init, kRel64, writer.symbol("init_module"));
  writer.relocate(".gnu.linkonce.this_module", kStruct.exit, kRel64,
                  writer.symbol("cleanup_module"));
  return writer;
}

std::uint64_t header_at(const Buffer& file, std::uint32_t index) {
  return load<ElfHeader>(file, 0).shoff + index * sizeof(SectionHeader);
}

SectionHeader header_of(const Buffer& file, std::uint32_t index) {
  return load<SectionHeader>(file, header_at(file, index));
}

void set_header(Buffer& file, std::uint32_t index, const SectionHeader& header) {
  poke(file, header_at(file, index), header);
}

std::uint32_t section_in(const Buffer& file, std::string_view name) {
  auto header = load<ElfHeader>(file, 0);
  auto names = header_of(file, header.shstrndx).offset;
  for (std::uint32_t index = 1; index < header.shnum; ++index) {
    auto at = names + header_of(file, index).name;
    if (name == reinterpret_cast<const char*>(file.data() + at)) return index;
  }
  return 0;
}

Buffer with_signature(Buffer file, const Buffer& signature, std::uint8_t type) {
  append_bytes(file, signature);
  auto trailer = zeroes(12);
  trailer[2] = static_cast<std::byte>(type);
  poke(trailer, 8, __builtin_bswap32(static_cast<std::uint32_t>(signature.size())));
  append_bytes(file, trailer);
  append_bytes(file, text("~Module signature appended~\n"));
  return file;
}

std::vector<std::string> said(const Diagnostics& diagnostics) {
  std::vector<std::string> lines;
  for (const auto& entry : diagnostics.list()) {
    auto line = std::string(severity_name(entry.severity)) + ": ";
    line += fault_name(entry.fault);
    if (!entry.name.empty()) line += " " + std::string(entry.name);
    lines.push_back(line);
  }
  return lines;
}

}  // namespace ringside::modules::test
