// The table, and the few edits that several rows share. Rows stand in the order in which a kernel
// would come across what is wrong.
#include "tests/modules/kinds.hh"

#include <algorithm>

#include "tests/modules/steps.hh"

namespace ringside::modules::test {
namespace {

constexpr std::string_view kMarker = "~Module signature appended~\n";
constexpr std::uint64_t kTrailer = 12;  // struct module_signature
constexpr auto kFar = std::uint64_t{1} << 40;

// --- The subject in other shapes

void take_stock(Files& files) {
  files.subject = files.stock;
  files.with_provider = false;
}

void cut(Files& files, std::size_t size) {
  files.subject.resize(size);
}

template <class Edit>
void header(Files& files, Edit edit) {
  edit_header(files.subject, edit);
}

template <class Edit>
void section(Files& files, std::string_view name, Edit edit) {
  edit_section(files.subject, name, edit);
}

template <class Edit>
void zero_section(Files& files, Edit edit) {
  edit_section(files.subject, 0u, edit);
}

void drop(Files& files, std::string_view name) {
  rename_section(files.subject, name, ".dropped");
}

void twice(Files& files, std::string_view name) {
  auto original = header_of(files.subject, need_section(files.subject, name));
  add_section(files.subject, name, original, contents_of(files.subject, name));
}

void grow(Files& files, std::string_view name, std::ptrdiff_t bytes) {
  auto contents = contents_of(files.subject, name);
  contents.resize(contents.size() + static_cast<std::size_t>(bytes));
  set_contents(files.subject, need_section(files.subject, name), contents);
}

void end_in(Files& files, std::string_view name, char last) {
  auto contents = contents_of(files.subject, name);
  contents.back() = static_cast<std::byte>(last);
  set_contents(files.subject, need_section(files.subject, name), contents);
}

template <class Edit>
void symbol(Files& files, std::string_view name, Edit edit) {
  edit_symbol(files.subject, name, edit);
}

// Record 0 against .exit.data: a 64-bit word that nobody reads.
template <class Edit>
void relocation(Files& files, Edit edit) {
  edit_relocation(files.subject, ".exit.data", 0, edit);
}

void set_type(Relocation& record, std::uint32_t type) {
  record.info = record.info >> 32 << 32 | type;
}

void info(Files& files, std::string_view key, std::optional<std::string_view> value) {
  set_modinfo(files.subject, key, value);
}

// --- The signature of the stock module

std::uint64_t trailer_of(const Buffer& file) {
  return file.size() - kMarker.size() - kTrailer;
}

std::uint64_t signature_of(const Buffer& file) {
  return trailer_of(file) - __builtin_bswap32(load<std::uint32_t>(file, trailer_of(file) + 8));
}

void flip(Buffer& file, std::uint64_t at) {
  poke(file, at, static_cast<std::uint8_t>(load<std::uint8_t>(file, at) ^ 1));
}

void edit_trailer(Files& files, std::uint64_t at, std::uint8_t value) {
  take_stock(files);
  poke(files.subject, trailer_of(files.subject) + at, value);
}

// The last byte of the signer's serial number: then no key that the kernel has is meant.
void change_serial(Files& files) {
  take_stock(files);
  constexpr std::string_view kCommonName("\x06\x03\x55\x04\x03", 5);
  auto from = files.subject.begin() + static_cast<std::ptrdiff_t>(signature_of(files.subject));
  auto name = text(kCommonName);
  auto at = std::search(from, files.subject.end(), name.begin(), name.end());
  auto letters = static_cast<std::uint64_t>(at - files.subject.begin()) + name.size();
  auto serial = letters + 2 + load<std::uint8_t>(files.subject, letters + 1);
  flip(files.subject, serial + 1 + load<std::uint8_t>(files.subject, serial + 1));
}

// --- The table

constexpr Kind kFileKinds[] = {
    {"unharmed", [](Files&) {}, ""},
    {"empty", [](Files& f) { cut(f, 0); }, "refused file-too-short"},
    {"cut in the ELF header", [](Files& f) { cut(f, 40); }, "refused file-too-short"},
    {"cut after the ELF header", [](Files& f) { cut(f, 64); }, "refused section-table-outside"},
    {"cut in half", [](Files& f) { cut(f, f.subject.size() / 2); },
     "refused section-table-outside"},
    {"last byte missing", [](Files& f) { cut(f, f.subject.size() - 1); },
     "refused section-table-outside"},
    {"bytes after the end", [](Files& f) { f.subject.resize(f.subject.size() + 1000); }, ""},
    {"a script",
     [](Files& f) {
       poke(f.subject, 0, std::array{'#', '!', '/', 'b'});
     },
     "refused bad-magic"},
    {"class 32", [](Files& f) { header(f, [](ElfHeader& h) { h.ident[4] = 1; }); },
     "note wrong-class"},
    {"big-endian", [](Files& f) { header(f, [](ElfHeader& h) { h.ident[5] = 2; }); },
     "note wrong-class"},
    {"an executable", [](Files& f) { header(f, [](ElfHeader& h) { h.type = 2; }); },
     "refused wrong-type"},
    {"a shared object", [](Files& f) { header(f, [](ElfHeader& h) { h.type = 3; }); },
     "refused wrong-type"},
    {"for i386", [](Files& f) { header(f, [](ElfHeader& h) { h.machine = 3; }); },
     "refused wrong-machine"},
    {"for AArch64", [](Files& f) { header(f, [](ElfHeader& h) { h.machine = 183; }); },
     "refused wrong-machine"},
    {"section headers of 40 bytes",
     [](Files& f) { header(f, [](ElfHeader& h) { h.shentsize = 40; }); },
     "refused section-header-size"},
    {"section table past the end",
     [](Files& f) { header(f, [&](ElfHeader& h) { h.shoff = f.subject.size(); }); },
     "refused section-table-outside"},
    {"section table at 2^64-1", [](Files& f) { header(f, [](ElfHeader& h) { h.shoff = ~0ull; }); },
     "refused section-table-outside"},
    {"65535 sections", [](Files& f) { header(f, [](ElfHeader& h) { h.shnum = 0xffff; }); },
     "refused section-table-outside"},
    {"no sections", [](Files& f) { header(f, [](ElfHeader& h) { h.shnum = 0; }); },
     "refused name-table-index"},
    {"no name table", [](Files& f) { header(f, [](ElfHeader& h) { h.shstrndx = 0; }); },
     "refused name-table-index"},
    {"name table that is no section",
     [](Files& f) { header(f, [](ElfHeader& h) { h.shstrndx = h.shnum; }); },
     "refused name-table-index"},
};

constexpr Kind kSectionKinds[] = {
    {"name table of another type",
     [](Files& f) { section(f, ".shstrtab", [](SectionHeader& s) { s.type = kSectionProgbits; }); },
     "", "refused name-table-type"},
    {"name table past the end",
     [](Files& f) { section(f, ".shstrtab", [](SectionHeader& s) { s.offset = kFar; }); },
     "refused name-table-outside"},
    {"name table empty",
     [](Files& f) { section(f, ".shstrtab", [](SectionHeader& s) { s.size = 0; }); },
     "refused name-table-empty"},
    {"name table without its last NUL", [](Files& f) { end_in(f, ".shstrtab", 'x'); },
     "refused name-table-unterminated"},
    {"section 0 has a type",
     [](Files& f) { zero_section(f, [](SectionHeader& s) { s.type = kSectionProgbits; }); },
     "refused section-zero"},
    {"section 0 has a size",
     [](Files& f) { zero_section(f, [](SectionHeader& s) { s.size = 8; }); },
     "refused section-zero"},
    {"section 0 has an address",
     [](Files& f) { zero_section(f, [](SectionHeader& s) { s.address = 8; }); },
     "refused section-zero"},
    {"section 0 is allocated",
     [](Files& f) { zero_section(f, [](SectionHeader& s) { s.flags = kFlagAlloc; }); },
     "unsafe section-zero"},
    {"section 0 is writable code",
     [](Files& f) { zero_section(f, [](SectionHeader& s) { s.flags = kFlagWrite | kFlagExec; }); },
     "refused section-zero"},
    {"section past the end",
     [](Files& f) {
       section(f, ".exit.data", [&](SectionHeader& s) { s.size = f.subject.size(); });
     },
     "refused section-outside"},
    {"section wraps around 2^64",
     [](Files& f) { section(f, ".comment", [](SectionHeader& s) { s.offset = ~0ull; }); },
     "refused section-outside"},
    {".bss past the end of the file",
     [](Files& f) { section(f, ".bss", [](SectionHeader& s) { s.offset = kFar; }); }, ""},
    {"sections overlap",
     [](Files& f) {
       section(f, ".rodata.str1.1", [](SectionHeader& s) { s.offset = sizeof(ElfHeader); });
     },
     ""},
    {"section over the ELF header",
     [](Files& f) { section(f, ".rodata.str1.1", [](SectionHeader& s) { s.offset = 0; }); }, ""},
    {"name of an allocated section past the table",
     [](Files& f) { section(f, ".exit.data", [](SectionHeader& s) { s.name = 1 << 30; }); },
     "refused section-name"},
    {"name of another section past the table",
     [](Files& f) { section(f, ".comment", [](SectionHeader& s) { s.name = 1 << 30; }); },
     "unsafe section-name", "refused section-name"},
    {"alignment 3",
     [](Files& f) { section(f, ".exit.data", [](SectionHeader& s) { s.align = 3; }); },
     "unsafe section-alignment"},
    {"alignment 2^31",
     [](Files& f) { section(f, ".exit.data", [](SectionHeader& s) { s.align = 1u << 31; }); },
     "refused layout-too-large"},
    {"alignment 2^40",
     [](Files& f) { section(f, ".exit.data", [](SectionHeader& s) { s.align = kFar; }); },
     "unsafe layout-too-large"},
    {".bss of 2 GiB",
     [](Files& f) { section(f, ".bss", [](SectionHeader& s) { s.size = 1u << 31; }); },
     "refused layout-too-large"},
    {".bss of 2^40 bytes",
     [](Files& f) { section(f, ".bss", [](SectionHeader& s) { s.size = kFar; }); },
     "unsafe layout-too-large"},
    {"allocated null section",
     [](Files& f) {
       section(f, ".exit.data", [](SectionHeader& s) { s.type = kSectionNull, s.size = kFar; });
     },
     "unsafe null-section-allocated, unsafe layout-too-large"},
    {"writable code",
     [](Files& f) { section(f, ".text", [](SectionHeader& s) { s.flags |= kFlagWrite; }); },
     "refused write-exec-section"},
    {"writable code that is not allocated",
     [](Files& f) {
       section(f, ".comment", [](SectionHeader& s) { s.flags |= kFlagWrite | kFlagExec; });
     },
     "refused write-exec-section"},
    {"two sections of one name", [](Files& f) { rename_section(f.subject, ".exit.data", ".bss"); },
     "", "refused section-name-twice"},
    {"two sections of one name, one of them not in memory",
     [](Files& f) { rename_section(f.subject, ".comment", ".bss"); }, ""},
    {"per-CPU data of 16 KiB", [](Files& f) { grow(f, ".data..percpu", 16 << 10); },
     "refused percpu-size"},
    {"per-CPU data aligned to 8 KiB",
     [](Files& f) { section(f, ".data..percpu", [](SectionHeader& s) { s.align = 8192; }); },
     "note percpu-alignment"},
};

constexpr Kind kSymbolKinds[] = {
    {"no symbol table",
     [](Files& f) { section(f, ".symtab", [](SectionHeader& s) { s.type = kSectionProgbits; }); },
     "refused symtab-missing, unsafe export-entry, unsafe relocation-symbol", Kind::kSame, true},
    {"two symbol tables", [](Files& f) { twice(f, ".symtab"); }, "note symtab-not-unique",
     "refused symtab-not-unique"},
    {"symbol table without strings",
     [](Files& f) { section(f, ".symtab", [](SectionHeader& s) { s.link = 0; }); },
     "refused symtab-link"},
    {"strings that are no section",
     [](Files& f) { section(f, ".symtab", [](SectionHeader& s) { s.link = 0xffff; }); },
     "refused symtab-link"},
    {"strings are the symbol table itself",
     [](Files& f) {
       auto self = need_section(f.subject, ".symtab");
       section(f, ".symtab", [&](SectionHeader& s) { s.link = self; });
     },
     "refused unresolved-symbol", "refused string-table-type, refused unresolved-symbol"},
    {"strings of another type",
     [](Files& f) { section(f, ".strtab", [](SectionHeader& s) { s.type = kSectionProgbits; }); },
     "", "refused string-table-type"},
    {"strings without contents",
     [](Files& f) { section(f, ".strtab", [](SectionHeader& s) { s.type = kSectionNobits; }); },
     "unsafe string-table-type", "refused string-table-type"},
    {"strings without their last NUL", [](Files& f) { end_in(f, ".strtab", 'x'); },
     "unsafe string-table-unterminated, unsafe symbol-name, refused unresolved-symbol"},
    {"symbol's name past the strings",
     [](Files& f) { symbol(f, "room", [](Symbol& s) { s.name = 1u << 31; }); },
     "unsafe symbol-name"},
    {"symbol in no section",
     [](Files& f) { symbol(f, "room", [](Symbol& s) { s.section = 0xfe00; }); },
     "refused symbol-section"},
    {"common symbol", [](Files& f) { symbol(f, "room", [](Symbol& s) { s.section = kCommon; }); },
     "refused common-symbol"},
    {"common symbol of LTO",
     [](Files& f) {
       rename_symbol(f.subject, "ringside_nowhere", "__gnu_lto_slim");
       symbol(f, "__gnu_lto_slim", [](Symbol& s) { s.section = kCommon; });
     },
     ""},
    {"livepatch symbol",
     [](Files& f) {
       symbol(f, "ringside_nowhere", [](Symbol& s) { s.section = kLivepatchSection; });
     },
     "unsupported livepatch-symbol"},
};

constexpr Kind kModuleKinds[] = {
    {"no .modinfo", [](Files& f) { drop(f, ".modinfo"); },
     "note modinfo-missing, taints vermagic-missing, taints proprietary-license, "
     "refused gpl-only-symbol, refused namespace-not-imported, note depends-differs"},
    {"two .modinfo", [](Files& f) { twice(f, ".modinfo"); }, "note modinfo-not-unique",
     "refused modinfo-not-unique"},
    {".modinfo without its last NUL", [](Files& f) { end_in(f, ".modinfo", 'x'); },
     "unsafe modinfo-unterminated, taints vermagic-missing"},
    {"no struct module", [](Files& f) { drop(f, kThisModule); }, "refused this-module-missing"},
    {"two struct modules", [](Files& f) { twice(f, kThisModule); }, "note this-module-not-unique",
     "refused this-module-not-unique, refused section-name-twice"},
    {"struct module without contents",
     [](Files& f) { section(f, kThisModule, [](SectionHeader& s) { s.type = kSectionNobits; }); },
     "unsafe this-module-empty, unsafe module-name",
     "refused this-module-empty, unsafe module-name", true},
    {"struct module not allocated",
     [](Files& f) { section(f, kThisModule, [](SectionHeader& s) { s.flags = kFlagWrite; }); },
     "refused this-module-not-allocated"},
    {"struct module of another size", [](Files& f) { grow(f, kThisModule, 64); },
     "unsafe this-module-size", "refused this-module-size"},
    {"struct module cut short", [](Files& f) { grow(f, kThisModule, -8); },
     "unsafe this-module-size", "refused this-module-size"},
    {"struct module of other fields",
     [](Files& f) {
       edit_relocation(f.subject, kThisModule, 0, [](Relocation& r) { r.offset += 16; });
     },
     "unsafe this-module-fields"},
    {"module without a name", [](Files& f) { name_module(f.subject, ""); }, "unsafe module-name"},
    {"module name without an end",
     [](Files& f) { name_module(f.subject, std::string(kModuleNameMax, 'x')); },
     "unsafe module-name"},
    {"no version magic", [](Files& f) { info(f, "vermagic", std::nullopt); },
     "taints vermagic-missing"},
    {"another word in the version magic",
     [](Files& f) { replace_text(f.subject, " mod_unload ", " mod_unlaod "); }, "refused vermagic"},
    {"a word more in the version magic",
     [](Files& f) { info(f, "vermagic", modinfo_of(f.subject, "vermagic") + "rt "); },
     "refused vermagic"},
    {"no words in the version magic",
     [](Files& f) { info(f, "vermagic", modinfo_of(f.foreign, "vermagic").substr(0, 8)); },
     "refused vermagic"},
    {"another release in the version magic",
     [](Files& f) { replace_text(f.subject, "vermagic=6.1", "vermagic=5.9"); }, ""},
    {"module of another kernel", [](Files& f) { f.subject = f.foreign; },
     "unsafe this-module-size, unsafe this-module-fields, refused crc-mismatch",
     "refused this-module-size, unsafe this-module-fields, refused crc-mismatch", true},
    {"from the staging directory", [](Files& f) { info(f, "staging", "Y"); }, "taints staging"},
    {"a test module", [](Files& f) { info(f, "test", "Y"); }, "taints test-module"},
    {"a livepatch", [](Files& f) { info(f, "livepatch", "Y"); }, "unsupported livepatch-module"},
    {"parameter of no type", [](Files& f) { info(f, "parmtype", "level:frob"); },
     "note parameter-type"},
    {"two parameters of one name",
     [](Files& f) {
       replace_text(f.subject, {"depth\0", 6}, {"level\0", 6});
     },
     "refused parameter-twice"},
    {"name of built-in code", [](Files& f) { name_module(f.subject, "printk"); },
     "refused name-taken"},
    {"name of built-in code with a version alone",
     [](Files& f) { name_module(f.subject, "xz_dec"); }, "refused name-taken"},
    {"name under which the kernel's own parameters stand",
     [](Files& f) { name_module(f.subject, "kernel"); }, "refused name-taken"},
    {"name of one of the kernel's own parameters",
     [](Files& f) { name_module(f.subject, "panic"); }, ""},
    {"depends= names a module that is nowhere",
     [](Files& f) { info(f, "depends", "ringside_provider,ringside_nobody"); },
     "note depends-absent"},
    {"depends= names nobody", [](Files& f) { info(f, "depends", ""); }, "note depends-differs"},
};

constexpr Kind kBindKinds[] = {
    {"no symbol versions", [](Files& f) { drop(f, "__versions"); }, "taints versions-missing"},
    {"name without an end in __versions",
     [](Files& f) { rename_version(f, "param_ops_int", std::string(kModuleNameMax, 'x')); },
     "unsafe version-name, refused version-missing", Kind::kSame, true},
    {"no version of a symbol", [](Files& f) { rename_version(f, "kobject_put", "kobject_pat"); },
     "refused version-missing"},
    {"no version of struct module",
     [](Files& f) { rename_version(f, "module_layout", "module_liyout"); },
     "refused version-missing"},
    {"bad CRC of a symbol", [](Files& f) { change_crc(f, "kobject_put", 1); },
     "refused crc-mismatch"},
    {"bad CRC of another module's symbol", [](Files& f) { change_crc(f, "ringside_provide", 1); },
     "refused crc-mismatch"},
    {"bad CRC of struct module", [](Files& f) { change_crc(f, "module_layout", 1); },
     "refused crc-mismatch"},
    {"CRC of 33 bits", [](Files& f) { change_crc(f, "kobject_put", 1ull << 32); },
     "refused crc-mismatch"},
    {"unknown symbol", [](Files& f) { rename_symbol(f.subject, "kobject_put", "kobject_pat"); },
     "refused unresolved-symbol"},
    {"unknown weak symbol",
     [](Files& f) { rename_symbol(f.subject, "ringside_nowhere", "kobject_pat"); }, ""},
    {"symbol that is not exported",
     [](Files& f) { rename_symbol(f.subject, "kobject_put", "do_mkdirat"); },
     "refused unexported-symbol"},
    {"proprietary, of GPL symbols", [](Files& f) { info(f, "license", "Proprietary"); },
     "taints proprietary-license, refused gpl-only-symbol"},
    {"proprietary, of a symbol that is not exported",
     [](Files& f) {
       info(f, "license", "Proprietary");
       rename_symbol(f.subject, "kobject_put", "do_mkdirat");
     },
     "taints proprietary-license, refused gpl-only-symbol, refused unexported-symbol-license"},
    {"licence missing", [](Files& f) { info(f, "license", std::nullopt); },
     "taints proprietary-license, refused gpl-only-symbol"},
    {"a name that the kernel takes for proprietary",
     [](Files& f) { name_module(f.subject, "lve"); },
     "taints proprietary-license, refused gpl-only-symbol"},
    {"a name that the kernel taints itself for",
     [](Files& f) { name_module(f.subject, "ndiswrapper"); }, "taints loads-proprietary"},
    {"provider of a name that the kernel taints itself for, then GPL symbols",
     [](Files& f) { name_module(f.provider, "ndiswrapper"); },
     "note depends-differs, note depends-absent"},
    {"proprietary provider, then GPL symbols",
     [](Files& f) { set_modinfo(f.provider, "license", "Proprietary"); },
     "taints proprietary-provider, refused gpl-only-symbol"},
    {"provider of a proprietary provider, then GPL symbols", add_proprietary_base,
     "taints proprietary-provider, refused gpl-only-symbol"},
    {"static call by code that is no key", call_statically, "refused static-call"},
    {"missing namespace", [](Files& f) { info(f, "import_ns", std::nullopt); },
     "refused namespace-not-imported"},
    {"another namespace", [](Files& f) { info(f, "import_ns", "RINGSIDE_TESTS"); },
     "refused namespace-not-imported"},
    {"missing dependency", [](Files& f) { f.with_provider = false; }, "refused unresolved-symbol"},
    {"dependency that does not load",
     [](Files& f) { replace_text(f.provider, " mod_unload ", " mod_unlaod "); },
     "refused dependency-refused"},
    {"cyclic dependencies", close_circle, "refused dependency-cycle"},
    {"exports what the kernel exports",
     [](Files& f) {
       replace_text(f.subject, std::string_view("ringside_subject\0\0", 18),
                    std::string_view("kobject_put\0\0\0\0\0\0\0", 18));
     },
     "refused duplicate-export"},
    {"exports what its provider exports",
     [](Files& f) {
       replace_text(f.subject, std::string_view("ringside_subject\0\0", 18),
                    std::string_view("ringside_provide\0\0", 18));
     },
     "refused duplicate-export"},
    {"export without a name",
     [](Files& f) {
       edit_relocation(f.subject, "__ksymtab", 1, [](Relocation& r) { set_type(r, kRelNone); });
     },
     "unsafe export-entry"},
    {"exports without contents in the file",
     [](Files& f) { section(f, "__ksymtab", [](SectionHeader& s) { s.type = kSectionNobits; }); },
     "unsafe export-entry"},
    {"takes a symbol from exports out of order", swap_exports, "refused dependency-refused"},
    {"exports out of order",
     [](Files& f) {
       swap_exports(f);
       f.subject = f.provider, f.with_provider = false;
     },
     "unsafe export-order"},
    {"exports without versions", [](Files& f) { drop(f, "__kcrctab"); },
     "taints export-versions-missing"},
    {"fewer versions than exports",
     [](Files& f) { section(f, "__kcrctab", [](SectionHeader& s) { s.size = 0; }); },
     "unsafe export-version-count"},
};

constexpr Kind kRelocationKinds[] = {
    {"REL instead of RELA",
     [](Files& f) {
       section(f, ".rela.exit.data", [](SectionHeader& s) { s.type = kSectionRel; });
     },
     "refused rel-section"},
    {"relocates the symbol table",
     [](Files& f) {
       auto table = need_section(f.subject, ".symtab");
       section(f, ".rela.exit.data", [&](SectionHeader& s) { s.info = table; });
     },
     "unsafe relocates-symbols"},
    {"relocates itself",
     [](Files& f) {
       auto self = need_section(f.subject, ".rela.exit.data");
       section(f, ".rela.exit.data", [&](SectionHeader& s) { s.info = self; });
     },
     ""},
    {"relocates no section",
     [](Files& f) { section(f, ".rela.exit.data", [](SectionHeader& s) { s.info = 0xffff; }); },
     ""},
    {"half a relocation",
     [](Files& f) { section(f, ".rela.exit.data", [](SectionHeader& s) { s.size = 12; }); }, ""},
    {"relocation of an unknown type",
     [](Files& f) { relocation(f, [](Relocation& r) { set_type(r, 99); }); },
     "refused relocation-type"},
    {"relocation through a GOT",
     [](Files& f) { relocation(f, [](Relocation& r) { set_type(r, 9); }); },
     "refused relocation-type"},
    {"relocation past the end",
     [](Files& f) { relocation(f, [](Relocation& r) { r.offset = kFar; }); },
     "unsafe relocation-offset"},
    {"relocation over the end",
     [](Files& f) { relocation(f, [](Relocation& r) { r.offset = 4; }); },
     "unsafe relocation-offset"},
    {"relocation by no symbol",
     [](Files& f) { relocation(f, [](Relocation& r) { r.info = 0xff'ffffull << 32 | kRel64; }); },
     "unsafe relocation-symbol"},
    {"relocation of bytes that are not zero", [](Files& f) { end_in(f, ".exit.data", 1); },
     "refused relocation-target"},
    {"relocations overlap",
     [](Files& f) {
       auto first = load<Relocation>(f.subject, relocation_at(f.subject, ".init.text", 0));
       edit_relocation(f.subject, ".init.text", 1,
                       [&](Relocation& r) { r.offset = first.offset + 1; });
     },
     "refused relocation-target"},
    {"32 bits, value above them",
     [](Files& f) { relocation(f, [](Relocation& r) { set_type(r, kRel32); }); },
     "refused relocation-overflow"},
    {"32 bits signed, value above them",
     [](Files& f) { relocation(f, [](Relocation& r) { set_type(r, kRel32S), r.addend = kFar; }); },
     "refused relocation-overflow"},
    {"relative and too far",
     [](Files& f) { relocation(f, [](Relocation& r) { set_type(r, kRelPc32), r.addend = kFar; }); },
     "unsafe relocation-truncated"},
};

constexpr Kind kSignatureKinds[] = {
    {"signed, unharmed", take_stock, ""},
    {"signature cut off", [](Files& f) { take_stock(f), cut(f, signature_of(f.subject)); },
     "taints unsigned"},
    {"nothing but a signature's marker",
     [](Files& f) { f.subject = text(std::string(8, 'x') + std::string(kMarker)); },
     "refused signature-too-short, refused file-too-short"},
    {"signature longer than the file", [](Files& f) { edit_trailer(f, 8, 0x7f); },
     "refused signature-length"},
    {"signature of no type", [](Files& f) { edit_trailer(f, 2, 1); }, "taints signature-type"},
    {"signature's padding not zero", [](Files& f) { edit_trailer(f, 6, 1); },
     "refused signature-header"},
    {"signature that cannot be read",
     [](Files& f) { take_stock(f), flip(f.subject, signature_of(f.subject)); },
     "refused signature-malformed"},
    {"signature cut short",
     [](Files& f) {
       take_stock(f);
       auto from = f.subject.begin() + static_cast<std::ptrdiff_t>(signature_of(f.subject));
       f.subject.erase(from, from + 16);
       auto length = trailer_of(f.subject) - static_cast<std::uint64_t>(from - f.subject.begin());
       poke(f.subject, trailer_of(f.subject) + 8,
            __builtin_bswap32(static_cast<std::uint32_t>(length)));
     },
     "refused signature-malformed"},
    {"signed by a key that is not known", change_serial, "taints unknown-signer"},
    {"signature by way of an unknown digest",
     [](Files& f) {
       take_stock(f);
       replace_text(f.subject, "\x65\x03\x04\x02\x01", "\x65\x03\x04\x02\x7f");  // SHA-256
     },
     "taints unknown-signer"},
    {"tampered with after signing", [](Files& f) { take_stock(f), flip(f.subject, 9); },
     "refused signature-wrong"},
    {"another signature",
     [](Files& f) { take_stock(f), flip(f.subject, trailer_of(f.subject) - 1); },
     "refused signature-wrong"},
};

}  // namespace

bool Kind::loads_on(std::string_view series) const {
  auto all = said_on(series);
  for (std::string_view blocking : {"refused ", "unsafe ", "unsupported "})
    if (all.find(blocking) != all.npos) return false;
  return true;
}

bool Kind::is_dangerous_on(std::string_view series) const {
  auto all = said_on(series);
  bool in_time = refused_in_time && all.find("refused ") != all.npos;
  return !in_time && all.find("unsafe ") != all.npos;
}

std::span<const Kind> kinds() {
  static const auto all = [] {
    std::vector<Kind> rows;
    for (auto part : {std::span<const Kind>(kFileKinds), std::span<const Kind>(kSectionKinds),
                      std::span<const Kind>(kSymbolKinds), std::span<const Kind>(kModuleKinds),
                      std::span<const Kind>(kBindKinds), std::span<const Kind>(kRelocationKinds),
                      std::span<const Kind>(kSignatureKinds)})
      rows.insert(rows.end(), part.begin(), part.end());
    return rows;
  }();
  return all;
}

}  // namespace ringside::modules::test
