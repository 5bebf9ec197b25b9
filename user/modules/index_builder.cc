// The index, built: the kernel's exports, then those of every module in the tree by its name, each
// module opened, read and closed again. Names are copied into one growing list, since the modules'
// maps go; everything else is a number.
#include <deque>

#include "core/modules/module.hh"
#include "user/modules/kernel.hh"
#include "user/modules/module_file.hh"
#include "user/modules/scratch.hh"

namespace ringside::modules {
namespace {

constexpr std::size_t kScratch = 256u << 20;

class IndexBuilder {
 public:
  IndexBuilder(const KernelAbi& abi, Scratch scratch) : abi_(abi), scratch_(std::move(scratch)) {
    providers_.push_back({"vmlinux", false});
  }

  Outcome<Nothing> add_kernel(const kimage::Image& image);
  void add_module(const std::string& name, Bytes file);
  Outcome<std::vector<std::byte>> build(const IndexKey& key) const;

 private:
  void add_export(const Module& module, const OwnExport& entry);
  std::string_view keep(std::string_view text) {
    return text.empty() ? text : std::string_view(texts_.emplace_back(text));
  }

  const KernelAbi& abi_;
  Scratch scratch_;
  std::deque<std::string> texts_;
  std::vector<IndexedExport> exports_;
  std::vector<IndexedProvider> providers_;
};

Outcome<Nothing> IndexBuilder::add_kernel(const kimage::Image& image) {
  auto table = TRY(image.exports());
  for (std::uint32_t index = 0; index < table.size(); ++index) {
    auto entry = table.at(index);
    if (!entry) return Failure{describe(entry.error(), image.source())};
    exports_.push_back({entry->name, entry->name_space, entry->address, entry->crc, 0, 0,
                        entry->has_crc, entry->gpl_only});
  }
  return ok;
}

void IndexBuilder::add_export(const Module& module, const OwnExport& entry) {
  if (entry.name.empty() || entry.symbol >= module.object().symbol_count()) return;
  auto symbol = module.object().symbol(entry.symbol);
  auto provider = static_cast<std::uint32_t>(providers_.size() - 1);
  exports_.push_back({keep(entry.name), keep(entry.name_space),
                      symbol.value + static_cast<std::uint64_t>(entry.addend), entry.crc, provider,
                      symbol.section, entry.has_crc, entry.gpl_only});
}

void IndexBuilder::add_module(const std::string& name, Bytes file) {
  Arena arena(scratch_.memory());
  Diagnostics ignored({});  // whoever checks the module hears of them
  auto module = Module::open(file, abi_, arena, ignored);
  if (!module) return;
  auto exports = module->exports(arena, ignored);
  if (!exports || exports->empty()) return;
  providers_.push_back({keep(name), !module->gpl_compatible()});
  for (const auto& entry : *exports) add_export(*module, entry);
}

Outcome<std::vector<std::byte>> IndexBuilder::build(const IndexKey& key) const {
  std::vector<std::byte> block(ExportIndex::bytes(exports_, providers_));
  auto built = ExportIndex::build(exports_, providers_, key, block);
  if (!built) return Failure{describe(built.error(), "the index of exports")};
  return block;
}

}  // namespace

Outcome<std::vector<std::byte>> build_index(const kimage::Image& image, const modtree::Tree& tree,
                                            const KernelAbi& abi, const IndexKey& key) {
  IndexBuilder builder(abi, TRY(Scratch::reserve(kScratch)));
  TRY(builder.add_kernel(image));
  for (const auto& each : tree.files())
    if (auto file = ModuleFile::open(tree.path_of(each)))
      builder.add_module(each.name, file->bytes());
  return builder.build(key);
}

}  // namespace ringside::modules
