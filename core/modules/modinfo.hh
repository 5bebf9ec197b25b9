// .modinfo: a module's "key=value" strings, each ended by a NUL, zero padding between.
// Source: get_modinfo, next_string in kernel/module/main.c; include/linux/license.h.
#pragma once

#include <optional>
#include <string_view>

#include "core/base/bytes.hh"

namespace ringside::modules {

struct ModinfoEntry {
  std::string_view key;    // "license", "vermagic", "depends", "import_ns", "alias", "parm" ...
  std::string_view value;  // all after the first '='
};

class Modinfo {
 public:
  Modinfo() = default;
  // Bytes after the last NUL are no entry.
  explicit Modinfo(Bytes section);

  // Walks the entries in file order. Strings without '=' are skipped.
  class Cursor {
   public:
    explicit Cursor(const Modinfo& modinfo) : rest_(modinfo.section_) {}
    std::optional<ModinfoEntry> next();

   private:
    Bytes rest_;
  };

  // The value of the first entry with that key, as the kernel's get_modinfo finds it.
  std::optional<std::string_view> find(std::string_view key) const;
  // True where some entry is exactly key=value ("import_ns", "CRYPTO_INTERNAL").
  bool has(std::string_view key, std::string_view value) const;

 private:
  Bytes section_;
};

// The kernel's list; anything else, "unspecified" included, is proprietary to it.
bool license_is_gpl_compatible(std::string_view license);

// Vermagic equal as the kernel's same_magic compares them: with `has_versions` (the module has
// __versions) the first word, the release, does not count.
bool same_vermagic(std::string_view module, std::string_view kernel, bool has_versions);

}  // namespace ringside::modules
