// Kernels in the order of their last use, the oldest closed when there are too many; those that are
// not here are remembered, too, for a log may name one a thousand times.
#include "user/oops/kernel.hh"

#include <fmt/format.h>

#include <algorithm>

namespace ringside::oops {
namespace {

constexpr std::size_t kKept = 16;                          // kernels that are open at once
constexpr std::size_t kMissing = 4096;                     // releases that are known not to be here
constexpr std::uint64_t kLinkedText = 0xffffffff81000000;  // _text of x86-64, before KASLR

// As modules.dep lists it, like the kernel's own modprobe: a walk over four thousand files takes
// longer than all the rest.
Outcome<modtree::Tree> open_tree(const std::filesystem::path& folder) {
  if (folder.empty()) return modtree::Tree();
  if (auto listed = modtree::Tree::open_listed(folder, {})) return listed;
  return modtree::Tree::open(folder);
}

// "#1 SMP ..." of "Linux version 6.1.0 (who@where) (compiler) #1 SMP ...", which is where the
// kernel's own symbol says: another one before it lacks the number.
std::string version_of(const kimage::Image& image, const SymbolTable& symbols) {
  constexpr std::size_t kLongest = 1024;
  auto banner = symbols.named("linux_banner");
  if (banner.empty()) return {};
  auto section = image.vmlinux().covering(banner[0].start);
  if (!section || !*section) return {};
  auto data = (*section)->data.subspan(banner[0].start - (*section)->address);
  std::string_view text(reinterpret_cast<const char*>(data.data()),
                        std::min(data.size(), kLongest));
  text = text.substr(0, text.find_first_of(std::string_view("\0\n", 2)));
  auto number = text.find(" #");
  return number == text.npos ? "" : std::string(text.substr(number + 1));
}

}  // namespace

Outcome<Nothing> Kernel::open_symbols(const KernelFiles& files) {
  source_ = files.symbols.empty() ? files.types.native() : files.symbols.native();
  release_ = files.release;
  version_ = files.version;
  if (files.symbols.empty()) {
    if (!files.types.empty()) TRY(modules::Types::open_raw(files.types));
  } else if (files.is_image) {
    auto image = TRY(kimage::Image::open(files.symbols));
    release_ = image.release();
    build_id_ = image.build_id();
    symbols_ = TRY(open_image_symbols(image));
    version_ = version_of(image, *symbols_);
  } else {
    symbols_ = TRY(open_text_symbols(files.symbols));
    auto text = symbols_->named("_text");
    relocated_ = !text.empty() && text[0].start != kLinkedText;
  }
  return ok;
}

Outcome<std::shared_ptr<const Kernel>> Kernel::open(const KernelFiles& files) {
  std::shared_ptr<Kernel> kernel(new Kernel);
  kernel->types_in_image_ = files.types.empty();
  if (!files.types.empty() || files.is_image)
    kernel->types_file_ = files.types.empty() ? files.symbols : files.types;
  TRY(kernel->open_symbols(files));
  kernel->tree_ = TRY(open_tree(files.modules));
  kernel->given_ = files.debug.given;
  if (kernel->release_.empty())
    kernel->lines_ =
        std::make_unique<NoLines>("no source lines: the symbols' file names no kernel");
  else if (kernel->relocated_)
    kernel->lines_ = std::make_unique<NoLines>(
        "no source lines: the symbols' addresses are not as linked; name an image or a System.map");
  else
    kernel->lines_ = std::make_unique<DebugLines>(kernel->release_, kernel->build_id_,
                                                  kernel->tree_, files.debug);
  return std::shared_ptr<const Kernel>(std::move(kernel));
}

Outcome<std::filesystem::path> Kernel::module_file(const std::string& name) const {
  if (auto given = lines::given_module(name, given_)) return *given;
  if (const auto* file = tree_.find(name)) return tree_.path_of(*file);
  if (!tree_.folder().empty())
    return Failure{fmt::format("module {}: not in {}: name its file by --debug", name,
                               tree_.folder().native())};
  return Failure{fmt::format(
      "module {}: this kernel's modules are not on this machine: name its file by --debug", name)};
}

// Without them there are no prototypes, and that is all.
void Kernel::open_types() const {
  if (std::exchange(types_asked_, true) || types_file_.empty()) return;
  auto open = [&]() -> Outcome<std::shared_ptr<const modules::Types>> {
    if (!types_in_image_) return modules::Types::open_raw(types_file_);
    return modules::Types::open(TRY(kimage::Image::open(types_file_)));
  };
  if (auto types = open()) types_.emplace(*std::move(types), tree_);
}

std::string Kernel::prototype(std::string_view name, const std::string& module) const {
  name = name.substr(0, name.find('.'));  // gcc's clones: ".isra.0", ".cold"
  std::lock_guard lock(mutex_);
  open_types();
  const auto* types = types_ ? types_->declaring(name, module) : nullptr;
  return types ? types->declaration(name).value_or("") : "";
}

Outcome<const SymbolTable*> Kernel::module(const std::string& name) const {
  std::lock_guard lock(mutex_);
  auto known = modules_.find(name);
  if (known == modules_.end()) {
    auto open = [&]() -> Outcome<Table> { return open_module_symbols(TRY(module_file(name))); };
    known = modules_.emplace(name, open()).first;
  }
  if (!known->second) return known->second.error();
  return known->second->get();
}

std::string Kernel::module_build_id(const std::string& name) const {
  auto file = module_file(name);
  auto build_id = file ? lines::DebugFile::build_id_of(*file) : Outcome<std::string>("");
  return build_id ? *build_id : "";
}

Outcome<std::shared_ptr<const Kernel>> Kernels::of(const std::string& release) {
  std::lock_guard lock(mutex_);
  if (auto missing = missing_.find(release); missing != missing_.end()) return missing->second;
  for (auto each = kernels_.begin(); each != kernels_.end(); ++each) {
    if (each->release != release) continue;
    kernels_.splice(kernels_.begin(), kernels_, each);
    return each->kernel;
  }
  auto open = [&]() -> Outcome<std::shared_ptr<const Kernel>> {
    return Kernel::open(TRY(find_(release)));
  };
  auto kernel = open();
  if (!kernel) {
    if (missing_.size() == kMissing) missing_.clear();
    missing_.emplace(release, kernel.error());
    return kernel.error();
  }
  kernels_.push_front({release, *kernel});
  if (kernels_.size() > kKept) kernels_.pop_back();
  return *kernel;
}

}  // namespace ringside::oops
