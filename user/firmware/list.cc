#include "user/firmware/list.hh"

#include <fmt/format.h>

#include "core/firmware/manifest.hh"
#include "user/base/mapped_file.hh"

namespace ringside::firmware {

Outcome<List> List::open(const std::filesystem::path& file) {
  auto map = TRY(MappedFile::open(file));
  List list;
  Manifest lines({reinterpret_cast<const char*>(map.bytes().data()), map.bytes().size()});
  for (;;) {
    auto entry = lines.next();
    if (!entry)
      return Failure{fmt::format("{}: line {}: {}; write it with sha256sum", file.native(),
                                 entry.error().at, entry.error().what)};
    if (!*entry) return list;
    const auto& [digest, name] = **entry;
    if (list.digests_.try_emplace(std::string(name), digest).first->second != digest)
      return Failure{fmt::format("{}: {} is listed twice, with other sums", file.native(), name)};
  }
}

const Digest* List::find(std::string_view name) const {
  auto at = digests_.find(name);
  return at == digests_.end() ? nullptr : &at->second;
}

}  // namespace ringside::firmware
