// Self-relative words and offsets are worked out from the addresses that the caller names; nothing
// is relocated afterwards. Kallsyms names are packed with a table of the commonest pairs of
// letters, which is what the kernel's table begins with.
#include "tests/unit/image_writer.hh"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <map>
#include <numeric>

#include "core/elf/records.hh"

namespace ringside::test {
namespace {

constexpr std::uint32_t kNoBits = 8, kNote = 7;

struct Placed {
  const SectionSpec* section;
  std::uint64_t name, offset;
};

void put_section_header(ByteWriter& out, const Placed& placed) {
  const auto& section = *placed.section;
  out.put(static_cast<std::uint32_t>(placed.name));
  out.put(section.type);
  out.put(std::uint64_t{2});  // SHF_ALLOC
  out.put(section.address);
  out.put(placed.offset);
  out.put(section.type == kNoBits ? section.size : std::uint64_t{section.data.size()});
  for (std::uint64_t word : {0, 1, 0}) out.put(word);  // link and info, alignment, entry size
}

void poke_elf_header(Buffer& file, std::uint64_t table, std::size_t sections) {
  constexpr unsigned char kIdent[] = {0x7f, 'E', 'L', 'F', 2, 1, 1};
  std::memcpy(file.data(), kIdent, sizeof(kIdent));
  poke<std::uint16_t>(file, 16, 2);   // ET_EXEC
  poke<std::uint16_t>(file, 18, 62);  // EM_X86_64
  poke<std::uint32_t>(file, 20, 1);
  poke<std::uint64_t>(file, 40, table);
  poke<std::uint16_t>(file, 52, 64);
  poke<std::uint16_t>(file, 58, kSectionHeader);
  poke<std::uint16_t>(file, 60, static_cast<std::uint16_t>(sections));
  poke<std::uint16_t>(file, 62, static_cast<std::uint16_t>(sections - 1));
}

// Codes to what they stand for; a printable letter stands for itself.
using Tokens = std::array<std::string, 256>;

Tokens tokens_for(const std::vector<SymbolSpec>& symbols) {
  std::map<std::string, std::size_t> uses;
  for (const auto& symbol : symbols)
    for (std::size_t at = 0; at + 2 <= symbol.name.size(); ++at) ++uses[symbol.name.substr(at, 2)];
  std::vector<std::pair<std::size_t, std::string>> pairs;
  for (const auto& [pair, count] : uses) pairs.emplace_back(count, pair);
  std::sort(pairs.rbegin(), pairs.rend());
  Tokens tokens;
  std::size_t next = 0;
  for (int code = 0; code < 256; ++code) {
    bool letter = code > ' ' && code < 0x7f;
    tokens[code] = letter                ? std::string(1, static_cast<char>(code))
                   : next < pairs.size() ? pairs[next++].second
                                         : "~~";
  }
  return tokens;
}

std::string encode(const std::string& text, const std::map<std::string, char>& codes) {
  std::string packed;
  for (std::size_t at = 0; at < text.size();) {
    auto pair = codes.find(text.substr(at, 2));
    bool found = at + 2 <= text.size() && pair != codes.end();
    packed += found ? pair->second : text[at];
    at += found ? 2 : 1;
  }
  return packed;
}

// kallsyms_num_syms, kallsyms_names, kallsyms_markers.
void put_names(ByteWriter& out, const std::vector<SymbolSpec>& symbols, const Tokens& tokens) {
  std::map<std::string, char> codes;
  for (int code = 0; code < 256; ++code)
    if (tokens[code].size() == 2) codes.emplace(tokens[code], static_cast<char>(code));
  out.put(static_cast<std::uint32_t>(symbols.size()));
  out.align(8);
  std::vector<std::uint32_t> markers;
  auto start = out.size();
  for (std::size_t index = 0; index < symbols.size(); ++index) {
    if (index % 256 == 0) markers.push_back(static_cast<std::uint32_t>(out.size() - start));
    auto packed = encode(symbols[index].type + symbols[index].name, codes);
    if (packed.size() < 0x80)
      out.put(static_cast<std::uint8_t>(packed.size()));
    else
      out.put(static_cast<std::uint16_t>((packed.size() & 0x7f) | 0x80 | packed.size() >> 7 << 8));
    out.put_text(packed);
  }
  out.align(8);
  for (auto marker : markers) out.put(marker);
  out.align(8);
}

// kallsyms_seqs_of_names: the symbols' indices in the order of their names, three bytes each.
void put_sequences(ByteWriter& out, const std::vector<SymbolSpec>& symbols) {
  std::vector<std::uint32_t> order(symbols.size());
  std::iota(order.begin(), order.end(), 0u);
  std::sort(order.begin(), order.end(),
            [&](auto a, auto b) { return symbols[a].name < symbols[b].name; });
  for (auto index : order)
    for (int shift : {16, 8, 0}) out.put(static_cast<std::uint8_t>(index >> shift));
  out.align(8);
}

void put_tokens(ByteWriter& out, const Tokens& tokens) {
  std::vector<std::uint16_t> starts;
  auto start = out.size();
  for (const auto& token : tokens) {
    starts.push_back(static_cast<std::uint16_t>(out.size() - start));
    out.put_string(token);
  }
  out.align(8);
  for (auto offset : starts) out.put(offset);
  out.align(8);
}

// kallsyms_offsets and kallsyms_relative_base.
void put_addresses(ByteWriter& out, const std::vector<SymbolSpec>& symbols,
                   const KallsymsSpec& spec) {
  for (const auto& symbol : symbols) {
    bool absolute = spec.percpu_absolute && symbol.address < spec.base;
    auto offset = symbol.address - spec.base;
    if (absolute) offset = symbol.address;
    if (spec.percpu_absolute && !absolute) offset = spec.base - 1 - symbol.address;
    out.put(static_cast<std::uint32_t>(offset));
  }
  out.align(8);
  out.put(spec.base);
}

std::uint32_t relative(std::uint64_t target, std::uint64_t place) {
  return static_cast<std::uint32_t>(target - place);
}

// __ksymtab or __ksymtab_gpl at `address`, and its CRCs, out of those exports that belong there.
void add_export_table(std::vector<SectionSpec>& sections, const std::vector<ExportSpec>& exports,
                      bool gpl, std::uint64_t address, ByteWriter& strings,
                      std::uint64_t strings_at) {
  ByteWriter entries, crcs;
  auto put_name = [&](const std::string& name) {
    entries.put(relative(strings_at + strings.size(), address + entries.size()));
    strings.put_string(name);
  };
  for (const auto& entry : exports) {
    if (entry.gpl_only != gpl) continue;
    entries.put(relative(entry.address, address + entries.size()));
    put_name(entry.name);
    if (entry.name_space.empty())
      entries.put(std::uint32_t{0});
    else
      put_name(entry.name_space);
    crcs.put(entry.crc);
  }
  std::string suffix = gpl ? "_gpl" : "";
  sections.push_back({"__ksymtab" + suffix, address, entries.take()});
  sections.push_back({"__kcrctab" + suffix, 0, crcs.take()});
}

}  // namespace

Buffer elf_file(const std::vector<SectionSpec>& given) {
  auto sections = given;
  sections.insert(sections.begin(), SectionSpec{"", 0, {}, 0});
  sections.push_back({".shstrtab", 0, {}, 3});
  ByteWriter names, out;
  std::vector<Placed> placed;
  for (const auto& section : sections) {
    placed.push_back({&section, names.size(), 0});
    names.put_string(section.name);
  }
  sections.back().data = names.take();
  out.put_bytes(Buffer(64));
  for (auto& place : placed) {
    out.align(8);
    place.offset = out.size();
    out.put_bytes(place.section->data);
  }
  out.align(8);
  auto table = out.size();
  for (const auto& place : placed) put_section_header(out, place);
  auto file = out.take();
  poke_elf_header(file, table, sections.size());
  return file;
}

Buffer loadable_kernel(const std::vector<std::vector<std::uint32_t>>& lists) {
  constexpr std::uint64_t kText = 0x1000, kData = 0x2000, kPart = 0x1000, kSections = 0x3000;
  constexpr std::uint64_t kMapped = 0xffff'ffff'8000'0000;
  ByteWriter out;
  out.put_bytes(Buffer(64));
  for (auto offset : {kText, kData}) {
    auto physical = kLoadBase + offset - kText;
    out.put(elf::ProgramHeader{1, 0, offset, kMapped + physical, physical, kPart,
                               offset == kData ? 2 * kPart : kPart, 0x20'0000});
  }
  out.align(kText);
  for (std::uint32_t word = 0; out.size() < kSections; ++word) out.put(word);
  for (const auto& list : lists) {
    out.put(0u);
    for (auto address : list) out.put(address);
  }
  auto file = out.take();
  poke_elf_header(file, kSections, 0);
  poke(file, offsetof(elf::ElfHeader, entry), kLoadBase + 0x10);
  poke(file, offsetof(elf::ElfHeader, phoff), std::uint64_t{64});
  poke<std::uint16_t>(file, offsetof(elf::ElfHeader, phentsize), sizeof(elf::ProgramHeader));
  poke<std::uint16_t>(file, offsetof(elf::ElfHeader, phnum), 2);
  return file;
}

std::uint64_t section_header_at(Bytes elf, std::uint32_t index) {
  return load<std::uint64_t>(elf, 40) + index * kSectionHeader;
}

Buffer note(std::string_view name, std::uint32_t type, Bytes description) {
  ByteWriter out;
  out.put(static_cast<std::uint32_t>(name.size() + 1));
  out.put(static_cast<std::uint32_t>(description.size()));
  out.put(type);
  out.put_string(name);
  out.align(4);
  out.put_bytes(description);
  out.align(4);
  return out.take();
}

std::vector<SymbolSpec> kernel_symbols(std::size_t count, bool percpu_absolute) {
  constexpr std::uint64_t kText = 0xffff'ffff'8100'0000;
  std::vector<SymbolSpec> symbols;
  for (std::size_t index = 0; index < count; ++index) {
    bool absolute = percpu_absolute && index < 8;
    auto address = absolute ? index * 0x1000 : kText + index * 0x40;
    symbols.push_back({address,
                       absolute    ? 'A'
                       : index % 3 ? 't'
                                   : 'T',
                       fmt::format("{}_symbol_{}", index % 2 ? "sys" : "vfs", index)});
  }
  return symbols;
}

Buffer kallsyms_tables(const std::vector<SymbolSpec>& symbols, const KallsymsSpec& spec) {
  ByteWriter out;
  auto tokens = tokens_for(symbols);
  bool since_64 = spec.layout == KallsymsLayout::kSince64;
  if (!since_64) put_addresses(out, symbols, spec);
  put_names(out, symbols, tokens);
  if (spec.layout == KallsymsLayout::kBefore64) put_sequences(out, symbols);
  put_tokens(out, tokens);
  if (since_64) {
    put_addresses(out, symbols, spec);
    put_sequences(out, symbols);
  }
  return out.take();
}

std::vector<SectionSpec> export_sections(const std::vector<ExportSpec>& exports,
                                         std::uint64_t address) {
  constexpr std::uint64_t kRoom = 0x10000;
  std::vector<SectionSpec> sections;
  ByteWriter strings;
  auto strings_at = address + 2 * kRoom;
  add_export_table(sections, exports, false, address, strings, strings_at);
  add_export_table(sections, exports, true, address + kRoom, strings, strings_at);
  sections.push_back({"__ksymtab_strings", strings_at, strings.take()});
  return sections;
}

std::vector<SectionSpec> orc_sections(const std::vector<OrcSpec>& entries, std::uint64_t address,
                                      bool typed) {
  ByteWriter ips, unwind;
  for (const auto& entry : entries) {
    ips.put(relative(entry.ip, address + ips.size()));
    unwind.put(entry.sp_offset);
    unwind.put(entry.bp_offset);
    unwind.put(entry.bits);
  }
  std::vector<SectionSpec> sections = {{".orc_unwind_ip", address, ips.take()},
                                       {".orc_unwind", 0, unwind.take()}};
  if (typed) sections.push_back({".orc_header", 0, Buffer(20)});
  return sections;
}

std::uint32_t BtfWriter::string(std::string_view text) {
  if (!strings_.size()) strings_.put('\0');
  if (text.empty()) return 0;
  auto at = static_cast<std::uint32_t>(strings_.size());
  strings_.put_string(text);
  return base_strings_ + at;
}

std::uint32_t BtfWriter::add(kimage::BtfKind kind, std::string_view name,
                             std::uint32_t size_or_type, std::uint32_t members,
                             std::initializer_list<std::uint32_t> words, bool flag) {
  types_.put(string(name));
  types_.put(std::uint32_t{flag} << 31 | static_cast<std::uint32_t>(kind) << 24 | members);
  types_.put(size_or_type);
  for (auto word : words) types_.put(word);
  return ++count_;
}

Buffer BtfWriter::write() {
  ByteWriter out;
  auto types = types_.take(), strings = strings_.take();
  auto type_size = static_cast<std::uint32_t>(types.size());
  out.put(std::uint32_t{0x0001'eb9f});  // magic, version 1, no flags
  for (std::uint32_t word :
       {24u, 0u, type_size, type_size, static_cast<std::uint32_t>(strings.size())})
    out.put(word);
  out.put_bytes(types);
  out.put_bytes(strings);
  return out.take();
}

Buffer bzimage(std::string_view version, Bytes payload, std::optional<std::uint32_t> size_word) {
  constexpr std::uint32_t kSetup = 1024, kVersionAt = 0x300, kPayloadOffset = 0x40;
  Buffer file(kSetup + kPayloadOffset);
  file.insert(file.end(), payload.begin(), payload.end());
  if (size_word) {
    file.resize(file.size() + 4);
    poke(file, file.size() - 4, *size_word);
  }
  poke<std::uint8_t>(file, 0x1f1, 1);
  poke<std::uint16_t>(file, 0x1fe, 0xaa55);
  poke<std::uint32_t>(file, 0x202, 0x53726448);
  poke<std::uint16_t>(file, 0x206, 0x020f);
  poke<std::uint16_t>(file, 0x20e, kVersionAt - 0x200);
  poke<std::uint32_t>(file, 0x248, kPayloadOffset);
  poke(file, 0x24c, static_cast<std::uint32_t>(file.size() - kSetup - kPayloadOffset));
  std::memcpy(file.data() + kVersionAt, version.data(), version.size());
  return file;
}

Buffer vmlinux(std::string_view release, const std::vector<SymbolSpec>& symbols,
               const KallsymsSpec& spec) {
  ByteWriter rodata, notes;
  rodata.put_string(fmt::format("Linux version {} (made@test) #1", release));
  rodata.align(4096);
  rodata.put_bytes(kallsyms_tables(symbols, spec));
  notes.put_bytes(note("Linux", 0x101, as_bytes("pair")));
  notes.put_bytes(note("GNU", 3, as_bytes("0123456789abcdefghij")));
  BtfWriter btf;
  auto integer = btf.add(kimage::BtfKind::kInt, "int", 4, 0, {32});
  btf.add(kimage::BtfKind::kStruct, "pair", 8, 2,
          {btf.string("a"), integer, 0, btf.string("b"), integer, 32});
  std::vector<SectionSpec> sections = {{".text", 0xffff'ffff'8100'0000, Buffer(64)},
                                       {".bss", 0xffff'ffff'8300'0000, {}, kNoBits, 4096},
                                       {".rodata", 0xffff'ffff'8200'0000, rodata.take()},
                                       {".notes", 0xffff'ffff'8280'0000, notes.take(), kNote},
                                       {".BTF", 0, btf.write()}};
  auto exports = export_sections({{"alpha", "", 0xffff'ffff'8100'0010, 0x1111, false},
                                  {"beta", "SPACE", 0xffff'ffff'8100'0020, 0x2222, true}},
                                 0xffff'ffff'8290'0000);
  auto orc = orc_sections(
      {{0xffff'ffff'8100'0000, 8, 0, 5 | 2 << 8}, {0xffff'ffff'8100'0004, 16, -16, 5 | 2 << 8}},
      0xffff'ffff'82a0'0000, true);
  sections.insert(sections.end(), exports.begin(), exports.end());
  sections.insert(sections.end(), orc.begin(), orc.end());
  return elf_file(sections);
}

}  // namespace ringside::test
