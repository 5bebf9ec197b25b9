// One walk over the section table for addresses, symbols and the build-id, a second one for the
// debug sections, each of which is unpacked, then relocated if it has to be.
#include "user/lines/debug_file.hh"

#include <elf.h>
#include <fmt/format.h>

#include "core/base/packing.hh"
#include "core/dwarf/relocate.hh"
#include "core/elf/note.hh"
#include "core/lines/format.hh"
#include "user/compress/unpack.hh"
#include "user/kimage/image.hh"

namespace ringside::lines {
namespace {

// The first section of a module lies here: not at 0, which is where discarded code is said to be.
constexpr std::uint64_t kFirstAddress = 0x1000, kAlignment = 16;

struct Wanted {
  std::string_view name;
  Bytes dwarf::Sections::*section;
};
constexpr Wanted kWanted[] = {
    {".debug_info", &dwarf::Sections::info},
    {".debug_aranges", &dwarf::Sections::aranges},
    {".debug_abbrev", &dwarf::Sections::abbrev},
    {".debug_line", &dwarf::Sections::line},
    {".debug_ranges", &dwarf::Sections::ranges},
    {".debug_rnglists", &dwarf::Sections::rnglists},
    {".debug_str", &dwarf::Sections::str},
    {".debug_line_str", &dwarf::Sections::line_str},
    {".debug_str_offsets", &dwarf::Sections::str_offsets},
    {".debug_addr", &dwarf::Sections::addr},
};

const Wanted* wanted(std::string_view name) {
  for (const auto& each : kWanted)
    if (each.name == name) return &each;
  return nullptr;
}

}  // namespace

Failure DebugFile::unreadable(const Error& error) const {
  return {describe(error, source_) + ": copy or install the debug file again"};
}

Outcome<DebugFile> DebugFile::map(const std::filesystem::path& path) {
  DebugFile file;
  file.source_ = path.string();
  file.mapped_ = TRY(MappedFile::open(path));
  file.file_ = file.mapped_->bytes();
  auto packing = packing_of(file.file_);
  if (packing != Packing::kNone) {
    file.whole_ = TRY(compress::unpack(file.file_, packing, file.source_));
    file.file_ = std::as_const(file.whole_).bytes();
  }
  return file;
}

Outcome<DebugFile> DebugFile::open(const std::filesystem::path& path) {
  auto file = TRY(map(path));
  TRY(file.read());
  return file;
}

Outcome<std::string> DebugFile::build_id_of(const std::filesystem::path& path) {
  auto file = TRY(map(path));
  file.read_build_id(TRY(file.read_table()));
  return file.build_id_;
}

Outcome<std::vector<elf::Section>> DebugFile::read_table() const {
  auto elf = elf::File::open(file_);
  if (!elf) return unreadable(elf.error());
  std::vector<elf::Section> table;
  for (std::uint32_t i = 0; i < elf->section_count(); ++i) {
    auto section = elf->section(i);
    if (!section) return unreadable(section.error());
    table.push_back(*section);
  }
  return table;
}

void DebugFile::place_sections(const std::vector<elf::Section>& table) {
  auto next = kFirstAddress;
  for (const auto& section : table) {
    if (section.type == SHT_SYMTAB) symbols_ = section.data;
    auto address = section.address;
    bool is_code = (section.flags & SHF_EXECINSTR) && (section.flags & SHF_ALLOC) && section.size;
    if (is_code && relocatable_) {
      address = next;
      next = align_up(next + section.size, kAlignment);
    }
    addresses_.push_back(address);
    if (is_code && !section.name.empty() && section.name.size() <= ksyms::kMaxName)
      code_.push_back({section.name, address, section.size});
  }
}

void DebugFile::read_build_id(const std::vector<elf::Section>& table) {
  for (const auto& section : table) {
    if (section.type != SHT_NOTE) continue;
    auto id = elf::build_id_note(section.data);
    if (!id || !*id || (*id)->size() > kMaxBuildId) continue;
    build_id_ = kimage::to_hex(**id);
    return;
  }
}

// The section's contents; `held_` keeps them where they are not the file's own.
Outcome<Bytes> DebugFile::unpacked(const elf::Section& section) {
  if (!(section.flags & SHF_COMPRESSED)) return section.data;
  auto header = ringside::read<Elf64_Chdr>(section.data, 0, "compressed section");
  if (!header) return unreadable(header.error());
  auto packing = header->ch_type == ELFCOMPRESS_ZLIB ? Packing::kGzip : Packing::kZstd;
  constexpr std::uint32_t kZstdType = 2;  // ELFCOMPRESS_ZSTD, which elf.h of Debian 12 lacks
  constexpr std::uint64_t kLimit = 0xffff'ffff;
  if ((header->ch_type != ELFCOMPRESS_ZLIB && header->ch_type != kZstdType) ||
      header->ch_size >= kLimit)
    return Failure{fmt::format("{}: {} is compressed in a way that is not known (type {})", source_,
                               section.name, header->ch_type)};
  held_.push_back(
      TRY(compress::unpack(section.data.subspan(sizeof(*header)), packing,
                           fmt::format("{}: {}", source_, section.name), header->ch_size)));
  return std::as_const(held_.back()).bytes();
}

// Debug section number `at`, unpacked and relocated.
Outcome<Nothing> DebugFile::read_debug(const std::vector<elf::Section>& table, std::size_t at) {
  const auto* target = wanted(table[at].name);
  if (!target || table[at].type == SHT_NOBITS) return ok;
  auto held = held_.size();
  auto contents = TRY(unpacked(table[at]));
  std::string relocations_name = ".rela" + std::string(table[at].name);
  for (const auto& section : table) {
    if (!relocatable_ || section.type != SHT_RELA || section.name != relocations_name ||
        contents.empty())
      continue;
    auto relocations = TRY(unpacked(section));
    // What was unpacked is ours to change; the file's bytes are not.
    if (contents.data() == table[at].data.data()) {
      held = held_.size();
      held_.emplace_back(contents.size());
      std::memcpy(held_.back().data(), contents.data(), contents.size());
    }
    auto relocated = dwarf::relocate(relocations, symbols_, addresses_, held_[held].bytes());
    if (!relocated) return unreadable(relocated.error());
    contents = held_[held].bytes();
  }
  sections_.*target->section = contents;
  return ok;
}

Outcome<Nothing> DebugFile::read() {
  auto table = TRY(read_table());
  auto header = load<Elf64_Ehdr>(file_, 0);
  relocatable_ = header.e_type == ET_REL;
  if (relocatable_ && header.e_machine != EM_X86_64)
    return Failure{source_ + ": debug information of a module that is not for x86-64"};
  place_sections(table);
  read_build_id(table);
  for (std::size_t at = 0; at < table.size(); ++at) TRY(read_debug(table, at));
  if (!sections_.info.empty()) return ok;
  return Failure{source_ + ": no debug information in it: install the kernel's -dbg package"};
}

}  // namespace ringside::lines
