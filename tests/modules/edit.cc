// Offsets into the file are found by names each time: files are small, and a kind does a few edits.
#include "tests/modules/edit.hh"

#include <algorithm>
#include <stdexcept>
#include <string>

namespace ringside::modules::test {
namespace {

[[noreturn]] void absent(const char* what, std::string_view name) {
  throw std::invalid_argument(std::string("no ") + what + " " + std::string(name));
}

void append_bytes(Buffer& out, const Buffer& bytes) {
  out.insert(out.end(), bytes.begin(), bytes.end());
}

// Appends `name` to the string table in section `index`; the offset that it has there.
std::uint32_t add_string(Buffer& file, std::uint32_t index, std::string_view name) {
  auto header = header_of(file, index);
  auto from = file.begin() + static_cast<std::ptrdiff_t>(header.offset);
  Buffer strings(from, from + static_cast<std::ptrdiff_t>(header.size));
  auto at = static_cast<std::uint32_t>(strings.size());
  append_bytes(strings, text(name));
  strings.push_back(std::byte{0});
  set_contents(file, index, strings);
  return at;
}

}  // namespace

std::uint32_t need_section(const Buffer& file, std::string_view name) {
  auto index = section_in(file, name);
  if (index == 0) absent("section", name);
  return index;
}

Buffer contents_of(const Buffer& file, std::string_view section) {
  auto header = header_of(file, need_section(file, section));
  auto from = file.begin() + static_cast<std::ptrdiff_t>(header.offset);
  return {from, from + static_cast<std::ptrdiff_t>(header.size)};
}

void set_contents(Buffer& file, std::uint32_t index, const Buffer& contents) {
  file.resize(align_up(file.size(), 64));
  edit_section(file, index, [&](SectionHeader& header) {
    header.offset = file.size();
    header.size = contents.size();
  });
  append_bytes(file, contents);
}

std::uint32_t add_section(Buffer& file, std::string_view name, SectionHeader header,
                          const Buffer& contents) {
  header.name = add_string(file, load<ElfHeader>(file, 0).shstrndx, name);
  header.offset = file.size(), header.size = contents.size();
  append_bytes(file, contents);
  auto elf = load<ElfHeader>(file, 0);
  auto from = file.begin() + static_cast<std::ptrdiff_t>(elf.shoff);
  Buffer table(from, from + elf.shnum * static_cast<std::ptrdiff_t>(sizeof(SectionHeader)));
  table.resize(table.size() + sizeof(SectionHeader));
  poke(table, table.size() - sizeof(SectionHeader), header);
  file.resize(align_up(file.size(), 64));
  elf.shoff = file.size();
  append_bytes(file, table);
  poke(file, 0, elf);
  edit_header(file, [](ElfHeader& grown) { ++grown.shnum; });
  return elf.shnum;
}

void rename_section(Buffer& file, std::string_view from, std::string_view to) {
  auto name = add_string(file, load<ElfHeader>(file, 0).shstrndx, to);
  edit_section(file, from, [&](SectionHeader& header) { header.name = name; });
}

std::uint64_t symbol_at(const Buffer& file, std::string_view name) {
  auto table = header_of(file, need_section(file, ".symtab"));
  auto strings = header_of(file, table.link).offset;
  for (auto at = table.offset; at < table.offset + table.size; at += sizeof(Symbol)) {
    auto text = reinterpret_cast<const char*>(file.data()) + strings;
    if (name == text + load<Symbol>(file, at).name) return at;
  }
  absent("symbol", name);
}

void rename_symbol(Buffer& file, std::string_view from, std::string_view to) {
  auto at = symbol_at(file, from);
  auto name = add_string(file, header_of(file, need_section(file, ".symtab")).link, to);
  auto symbol = load<Symbol>(file, at);
  symbol.name = name;
  poke(file, at, symbol);
}

std::uint64_t relocation_at(const Buffer& file, std::string_view section, std::uint32_t row) {
  auto table = header_of(file, need_section(file, ".rela" + std::string(section)));
  if (row >= table.size / sizeof(Relocation)) absent("relocation in", section);
  return table.offset + row * sizeof(Relocation);
}

std::string modinfo_of(const Buffer& file, std::string_view key) {
  auto section = contents_of(file, ".modinfo");
  auto value = Modinfo(section).find(key);
  if (!value) absent("entry in .modinfo:", key);
  return std::string(*value);
}

void set_modinfo(Buffer& file, std::string_view key, std::optional<std::string_view> value) {
  auto head = std::string(key) + "=";
  auto entry = value ? text(head + std::string(*value) + '\0') : Buffer();
  Buffer changed;
  bool found = false;
  auto old = contents_of(file, ".modinfo");
  for (auto from = old.begin(); from != old.end();) {
    auto end = std::find(from, old.end(), std::byte{0}) + 1;
    bool is_key = std::string_view(reinterpret_cast<const char*>(&*from)).starts_with(head);
    if (!is_key) changed.insert(changed.end(), from, end);
    if (is_key && !found) append_bytes(changed, entry);
    found |= is_key;
    from = end;
  }
  if (!found && !value) absent("entry in .modinfo:", key);
  if (!found) append_bytes(changed, entry);
  set_contents(file, need_section(file, ".modinfo"), changed);
}

void replace_text(Buffer& file, std::string_view from, std::string_view to) {
  if (from.size() != to.size()) throw std::invalid_argument("texts of two lengths");
  auto wanted = text(from), put = text(to);
  bool found = false;
  auto at = file.begin();
  while ((at = std::search(at, file.end(), wanted.begin(), wanted.end())) != file.end())
    at = std::copy(put.begin(), put.end(), at), found = true;
  if (!found) absent("text", from);
}

std::uint64_t version_at(const Buffer& file, std::string_view symbol) {
  constexpr std::uint64_t kEntry = sizeof(std::uint64_t) + kModuleNameMax;
  auto header = header_of(file, need_section(file, "__versions"));
  for (auto at = header.offset; at < header.offset + header.size; at += kEntry)
    if (symbol == reinterpret_cast<const char*>(file.data()) + at + 8) return at;
  absent("version of", symbol);
}

}  // namespace ringside::modules::test
