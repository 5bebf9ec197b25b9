// Two tables (plain and GPL-only) of self-relative entries; a name lies in __ksymtab_strings.
#include "core/kimage/exports.hh"

#include "core/elf/name.hh"

namespace ringside::kimage {
namespace {

struct Entry {  // struct kernel_symbol with CONFIG_HAVE_ARCH_PREL32_RELOCATIONS
  std::int32_t value, name, name_space;
};

// The address that a self-relative word at `address` means.
std::uint64_t target(std::uint64_t address, std::int32_t offset) {
  return address + static_cast<std::uint64_t>(static_cast<std::int64_t>(offset));
}

}  // namespace

Result<Exports::Table> Exports::open_table(const elf::File& vmlinux, std::string_view entries,
                                           std::string_view crcs) {
  Table table;
  auto section = TRY(vmlinux.find(entries));
  if (!section) return table;
  if (section->data.size() % sizeof(Entry))
    return Error{"size is no multiple of an entry", "__ksymtab", 0, sizeof(Entry),
                 section->data.size()};
  table.address = section->address;
  table.entries = section->data;
  table.count = static_cast<std::uint32_t>(section->data.size() / sizeof(Entry));
  auto checksums = TRY(vmlinux.find(crcs));
  if (!checksums) return table;
  if (checksums->data.size() != std::uint64_t{table.count} * 4)
    return Error{"not one CRC an export", "__kcrctab", 0, std::uint64_t{table.count} * 4,
                 checksums->data.size()};
  table.crcs = checksums->data;
  return table;
}

Status Exports::open_strings(const elf::File& vmlinux) {
  auto strings = TRY(vmlinux.find("__ksymtab_strings"));
  if (!strings) return ok;
  strings_ = strings->data;
  strings_address_ = strings->address;
  return ok;
}

Result<Exports> Exports::open(const elf::File& vmlinux) {
  Exports exports;
  exports.plain_ = TRY(open_table(vmlinux, "__ksymtab", "__kcrctab"));
  exports.gpl_ = TRY(open_table(vmlinux, "__ksymtab_gpl", "__kcrctab_gpl"));
  TRY(exports.open_strings(vmlinux));
  return exports;
}

Result<std::string_view> Exports::text(std::uint64_t address) const {
  return elf::read_name(strings_, address - strings_address_, "__ksymtab_strings");
}

Result<Export> Exports::at(std::uint32_t index) const {
  if (index >= size()) return Error{"no such export", "__ksymtab", index, size(), index};
  bool gpl = index >= plain_.count;
  const Table& table = gpl ? gpl_ : plain_;
  std::uint64_t row = gpl ? index - plain_.count : index;
  auto entry = load<Entry>(table.entries, row * sizeof(Entry));
  std::uint64_t address = table.address + row * sizeof(Entry);
  Export result;
  result.gpl_only = gpl;
  result.address = target(address, entry.value);
  result.name = TRY(text(target(address + 4, entry.name)));
  if (entry.name_space) result.name_space = TRY(text(target(address + 8, entry.name_space)));
  result.has_crc = !table.crcs.empty();
  if (result.has_crc) result.crc = load<std::uint32_t>(table.crcs, row * 4);
  return result;
}

}  // namespace ringside::kimage
