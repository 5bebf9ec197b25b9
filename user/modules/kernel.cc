// Opening asks the cache first. An index is taken only if its key names this build-id and the
// tree's identity; another one is replaced, by rename, so that readers of the old one go on.
#include "user/modules/kernel.hh"

#include <fmt/format.h>
#include <sys/stat.h>

#include <algorithm>
#include <cstring>
#include <fstream>
#include <sstream>

#include "core/base/name_hash.hh"
#include "user/cache/cache.hh"

namespace ringside::modules {
namespace {

constexpr int kAbiVersion = 2, kExportsVersion = 2, kListedVersion = 1;

struct StoredAbi {
  std::string vermagic;
  ModuleStruct shape;
  bool force_load = false;
};

// What tells one modules.dep from another: "SIZE NANOSECONDS".
Outcome<std::string> list_tag(const std::filesystem::path& tree) {
  auto file = tree / "modules.dep";
  struct stat status;
  if (stat(file.c_str(), &status) != 0) return system_failure("open", file);
  return fmt::format("{} {}", status.st_size,
                     status.st_mtim.tv_sec * 1'000'000'000 + status.st_mtim.tv_nsec);
}

Outcome<StoredAbi> load_abi(const std::filesystem::path& file) {
  auto mapped = TRY(MappedFile::open(file));
  std::string text(reinterpret_cast<const char*>(mapped.bytes().data()), mapped.bytes().size());
  std::istringstream stream(text);
  StoredAbi abi;
  std::getline(stream, abi.vermagic);
  stream >> abi.shape.size >> abi.shape.name >> abi.shape.init >> abi.shape.exit >> abi.force_load;
  if (!stream || abi.vermagic.empty()) return Failure{file.native() + ": damaged"};
  return abi;
}

Outcome<StoredAbi> find_abi(kimage::Image& image) {
  auto btf = TRY(image.btf());
  auto shape = module_struct(btf);
  if (!shape) return Failure{describe(shape.error(), image.source())};
  auto rodata = image.vmlinux().find(".rodata");
  if (!rodata) return Failure{describe(rodata.error(), image.source())};
  if (!*rodata) return Failure{image.source() + ": no .rodata section: not a kernel"};
  auto vermagic = find_vermagic((*rodata)->data, image.release());
  if (!vermagic) return Failure{describe(vermagic.error(), image.source())};
  return StoredAbi{std::string(*vermagic), *shape, find_force_load((*rodata)->data)};
}

Outcome<StoredAbi> abi_of(kimage::Image& image) {
  auto file = TRY(cache::index_path(image.build_id(), "module-abi", kAbiVersion));
  if (auto stored = load_abi(file)) return stored;
  auto abi = TRY(find_abi(image));
  auto text = fmt::format("{}\n{} {} {} {} {:d}\n", abi.vermagic, abi.shape.size, abi.shape.name,
                          abi.shape.init, abi.shape.exit, abi.force_load);
  (void)cache::publish_file(file, as_bytes(text));  // without it the next run takes as long
  return abi;
}

}  // namespace

Outcome<Kernel> Kernel::open(kimage::Image image, const std::filesystem::path& tree) {
  Kernel kernel(std::move(image));
  TRY(kernel.read_abi());
  if (!tree.empty()) kernel.tree_ = TRY(modtree::Tree::open(tree));
  TRY(kernel.read_exports());
  kernel.remember_list();
  return kernel;
}

// "SIZE NANOSECONDS IDENTITY IDENTITY"
void Kernel::remember_list() const {
  auto tag = list_tag(tree_.folder());
  auto file = cache::index_path(image_.build_id(), "listed", kListedVersion);
  if (!tag || !file) return;
  auto text = fmt::format("{} {} {}\n", *tag, tree_.identity()[0], tree_.identity()[1]);
  auto known = MappedFile::open(*file);
  std::string_view old;
  if (known) old = {reinterpret_cast<const char*>(known->bytes().data()), known->bytes().size()};
  if (old != text) (void)cache::publish_file(*file, as_bytes(text));
}

Outcome<Kernel> Kernel::open_listed(kimage::Image image, const std::filesystem::path& tree) {
  Kernel kernel(std::move(image));
  TRY(kernel.read_abi());
  auto file = TRY(cache::index_path(kernel.image_.build_id(), "listed", kListedVersion));
  auto mapped = TRY(MappedFile::open(file));
  std::string text(reinterpret_cast<const char*>(mapped.bytes().data()), mapped.bytes().size());
  auto tag = TRY(list_tag(tree));
  modtree::Tree::Identity identity{};
  std::istringstream words(text.starts_with(tag) ? text.substr(tag.size()) : std::string());
  if (!(words >> identity[0] >> identity[1]))
    return Failure{file.native() + ": of another modules.dep"};
  kernel.tree_ = TRY(modtree::Tree::open_listed(tree, identity));
  auto exports = TRY(cache::index_path(kernel.image_.build_id(), "exports", kExportsVersion));
  if (!kernel.take_cached(exports, kernel.key()))
    return Failure{exports.native() + ": of another tree"};
  return kernel;
}

static Failure no_rules(const kimage::Image& image) {
  std::string known;
  for (const auto* rules : all_rules())
    known += fmt::format("{}{}", known.empty() ? "" : ", ", rules->series);
  return {fmt::format("{}: no rules for kernel {} (known: {})", image.source(), image.release(),
                      known)};
}

Outcome<Nothing> Kernel::read_abi() {
  const auto* rules = rules_for(image_.release());
  if (!rules) return no_rules(image_);
  auto found = TRY(abi_of(image_));
  *vermagic_text_ = std::move(found.vermagic);
  *abi_ = {rules, *vermagic_text_, found.shape, found.force_load};
  return ok;
}

IndexKey Kernel::key() const {
  const auto& tree = tree_.identity();
  const auto& id = image_.build_id();
  std::uint64_t words[4] = {tree[0], tree[1], hash_name(id, 1), hash_name(id, 2)};
  IndexKey key;
  static_assert(sizeof(words) == sizeof(key));
  std::memcpy(key.data(), words, sizeof(key));
  return key;
}

Outcome<Nothing> Kernel::take_index(Bytes block) {
  auto index = ExportIndex::open(block);
  if (!index) return Failure{describe(index.error(), "the index of exports")};
  exports_ = *index;
  providers_.clear();
  for (std::uint32_t at = 0; at < index->provider_count(); ++at)
    providers_.push_back(index->provider(at).value_or(IndexedProvider{}));
  return ok;
}

bool Kernel::take_cached(const std::filesystem::path& file, const IndexKey& key) {
  auto mapped = MappedFile::open(file);
  if (!mapped) return false;
  mapped_ = *std::move(mapped);
  return take_index(mapped_->bytes()) && exports_->key() == key;
}

// The kernel's exports alone are read in no time, and must not take the place of a tree's index.
Outcome<Nothing> Kernel::read_exports() {
  if (tree_.files().empty()) {
    built_ = TRY(build_index(image_, tree_, *abi_, key()));
    return take_index(built_);
  }
  auto file = TRY(cache::index_path(image_.build_id(), "exports", kExportsVersion));
  if (take_cached(file, key())) return ok;
  built_ = TRY(build_index(image_, tree_, *abi_, key()));
  (void)cache::publish_file(file, built_);
  if (take_cached(file, key())) return built_ = {}, ok;
  return take_index(built_);
}

bool Kernel::has_symbol(std::string_view name) {
  if (symbols_.empty()) {
    symbols_.emplace();  // so that a kernel without symbols is asked once
    auto tables = image_.kallsyms();
    if (!tables) return false;
    kimage::Kallsyms::Cursor cursor(*tables);
    for (auto symbol = cursor.next(); symbol && *symbol; symbol = cursor.next())
      symbols_.emplace((*symbol)->name);
  }
  return !name.empty() && symbols_.contains(std::string(name));
}

// The names that the entries of an array in `section` point to from their word at `name`. The
// strings lie in .rodata.
template <class Take>
void Kernel::read_built_in(const char* section, std::uint64_t entry, std::uint64_t name,
                           Take take) {
  auto entries = image_.vmlinux().find(section), strings = image_.vmlinux().find(".rodata");
  if (!entries || !*entries || !strings || !*strings) return;
  auto table = (*entries)->data;
  for (std::uint64_t at = 0; fits(at, entry, table.size()); at += entry) {
    auto from = load<std::uint64_t>(table, at + name) - (*strings)->address;
    if (auto full = read_string((*strings)->data, from, section)) take(*full, table.subspan(at));
  }
}

// struct kernel_param: 40 bytes, "MODULE.PARAMETER" at 0, mode at 24: 0 is not shown; a
// core_param() has no module, and stands under "kernel". struct module_version_attribute: 72 bytes,
// the module's name at 56 (param_sysfs_builtin, version_sysfs_builtin).
bool Kernel::has_built_in(std::string_view name) {
  if (built_in_.empty()) {
    built_in_.emplace();  // so that they are read once
    read_built_in("__param", 40, 0, [&](std::string_view full, Bytes entry) {
      auto dot = full.find('.');
      if (load<std::uint16_t>(entry, 24) != 0)
        built_in_.emplace(dot == full.npos ? "kernel" : full.substr(0, dot));
    });
    read_built_in("__modver", 72, 56,
                  [&](std::string_view full, Bytes) { built_in_.emplace(full); });
  }
  return !name.empty() && built_in_.contains(std::string(name));
}

bool Kernel::lists_built_in(std::string_view name) const {
  std::ifstream lines(tree_.folder() / "modules.builtin");
  for (std::string line; std::getline(lines, line);)
    if (modtree::module_name(line) == modtree::with_underscores(name)) return true;
  return false;
}

}  // namespace ringside::modules
