// Mapped where the file is an ELF file, unpacked into memory where it is packed.
#include "user/modules/module_file.hh"

#include "user/compress/unpack.hh"

namespace ringside::modules {

Outcome<ModuleFile> ModuleFile::open(const std::filesystem::path& path) {
  auto mapped = TRY(MappedFile::open(path));
  ModuleFile file;
  auto packing = packing_of(mapped.bytes());
  if (packing == Packing::kNone)
    file.mapped_ = std::move(mapped);
  else
    file.unpacked_ = TRY(compress::unpack(mapped.bytes(), packing, path.native()));
  return file;
}

}  // namespace ringside::modules
