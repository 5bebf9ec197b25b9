// Module: a relocatable object with what makes it a kernel module. Opening makes every check that
// load_module() makes before it lays anything out, in one go, and collects all that fail.
// Source: setup_load_info, check_modinfo, rewrite_section_headers, layout_and_allocate,
// find_module_sections, check_export_symbol_versions, module_augment_kernel_taints.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>

#include "core/modules/modinfo.hh"
#include "core/modules/object.hh"
#include "core/modules/signature.hh"

namespace ringside::modules {

// The kernel's taint bits (include/linux/panic.h) and their letters.
enum Taint : std::uint32_t {
  kTaintProprietary = 1u << 0,  // P
  kTaintForced = 1u << 1,       // F
  kTaintStaging = 1u << 10,     // C
  kTaintOutOfTree = 1u << 12,   // O
  kTaintUnsigned = 1u << 13,    // E
  kTaintLivepatch = 1u << 15,   // K
  kTaintTest = 1u << 18,        // N
};

// One entry of __versions: the CRC that the module was built against, and the symbol.
struct Version {
  std::uint64_t crc = 0;  // the file holds 64 bits; a CRC has 32: more than that never matches
  std::string_view name;
};

// One symbol that the module exports.
struct OwnExport {
  std::string_view name, name_space;
  std::uint32_t symbol = 0;  // index in the symbol table of what the entry's value refers to
  std::int64_t addend = 0;   // value = that symbol's value + addend
  std::uint32_t crc = 0;
  bool has_crc = false, gpl_only = false;
};

// The taint for exports without CRCs (check_export_symbol_versions): F or none.
std::uint32_t export_taints(std::span<const OwnExport> exports);

class Module {
 public:
  // Opens `file`, a whole uncompressed .ko, signature and all. Faults go to `diagnostics`; an
  // Error means that there is no view of it at all (its structure is broken, or the arena is
  // full). Borrows file, abi and the arena's memory: 80 bytes a section, and 16 more while it
  // opens.
  static Result<Module> open(Bytes file, const KernelAbi& abi, Arena& arena,
                             Diagnostics& diagnostics);

  const Object& object() const { return object_; }
  const KernelAbi& abi() const { return *abi_; }
  const SignedFile& signed_file() const { return signed_; }
  const Modinfo& modinfo() const { return modinfo_; }

  std::string_view name() const { return name_; }   // by struct module: what the kernel calls it
  std::uint32_t taints() const { return taints_; }  // bits of Taint that loading it will set
  // Not the same as whether it taints with P: ndiswrapper does so for what it loads.
  bool gpl_compatible() const { return gpl_compatible_; }

  // Section indexes, 0 where there is none.
  std::uint32_t this_module() const { return this_module_; }
  std::uint32_t percpu() const { return percpu_; }
  std::uint32_t versions_section() const { return versions_; }
  std::uint32_t modinfo_section() const { return modinfo_index_; }

  std::uint32_t version_count() const { return version_count_; }
  Version version(std::uint32_t index) const;  // index < version_count()

  // All exports, plain ones first, each table in file order; memory from `arena`. Reports entries
  // that cannot be read and tables without CRCs.
  Result<std::span<const OwnExport>> exports(Arena& arena, Diagnostics& diagnostics) const;

 private:
  friend class ModuleReader;
  Object object_;
  const KernelAbi* abi_ = nullptr;
  SignedFile signed_;
  Modinfo modinfo_;
  std::string_view name_;
  std::uint32_t taints_ = 0;
  bool gpl_compatible_ = true;
  std::uint32_t this_module_ = 0, percpu_ = 0, versions_ = 0, modinfo_index_ = 0;
  std::uint32_t version_count_ = 0;
};

}  // namespace ringside::modules
