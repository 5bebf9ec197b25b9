// Reading is one pass over the section header table: every offset and size is checked against the
// file before a span of it leaves this room.
#include "core/elf/file.hh"

#include "core/elf/name.hh"

namespace ringside::elf {
namespace {

constexpr std::uint32_t kNoBits = 8;                    // SHT_NOBITS
constexpr std::uint64_t kClassData = 0x0102'464c'457f;  // "\x7fELF", ELFCLASS64, ELFDATA2LSB

Result<Bytes> contents(Bytes file, const SectionHeader& header) {
  if (header.type == kNoBits) return Bytes{};
  return slice(file, header.offset, header.size, "section");
}

}  // namespace

Result<ElfHeader> read_header(Bytes file) {
  auto header = TRY(read<ElfHeader>(file, 0, "ELF header"));
  std::uint64_t magic = load<std::uint64_t>(file, 0) & 0xffff'ffff'ffff;
  if (magic != kClassData)
    return Error{"not a little-endian ELF64 file", "ELF header", 0, kClassData, magic};
  if (header.shentsize != sizeof(SectionHeader))
    return Error{"wrong section header size", "ELF header", 58, sizeof(SectionHeader),
                 header.shentsize};
  return header;
}

Result<File> File::open(Bytes file) {
  auto header = TRY(read_header(file));
  File result;
  result.file_ = file;
  result.machine_ = header.machine;
  result.type_ = header.type;
  result.count_ = header.shnum;
  result.table_ = header.shoff;
  TRY(slice(file, header.shoff, std::uint64_t{header.shnum} * sizeof(SectionHeader),
            "section header table"));
  if (header.shstrndx >= header.shnum)
    return Error{"no such section", "e_shstrndx", 62, header.shnum, header.shstrndx};
  auto names = load<SectionHeader>(file, header.shoff + header.shstrndx * sizeof(SectionHeader));
  result.names_ = TRY(contents(file, names));
  return result;
}

Result<Section> File::section(std::uint32_t index) const {
  if (index >= count_)
    return Error{"no such section", "section header table", index, count_, index};
  auto header = load<SectionHeader>(file_, table_ + index * sizeof(SectionHeader));
  Section section;
  section.name = TRY(read_name(names_, header.name, "section names"));
  section.type = header.type;
  section.flags = header.flags;
  section.address = header.address;
  section.size = header.size;
  section.data = TRY(contents(file_, header));
  return section;
}

Result<std::optional<Section>> File::find(std::string_view name) const {
  for (std::uint32_t index = 0; index < count_; ++index) {
    auto section = TRY(this->section(index));
    if (section.name == name) return std::optional(section);
  }
  return std::optional<Section>();
}

Result<std::optional<Section>> File::covering(std::uint64_t address) const {
  for (std::uint32_t index = 0; index < count_; ++index) {
    auto section = TRY(this->section(index));
    if (section.address && fits(address - section.address, 1, section.data.size()))
      return std::optional(section);
  }
  return std::optional<Section>();
}

}  // namespace ringside::elf
