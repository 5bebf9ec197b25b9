// Everything that can be wrong with a module, one enumerator each, and the bounded list that they
// are collected in. Nothing stops at the first fault: each check reports and, where what follows
// can still be read safely, goes on.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>

namespace ringside::modules {

// fault_name() gives the stable name of each ("crc-mismatch"): tests, JSON and documents use those.
enum class Fault : std::uint8_t {
  // ELF: elf_validity_check (6.1), elf_validity_cache_copy (6.12)
  kFileTooShort,  // expected: bytes of an ELF header; found: bytes of the file
  kBadMagic,
  kWrongClass,           // found: EI_CLASS
  kWrongType,            // found: e_type; expected ET_REL
  kWrongMachine,         // found: e_machine
  kSectionHeaderSize,    // found: e_shentsize
  kSectionTableOutside,  // at: e_shoff; expected: bytes there are; found: bytes it needs
  kNameTableIndex,       // found: e_shstrndx; expected: e_shnum
  kNameTableType,
  kNameTableOutside,
  kNameTableEmpty,
  kNameTableUnterminated,  // found: its last byte
  kSectionZero,            // section 0 is not the null section
  kSectionOutside,         // at: sh_offset; expected: bytes of the file; found: sh_size
  kSectionName,            // found: sh_name; expected: bytes of the name table
  kSectionAlignment,       // found: sh_addralign, no power of two
  kNullAllocated,          // SHT_NULL with SHF_ALLOC: the kernel copies it without a bounds check
  kSymtabMissing,
  kSymtabNotUnique,          // found: how many
  kSymtabLink,               // found: sh_link; expected: e_shnum
  kStringTableType,          // found: sh_type
  kStringTableUnterminated,  // expected: its bytes; found: the last of them
  kSymbolName,       // at: symbol index; found: st_name; expected: bytes of the string table
  kSymbolSection,    // at: symbol index; found: st_shndx; expected: e_shnum
  kCommonSymbol,     // name: the symbol
  kLivepatchSymbol,  // name: the symbol
  // What makes it a module: setup_load_info, check_modinfo, layout_and_allocate
  kModinfoMissing,
  kModinfoNotUnique,     // found: how many
  kModinfoUnterminated,  // expected: its bytes; found: the last of them
  kThisModuleMissing,
  kThisModuleNotUnique,
  kThisModuleEmpty,         // SHT_NOBITS
  kThisModuleNotAllocated,  // expected: SHF_ALLOC; found: sh_flags
  kThisModuleSize,          // expected: sizeof(struct module) by BTF; found: section size
  kThisModuleFields,        // at: offset that it relocates in struct module, neither init nor exit
  kModuleName,              // the name in struct module is empty or does not end
  kVermagic,                // name: the module's; text: the kernel's
  kVermagicMissing,
  kWriteExec,         // name: the section
  kSectionNameTwice,  // section: the second in memory of one name, not empty; found: the first
  kLivepatch,         // modinfo livepatch=
  kPercpuSize,        // expected: bytes the kernel reserves; found: section size
  kPercpuAlignment,   // expected: page size; found: sh_addralign
  kVersionsMissing,   // no __versions: CRCs cannot be checked
  kVersionName,       // at: entry; its name does not end in its 56 bytes
  kExportEntry,  // at: entry of __ksymtab*: found: whether it has a value; text: its name, or none
  kExportOrder,  // at: entry of __ksymtab*, whose name should stand before the last one
  kExportVersionsMissing,  // exports without __kcrctab*
  kExportVersionCount,     // expected: exports; found: CRCs
  kProprietary,            // name: the licence, which is not compatible with the GPL
  kLoadsProprietary,       // name: the module's, by which the kernel knows that it does
  kOutOfTree,
  kStaging,
  kTestModule,
  // Signature: module_sig_check, mod_check_sig
  kUnsigned,
  kSignatureTooShort,
  kSignatureLength,  // expected: bytes there are; found: bytes it claims
  kSignatureHeader,  // at: byte of struct module_signature that must be zero and is not
  kSignatureType,    // found: id_type; expected PKEY_ID_PKCS7
  // Layout
  kLayoutTooLarge,  // expected: bytes of the module area; found: bytes of the region
  // Binding: check_modstruct_version, simplify_symbols, resolve_symbol, verify_exported_symbols
  kUnresolved,           // name: the symbol
  kVersionMissing,       // name: the symbol, which has no entry in __versions; expected: its CRC
  kCrcMismatch,          // expected: the export's; found: the module's
  kGplOnly,              // name: the symbol; text: its provider
  kNamespace,            // name: the symbol; text: the namespace that is not imported
  kProprietaryProvider,  // name: the symbol; text: its provider
  kUnexported,           // name: a symbol that is not exported, and nobody asked for such
  kUnexportedLicense,    // name: a symbol that is not exported; the licence is not GPL-compatible
  kDuplicateExport,      // name: the symbol; text: who exports it already
  // Relocation: apply_relocations, apply_relocate_add
  kRelSection,           // section: which; expected: SHT_RELA; found: SHT_REL
  kRelocatesSymbols,     // the target is the symbol or string table; section: which
  kRelocationType,       // section, at: relocation index; found: type
  kRelocationOffset,     // section, at: relocation index; found: r_offset; expected: section size
  kRelocationSymbol,     // section, at: relocation index; found: symbol index; expected: symbols
  kRelocationTarget,     // section, at: relocation index; found: the bytes that should be zero
  kRelocationOverflow,   // section, at: relocation index; found: the value; expected: the type
  kRelocationTruncated,  // as kRelocationOverflow, where the kernel truncates without a word
  kCount,
};

// What the kernel does about it.
enum class Severity : std::uint8_t {
  kRefused,      // it refuses the module
  kUnsafe,       // it does not look: undefined behaviour or a broken module; Ringside refuses
  kUnsupported,  // Ringside cannot tell, or cannot do it
  kTaints,       // it loads it and taints itself
  kNote,         // it does not mind
};

struct Diagnostic {
  Fault fault = Fault::kCount;
  Severity severity = Severity::kRefused;
  std::uint32_t section = 0;   // index of the section it is about, 0 for none
  std::uint64_t at = 0;        // offset or index, by fault
  std::uint64_t expected = 0;  // bound or value, by fault
  std::uint64_t found = 0;
  std::string_view name = {};  // section, symbol or key; borrowed from the module file
  std::string_view text = {};  // what else there is to name; borrowed from the file or the caller
};

// "crc-mismatch" for kCrcMismatch; never changes once released.
std::string_view fault_name(Fault fault);
// "refused", "unsafe", "unsupported", "taints", "note".
std::string_view severity_name(Severity severity);

// Collects diagnostics in memory that the caller owns; past its end it only counts them, but for
// the first that blocks: it takes the last one's place, so that whoever looks for a reason finds
// one.
class Diagnostics {
 public:
  explicit Diagnostics(std::span<Diagnostic> room) : room_(room) {}

  void add(const Diagnostic& diagnostic) {
    bool blocks = diagnostic.severity <= Severity::kUnsupported;
    blocking_ += blocks;
    refusing_ += diagnostic.severity <= Severity::kUnsafe;
    if (size_ < room_.size())
      room_[size_++] = diagnostic;
    else if (++dropped_; blocks && blocking_ == 1 && size_ > 0)
      room_[size_ - 1] = diagnostic;
  }

  std::span<const Diagnostic> list() const { return room_.first(size_); }
  std::uint64_t dropped() const { return dropped_; }
  // How many of those added, dropped ones included, keep the module from being loaded by us:
  // refused, unsafe and unsupported.
  std::uint64_t blocking() const { return blocking_; }
  // How many of these are refused or unsafe.
  std::uint64_t refusing() const { return refusing_; }
  bool empty() const { return size_ == 0 && dropped_ == 0; }
  void clear() { size_ = 0, dropped_ = 0, blocking_ = 0, refusing_ = 0; }

 private:
  std::span<Diagnostic> room_;
  std::size_t size_ = 0;
  std::uint64_t dropped_ = 0, blocking_ = 0, refusing_ = 0;
};

}  // namespace ringside::modules
