// A walk from NUL to NUL; the constructor sees to it that the last byte is one.
#include "core/modules/modinfo.hh"

#include <cstring>

namespace ringside::modules {
namespace {

constexpr std::string_view kGplLicenses[] = {
    "GPL", "GPL v2", "GPL and additional rights", "Dual BSD/GPL", "Dual MIT/GPL", "Dual MPL/GPL",
};

std::size_t index_of(std::string_view text, char wanted) {
  std::size_t at = 0;
  while (at < text.size() && text[at] != wanted) ++at;
  return at;
}

std::string_view from(std::string_view text, std::size_t at) {
  return {text.data() + at, text.size() - at};
}

}  // namespace

Modinfo::Modinfo(Bytes section) {
  auto size = section.size();
  while (size > 0 && section[size - 1] != std::byte{0}) --size;
  section_ = section.first(size);
}

std::optional<ModinfoEntry> Modinfo::Cursor::next() {
  while (!rest_.empty()) {
    std::string_view entry(reinterpret_cast<const char*>(rest_.data()));
    rest_ = rest_.subspan(entry.size() + 1);
    auto key = index_of(entry, '=');
    if (key < entry.size()) return ModinfoEntry{{entry.data(), key}, from(entry, key + 1)};
  }
  return std::nullopt;
}

std::optional<std::string_view> Modinfo::find(std::string_view key) const {
  Cursor cursor(*this);
  while (auto entry = cursor.next())
    if (entry->key == key) return entry->value;
  return std::nullopt;
}

bool Modinfo::has(std::string_view key, std::string_view value) const {
  Cursor cursor(*this);
  while (auto entry = cursor.next())
    if (entry->key == key && entry->value == value) return true;
  return false;
}

bool license_is_gpl_compatible(std::string_view license) {
  for (auto known : kGplLicenses)
    if (license == known) return true;
  return false;
}

bool same_vermagic(std::string_view module, std::string_view kernel, bool has_versions) {
  if (!has_versions) return module == kernel;
  return from(module, index_of(module, ' ')) == from(kernel, index_of(kernel, ' '));
}

}  // namespace ringside::modules
