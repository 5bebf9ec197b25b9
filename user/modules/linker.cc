// Needs are answered in one batch from the index, which fetches ahead; only where modules are given
// besides the tree is each answer looked at again.
#include "user/modules/linker.hh"

#include <algorithm>

namespace ringside::modules {
namespace {

constexpr std::size_t kArena = 256u << 20, kImages = 512u << 20;
// Where symbols of other modules are taken to be as long as those have no addresses.
constexpr std::uint64_t kElsewhere = kModuleArea + (64u << 20);

}  // namespace

void Overlay::add(const Module& module, std::span<const OwnExport> exports,
                  std::span<const std::uint64_t> values, bool proprietary) {
  modules_.emplace(module.name());
  std::string_view provider = texts_.emplace_back(module.name());
  for (const auto& entry : exports) {
    auto known = answers_.find(entry.name);
    if (known != answers_.end() && known->second.back().provider_name == provider) continue;
    Answer answer;
    auto base = entry.symbol < values.size() ? values[entry.symbol] : kElsewhere;
    answer.address = base + static_cast<std::uint64_t>(entry.addend);
    answer.name_space = texts_.emplace_back(entry.name_space);
    answer.provider_name = provider;
    answer.crc = entry.crc, answer.has_crc = entry.has_crc;
    answer.provider = 0x8000'0000 + static_cast<std::uint32_t>(modules_.size());
    answer.source = Source::kExport;
    answer.gpl_only = entry.gpl_only;
    answer.proprietary_provider = proprietary;
    auto name = known != answers_.end() ? known->first : texts_.emplace_back(entry.name);
    answers_[name].push_back(answer);
  }
}

const Answer* Overlay::find(std::string_view name, std::string_view besides) const {
  auto at = answers_.find(name);
  if (at == answers_.end()) return nullptr;
  for (const auto& answer : at->second)
    if (answer.provider_name != besides) return &answer;
  return nullptr;
}

Outcome<Linker> Linker::create(const Kernel& kernel, const Overlay& overlay,
                               std::uint64_t kernel_offset) {
  auto arena = TRY(Scratch::reserve(kArena));
  auto images = TRY(Scratch::reserve(kImages));
  return Linker(kernel, overlay, kernel_offset, std::move(arena), std::move(images));
}

Answer Linker::answer_of(const IndexedExport& found) const {
  Answer answer;
  if (found.name.empty()) return answer;
  const auto& provider = kernel_.providers()[found.provider];
  bool kernels = found.provider == 0;
  answer.address = found.value + (kernels ? found.value >= kKernelBase ? offset_ : 0 : kElsewhere);
  answer.name_space = found.name_space;
  answer.provider_name = provider.name;
  answer.crc = found.crc, answer.has_crc = found.has_crc;
  answer.provider = found.provider;
  answer.source = Source::kExport;
  answer.gpl_only = found.gpl_only;
  answer.proprietary_provider = provider.proprietary;
  return answer;
}

bool Linker::is_visible(const IndexedExport& found, std::string_view besides) const {
  if (found.provider == 0) return true;
  auto name = kernel_.providers()[found.provider].name;
  return name != besides && !overlay_.has_module(name);
}

// As the kernel looks: its own exports first, then modules'; given ones before the tree's.
Answer Linker::find(const Need& need, std::string_view besides) const {
  const auto* given = overlay_.find(need.name, besides);
  auto found = kernel_.exports().find(need.name, need.hash);
  for (; found; found = kernel_.exports().after(*found)) {
    if (found->provider != 0 && given) return *given;
    if (is_visible(*found, besides)) return answer_of(*found);
  }
  return given ? *given : Answer{};
}

Result<Nothing> Linker::answer_all(Linked& linked, Arena& arena) const {
  auto found = TRY(arena.take<IndexedExport>(linked.needs.size()));
  linked.answers = TRY(arena.take<Answer>(linked.needs.size()));
  kernel_.exports().find_all(linked.needs, found);
  auto self = linked.module.name();
  for (std::size_t row = 0; row < found.size(); ++row) {
    bool kernels = !found[row].name.empty() && found[row].provider == 0;
    linked.answers[row] =
        kernels || overlay_.empty() ? answer_of(found[row]) : find(linked.needs[row], self);
  }
  return ok;
}

Result<Nothing> Linker::open(Bytes file, Linked& linked, Diagnostics& diagnostics) {
  arena_.give_back(arena_used_), images_.give_back(images_used_);
  arena_used_ = arena_.memory().size(), images_used_ = 0;  // until it is known
  Arena arena(arena_.memory());
  linked = {};
  linked.module = TRY(Module::open(file, kernel_.abi(), arena, diagnostics));
  TRY(lay_out(linked.module, arena, linked.layout, diagnostics));
  linked.needs = TRY(list_needs(linked.module, arena, diagnostics));
  linked.exports = TRY(linked.module.exports(arena, diagnostics));
  linked.addresses = TRY(arena.take<std::uint64_t>(linked.module.object().sections().size()));
  linked.values = TRY(arena.take<std::uint64_t>(linked.module.object().symbol_count()));
  linked.taints = linked.module.taints() | export_taints(linked.exports);
  linked.proprietary = !linked.module.gpl_compatible();
  TRY(answer_all(linked, arena));
  arena_used_ = arena.used();
  return ok;
}

Result<Start> Linker::place(Linked& linked, Start start) {
  auto memory = images_.memory();
  for (std::uint32_t region = 0; region < kMaxRegions; ++region) {
    auto size = linked.layout.regions[region].size;
    if (size > memory.size())
      return Error{"image is too large", "region", region, memory.size(), size};
    linked.image.memory[region] = memory.first(size);
    linked.image.address[region] = start.address;
    memory = memory.subspan(size);
    start.address += size;
  }
  images_used_ = images_.memory().size() - memory.size();
  start.percpu = align_up(start.percpu, std::max<std::uint64_t>(linked.layout.percpu_align, 1));
  linked.image.percpu_address = start.percpu;
  start.percpu += linked.layout.percpu_size;
  return start;
}

// An export that the kernel or a given module has already is refused where both are to be loaded;
// what only some other module of the tree exports is that module's affair until it is loaded.
Result<Nothing> Linker::judge(Linked& linked, Diagnostics& diagnostics) {
  Arena arena(arena_.memory().subspan(arena_used_));
  auto existing = TRY(arena.take<Answer>(linked.exports.size()));
  auto self = linked.module.name();
  for (std::size_t row = 0; row < existing.size(); ++row) {
    auto name = linked.exports[row].name;
    existing[row] = find({name, name_hash(name)}, self);
    bool kernels = existing[row].provider == 0;
    if (!kernels && !overlay_.find(name, self)) existing[row].source = Source::kNone;
  }
  judge_exports(linked.exports, existing, diagnostics);
  arena_used_ += arena.used();
  return ok;
}

Result<Nothing> Linker::finish(Linked& linked, Diagnostics& diagnostics) {
  section_addresses(linked.layout, linked.image, linked.addresses);
  define_symbols(linked.module.object(), linked.addresses, linked.values);
  auto taints =
      bind(linked.module, linked.needs, linked.answers, linked.options, linked.values, diagnostics);
  linked.taints |= taints;
  linked.proprietary |= (taints & kTaintProprietary) != 0;
  TRY(judge(linked, diagnostics));
  linked.relocations =
      TRY(link(linked.module.object(), linked.layout, linked.image, linked.values, diagnostics));
  return ok;
}

Result<Nothing> Linker::finish_symbols(const Linked& linked) {
  return link_symbols(linked.module.object(), linked.layout, linked.image, linked.values);
}

}  // namespace ringside::modules
