// Edits of a module that a compiler made: each changes one thing and leaves the rest as it was.
// What grows goes to the end of the file, so that no other offset moves. All of them throw
// std::invalid_argument where the file has not what is to be changed: a kind that changes nothing
// would test nothing.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "tests/unit/module_writer.hh"

namespace ringside::modules::test {

// The index of the section of that name.
std::uint32_t need_section(const Buffer& file, std::string_view name);

// Changes one field: edit_header(file, [](ElfHeader& header) { header.type = 2; }).
template <class Edit>
void edit_header(Buffer& file, Edit edit) {
  auto header = load<ElfHeader>(file, 0);
  edit(header);
  poke(file, 0, header);
}
template <class Edit>
void edit_section(Buffer& file, std::uint32_t index, Edit edit) {
  auto header = header_of(file, index);
  edit(header);
  set_header(file, index, header);
}
template <class Edit>
void edit_section(Buffer& file, std::string_view name, Edit edit) {
  edit_section(file, need_section(file, name), edit);
}

Buffer contents_of(const Buffer& file, std::string_view section);
// Puts `contents` at the end of the file and lets section `index` be them.
void set_contents(Buffer& file, std::uint32_t index, const Buffer& contents);
// Appends a section; offset, size and name of `header` are filled in. Returns its index.
std::uint32_t add_section(Buffer& file, std::string_view name, SectionHeader header,
                          const Buffer& contents);
// The section gets another name.
void rename_section(Buffer& file, std::string_view from, std::string_view to);

// The byte offset in the file of the symbol of that name.
std::uint64_t symbol_at(const Buffer& file, std::string_view name);
template <class Edit>
void edit_symbol(Buffer& file, std::string_view name, Edit edit) {
  auto at = symbol_at(file, name);
  auto symbol = load<Symbol>(file, at);
  edit(symbol);
  poke(file, at, symbol);
}
void rename_symbol(Buffer& file, std::string_view from, std::string_view to);

// Changes record `row` of the relocations against `section`.
std::uint64_t relocation_at(const Buffer& file, std::string_view section, std::uint32_t row);
template <class Edit>
void edit_relocation(Buffer& file, std::string_view section, std::uint32_t row, Edit edit) {
  auto at = relocation_at(file, section, row);
  auto relocation = load<Relocation>(file, at);
  edit(relocation);
  poke(file, at, relocation);
}

// The value of the first entry of .modinfo with that key.
std::string modinfo_of(const Buffer& file, std::string_view key);
// Every entry of .modinfo that starts with `key=` becomes `key=value`, or goes; where there is none
// and a value is given, an entry is added.
void set_modinfo(Buffer& file, std::string_view key, std::optional<std::string_view> value);
// Puts `to` in place of every `from`, which is as long.
void replace_text(Buffer& file, std::string_view from, std::string_view to);
// The byte offset in the file of the entry in __versions for that symbol.
std::uint64_t version_at(const Buffer& file, std::string_view symbol);

}  // namespace ringside::modules::test
