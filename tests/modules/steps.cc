// Each looks up anew what it changes, as edits do (edit.hh).
#include "tests/modules/steps.hh"

#include <algorithm>

namespace ringside::modules::test {
namespace {

// Lets `file`, the provider, need `name`, an export with the first CRC of the table in `other`.
void add_need(Buffer& file, const Buffer& other, std::string_view name) {
  constexpr std::string_view kUndefinedOne = "__x86_return_thunk";
  auto at = symbol_at(file, kUndefinedOne) - header_of(file, need_section(file, ".symtab")).offset;
  auto symbols = contents_of(file, ".symtab");
  rename_symbol(file, kUndefinedOne, name);
  auto named = load<Symbol>(contents_of(file, ".symtab"), at);
  symbols.resize(symbols.size() + sizeof(Symbol));
  poke(symbols, symbols.size() - sizeof(Symbol), named);  // the other keeps its name
  set_contents(file, need_section(file, ".symtab"), symbols);
  auto versions = contents_of(file, "__versions");
  auto added = versions_bytes({{load<std::uint32_t>(contents_of(other, "__kcrctab"), 0), name}});
  versions.insert(versions.end(), added.begin(), added.end());
  set_contents(file, need_section(file, "__versions"), versions);
}

}  // namespace

void name_module(Buffer& file, std::string_view name) {
  auto at = header_of(file, need_section(file, kThisModule)).offset + 24;  // on both
  for (std::size_t letter = 0; letter < kModuleNameMax; ++letter)
    poke(file, at + letter, letter < name.size() ? name[letter] : '\0');
}

void change_crc(Files& files, std::string_view name, std::uint64_t change) {
  auto at = version_at(files.subject, name);
  poke(files.subject, at, load<std::uint64_t>(files.subject, at) ^ change);
}

void rename_version(Files& files, std::string_view from, std::string_view to) {
  auto at = version_at(files.subject, from) + sizeof(std::uint64_t);
  for (std::size_t letter = 0; letter < kModuleNameMax; ++letter)
    poke(files.subject, at + letter, letter < to.size() ? to[letter] : '\0');
}

void close_circle(Files& files) {
  add_need(files.provider, files.subject, "ringside_subject");
}

void add_proprietary_base(Files& files) {
  files.base = files.provider;
  replace_text(files.base, "ringside_provide", "ringside_bedrock");
  set_modinfo(files.base, "license", "Proprietary");
  add_need(files.provider, files.base, "ringside_bedrock");
}

void swap_exports(Files& files) {
  constexpr std::uint64_t kEntry = 12;
  for (std::uint32_t row = 0; row < 6; ++row)
    edit_relocation(files.provider, "__ksymtab", row, [](Relocation& r) {
      r.offset = r.offset < kEntry ? r.offset + kEntry : r.offset - kEntry;
    });
  auto crcs = contents_of(files.provider, "__kcrctab");
  std::swap_ranges(crcs.begin(), crcs.begin() + 4, crcs.begin() + 4);
  set_contents(files.provider, need_section(files.provider, "__kcrctab"), crcs);
}

void call_statically(Files& files) {
  auto& file = files.subject;
  auto table = need_section(file, ".symtab");
  auto symbol =
      (symbol_at(file, "kobject_create_and_add") - header_of(file, table).offset) / sizeof(Symbol);
  SectionHeader sites{};
  sites.type = kSectionProgbits, sites.flags = kFlagAlloc | kFlagWrite, sites.align = 4;
  auto section = add_section(file, ".static_call_sites", sites, zeroes(8));
  SectionHeader records{};
  records.type = kSectionRela, records.align = 8, records.link = table, records.info = section;
  Buffer record(sizeof(Relocation));
  poke(record, 0, Relocation{4, symbol << 32 | kRelPc32, -8});
  add_section(file, ".rela.static_call_sites", records, record);
}

}  // namespace ringside::modules::test
