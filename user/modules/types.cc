// One pass notes what each name's type is; the words are type_text's, the comparison the core's. A
// module's names are those of its own part of the BTF.
#include "user/modules/types.hh"

#include <fmt/format.h>

#include "core/elf/file.hh"
#include "user/kimage/running.hh"
#include "user/modules/type_text.hh"

namespace ringside::modules {

using kimage::BtfKind;

namespace {

constexpr std::uint32_t kMostPairs = 4000;  // of types compared for one name

}  // namespace

Outcome<std::shared_ptr<const Types>> Types::open(kimage::Image image) {
  std::shared_ptr<Types> types(new Types);
  types->release_ = image.release();
  types->image_ = std::move(image);
  types->btf_ = TRY(types->image_->btf());
  types->note_names();
  return std::shared_ptr<const Types>(std::move(types));
}

Outcome<std::shared_ptr<const Types>> Types::open(std::shared_ptr<const Types> base,
                                                  const std::filesystem::path& file) {
  std::shared_ptr<Types> types(new Types);
  types->release_ = base->release();
  types->file_ = TRY(ModuleFile::open(file));
  auto elf = elf::File::open(types->file_->bytes());
  auto section = elf ? elf->find(".BTF") : elf.error();
  if (!section) return Failure{describe(section.error(), file)};
  if (!*section) return Failure{file.native() + ": no .BTF section"};
  auto bytes = (*section)->data;
  types->memory_.resize(kimage::btf_memory(bytes));
  Arena arena(types->memory_);
  auto btf = kimage::Btf::open(bytes, arena, base->btf_ ? &*base->btf_ : nullptr);
  if (!btf) return Failure{describe(btf.error(), file)};
  types->btf_ = *btf;
  types->base_ = std::move(base);
  types->note_names();
  return std::shared_ptr<const Types>(std::move(types));
}

Outcome<std::shared_ptr<const Types>> Types::open_raw(const std::filesystem::path& file) {
  std::shared_ptr<Types> types(new Types);
  types->raw_ = TRY(kimage::read_btf(file));
  types->memory_.resize(kimage::btf_memory(types->raw_));
  Arena arena(types->memory_);
  auto btf = kimage::Btf::open(types->raw_, arena);
  if (!btf) return Failure{describe(btf.error(), file)};
  types->btf_ = *btf;
  types->note_names();
  return std::shared_ptr<const Types>(std::move(types));
}

// A type that cannot be read has no name here: this only serves explanations.
void Types::note_names() {
  for (auto id = btf_->first(); id <= btf_->size(); ++id) {
    auto type = btf_->type(id);
    if (type && (type->kind == BtfKind::kFunction || type->kind == BtfKind::kVariable))
      names_.try_emplace(type->name, type->size_or_type);
  }
}

std::optional<std::string> Types::declaration(std::string_view name) const {
  auto at = names_.find(name);
  if (at == names_.end()) return std::nullopt;
  return declaration_text(*btf_, at->second, std::string(name));
}

std::optional<std::string> Types::difference(const Types& other, std::string_view name) const {
  auto ours = names_.find(name), theirs = other.names_.find(name);
  if (ours == names_.end() || theirs == other.names_.end()) return std::nullopt;
  std::vector<std::byte> memory(kimage::BtfComparison::memory(kMostPairs));
  Arena arena(memory);
  auto comparison =
      kimage::BtfComparison::create(*btf_, *other.btf_, kMostPairs, /*complete=*/false, arena);
  if (!comparison) return std::nullopt;
  auto found = comparison->compare(ours->second, theirs->second);
  if (!found || !*found) return std::nullopt;
  auto text = difference_text(*btf_, *other.btf_, *comparison, **found, name);
  return fmt::format("{}: {}, in {} {}", text.where, text.ours, other.release_, text.theirs);
}

const Types* KernelTypes::of_module(const std::string& provider) {
  auto [at, fresh] = modules_.try_emplace(provider);
  const auto* file = fresh ? tree_.find(provider) : nullptr;
  if (file) {
    auto types = Types::open(kernel_, tree_.path_of(*file));
    if (types) at->second = *std::move(types);
  }
  return at->second.get();
}

const Types* KernelTypes::declaring(std::string_view name, const std::string& provider) {
  const auto* module = of_module(provider);
  if (module && module->declares(name)) return module;
  return kernel_->declares(name) ? kernel_.get() : nullptr;
}

}  // namespace ringside::modules
