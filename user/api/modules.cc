// The C API over user/modules. A ringside_modules keeps the kernel, a Checker for verdicts, and the
// exports of what was linked so far, at their final addresses. Each link has memory of its own, so
// that any number may be open; all share the first through a counted pointer.
#include <fmt/format.h>

#include <memory>
#include <numeric>
#include <type_traits>

#include "core/modules/edit.hh"
#include "user/api/guard.hh"
#include "user/modules/checker.hh"
#include "user/modules/unexported.hh"

namespace ringside::api {
namespace {

using modules::Diagnostics;
using modules::Linked;
using modules::Linker;
using modules::Severity;
using modules::Source;

static_assert(int{RINGSIDE_REFUSED} == int(Severity::kRefused) &&
              int{RINGSIDE_NOTE} == int(Severity::kNote));
// The ABI: these never change, later members come behind them.
static_assert(sizeof(ringside_reason) == 56 && sizeof(ringside_module) == 48 &&
              sizeof(ringside_region) == 40 && sizeof(ringside_place) == 32 &&
              sizeof(ringside_need) == 32);

constexpr std::size_t kReasons = 64;     // only the first is told; check tells all
constexpr std::uint32_t kFirstNeed = 1;  // before it: module_layout, which is no symbol's need
constexpr std::uint32_t kFirstLinked = 0x8000'0000;  // Overlay's providers; below: the tree's

struct Set {
  explicit Set(modules::Kernel opened) : kernel(std::move(opened)) {}

  modules::Kernel kernel;
  std::unique_ptr<modules::Checker> checker;
  modules::Overlay linked;
  bool unexported = false;  // functions that are not exported are taken, too
  modules::Start next;      // where the next module goes unless told otherwise
};

// Names in the file end with a NUL behind their view; one that cannot be read has no place at all.
const char* text_of(std::string_view name) {
  return name.empty() ? "" : name.data();
}

Outcome<std::filesystem::path> path_of(const Set& set, const std::string& module) {
  if (module.find('/') != module.npos) return std::filesystem::path(module);
  if (const auto* file = set.kernel.tree().find(module)) return set.kernel.tree().path_of(*file);
  return Failure{fmt::format("{}: no such module in {}", module,
                             set.kernel.tree().folder().empty()
                                 ? "the kernel's tree, as it has none"
                                 : set.kernel.tree().folder().native())};
}

// The first of `diagnostics` that keeps the module from being loaded.
Failure refusal(const std::string& module, const Diagnostics& diagnostics, const Linked& linked) {
  const auto* view = linked.module.object().sections().empty() ? nullptr : &linked.module;
  for (const auto& diagnostic : diagnostics.list())
    if (diagnostic.severity <= Severity::kUnsupported)
      return {fmt::format("{}: {}", module, to_line(explain(diagnostic, view))),
              diagnostic.severity == Severity::kUnsupported ? kUnknown : kNo};
  return {module + ": refused", kNo};
}

}  // namespace
}  // namespace ringside::api

struct ringside_modules {
  std::shared_ptr<ringside::api::Set> set;
};

struct ringside_verdict {
  ringside::modules::Verdict verdict;
};

struct ringside_link {
  ringside_link(std::shared_ptr<ringside::api::Set> owner, std::string label,
                ringside::modules::ModuleFile content, ringside::modules::Linker engine)
      : set(std::move(owner)),
        module(std::move(label)),
        file(std::move(content)),
        linker(std::move(engine)) {}

  std::shared_ptr<ringside::api::Set> set;
  std::string module;
  ringside::modules::ModuleFile file;
  ringside::modules::Linker linker;
  ringside::modules::Linked linked;
  std::vector<ringside::modules::Diagnostic> room =
      std::vector<ringside::modules::Diagnostic>(ringside::api::kReasons);
  std::vector<std::uint32_t> regions;      // those in use; kMaxRegions stands for per-CPU data
  std::vector<std::uint32_t> sections;     // those in memory
  std::vector<std::uint32_t> symbols;      // those in such sections
  std::vector<std::uint64_t> relocations;  // one a section
  std::vector<std::string> providers;      // one a need
  std::vector<bool> known;                 // one a need: its address is that of a kernel that runs
  std::byte* percpu = nullptr;             // the caller's memory for it
  bool finished = false;
};

namespace ringside::api {
namespace {

using modules::kMaxRegions;

void list_regions(ringside_link& link) {
  for (std::uint32_t region = 0; region < kMaxRegions; ++region)
    if (link.linked.layout.regions[region].size) link.regions.push_back(region);
  if (link.linked.layout.percpu_section) link.regions.push_back(kMaxRegions);
}

void list_needs(ringside_link& link) {
  for (const auto& answer : link.linked.answers) {
    bool there = answer.source != Source::kNone;
    link.providers.emplace_back(there ? answer.provider_name : "");
    link.known.push_back(there && (answer.provider == 0 || answer.provider >= kFirstLinked));
  }
}

void list_map(ringside_link& link) {
  const auto& object = link.linked.module.object();
  link.relocations.resize(object.sections().size());
  for (const auto& header : object.sections())
    if (header.type == modules::kSectionRela && header.info < link.relocations.size())
      link.relocations[header.info] += header.size / sizeof(modules::Relocation);
  std::vector<bool> there(object.sections().size());
  for (std::uint32_t index = 1; index < object.sections().size(); ++index) {
    there[index] = link.linked.layout.places[index].region != modules::kNoRegion ||
                   index == link.linked.layout.percpu_section;
    if (there[index]) link.sections.push_back(index);
  }
  for (std::uint32_t index = 1; index < object.symbol_count(); ++index) {
    auto symbol = object.symbol(index);
    bool defined = symbol.section != 0 && symbol.section < there.size() && there[symbol.section];
    if (defined && symbol.type() != modules::kTypeSection) link.symbols.push_back(index);
  }
}

Outcome<Nothing> take_unexported(ringside_link& link, std::uint64_t offset) {
  auto reasons = TRY(modules::answer_unexported(link.set->kernel, offset, link.linked));
  if (!reasons.empty()) return Failure{link.module + ": " + to_line(reasons[0]), kNo};
  return ok;
}

// Opens and lays out; the layout's faults are told here, binding's by finish().
Outcome<Nothing> lay_out(ringside_link& link, std::uint64_t offset) {
  Diagnostics diagnostics(link.room);
  auto opened = link.linker.open(link.file.bytes(), link.linked, diagnostics);
  if (diagnostics.blocking()) return refusal(link.module, diagnostics, link.linked);
  if (!opened) return Failure{describe(opened.error(), link.module)};
  if (link.set->linked.has_module(link.linked.module.name()))
    return Failure{link.module + ": has been linked from this handle before", kNo};
  if (link.set->unexported) TRY(take_unexported(link, offset));
  auto next = link.linker.place(link.linked, link.set->next);
  if (!next) return Failure{describe(next.error(), link.module)};
  link.set->next = *next;
  list_regions(link);
  list_needs(link);
  list_map(link);
  return ok;
}

Outcome<Nothing> require_addresses(const ringside_link& link) {
  for (std::size_t row = 0; row < link.linked.needs.size(); ++row)
    if (link.linked.answers[row].source == Source::kExport && !link.known[row])
      return Failure{fmt::format("{}: needs {}, whose module {} has not been linked", link.module,
                                 link.linked.needs[row].name, link.providers[row]),
                     kNo};
  return ok;
}

void copy_percpu(const ringside_link& link) {
  auto contents = link.linked.module.object().contents(link.linked.layout.percpu_section);
  if (link.percpu && !contents.empty()) std::memcpy(link.percpu, contents.data(), contents.size());
}

Outcome<int> finish(ringside_link& link) {
  if (link.finished) return Failure{"the link is finished", kUsage};
  TRY(require_addresses(link));
  Diagnostics diagnostics(link.room);
  auto finished = link.linker.finish(link.linked, diagnostics);
  if (finished) finished = link.linker.finish_symbols(link.linked);
  if (!finished) return Failure{describe(finished.error(), link.module)};
  if (diagnostics.blocking()) return refusal(link.module, diagnostics, link.linked);
  copy_percpu(link);
  link.set->linked.add(link.linked.module, link.linked.exports, link.linked.values,
                       link.linked.proprietary);
  link.finished = true;
  return int{kYes};
}

Outcome<int> edit(ringside_link& link, void* out, std::uint64_t& size) {
  const auto& linked = link.linked;
  auto needed = linked.module.signed_file().content.size();
  auto room = std::exchange(size, needed);
  if (!out) return int{kYes};
  if (room < needed) return Failure{"the memory is too small: *size says what it takes", kUsage};
  TRY(require_addresses(link));
  Diagnostics diagnostics(link.room);
  std::vector<std::uint64_t> values(linked.module.object().symbol_count());
  modules::bind(linked.module, linked.needs, linked.answers, linked.options, values, diagnostics);
  if (diagnostics.blocking()) return refusal(link.module, diagnostics, linked);
  std::vector<std::byte> memory(16 + 4 * linked.needs.size());
  Arena arena(memory);
  auto edited = modules::edit_for_bind(linked.module, linked.needs, linked.answers, arena,
                                       {static_cast<std::byte*>(out), needed});
  if (!edited) return Failure{describe(edited.error(), link.module)};
  size = edited->size;
  return int{kYes};
}

const void* bytes_of(const ringside_link& link, std::uint32_t region) {
  if (!link.finished) return nullptr;
  if (region < kMaxRegions) return link.linked.image.memory[region].data();
  if (link.percpu) return link.percpu;
  return link.linked.module.object().contents(link.linked.layout.percpu_section).data();
}

}  // namespace
}  // namespace ringside::api

using namespace ringside;       // NOLINT: what follows has C linkage
using namespace ringside::api;  // NOLINT

extern "C" {

int ringside_modules_open(const char* image, const char* tree, ringside_modules** modules,
                          ringside_error* error) {
  if (modules) *modules = nullptr;
  if (!image || !modules) return fail(kUsage, kNullPointer, error);
  return guarded(error, [&]() -> Outcome<int> {
    auto opened = TRY(kimage::Image::open(image));
    auto kernel = TRY(modules::Kernel::open(std::move(opened), tree ? tree : ""));
    auto set = std::make_shared<Set>(std::move(kernel));
    set->checker = TRY(modules::Checker::create(set->kernel, {}));
    *modules = new ringside_modules{std::move(set)};
    return int{kYes};
  });
}

void ringside_modules_close(ringside_modules* modules) {
  delete modules;
}

int ringside_modules_provide(ringside_modules* modules, const char* file, ringside_error* error) {
  if (!modules || !file) return fail(kUsage, kNullPointer, error);
  return guarded(error, [&]() -> Outcome<int> {
    TRY(modules->set->checker->provide(file));
    return int{kYes};
  });
}

int ringside_modules_allow_unexported(ringside_modules* modules) {
  if (!modules) return kUsage;
  modules->set->checker->allow_unexported();
  modules->set->unexported = true;
  return kYes;
}

int ringside_modules_check(ringside_modules* modules, const char* module,
                           ringside_verdict** verdict, ringside_error* error) {
  if (verdict) *verdict = nullptr;
  if (!modules || !module || !verdict) return fail(kUsage, kNullPointer, error);
  return guarded(error, [&]() -> Outcome<int> {
    auto path = TRY(path_of(*modules->set, module));
    auto made = std::make_unique<ringside_verdict>();
    made->verdict = modules->set->checker->check(module, path);
    modules->set->checker->check_closure(made->verdict);
    *verdict = made.release();
    return int{kYes};
  });
}

void ringside_verdict_close(ringside_verdict* verdict) {
  delete verdict;
}

int ringside_verdict_answer(const ringside_verdict* verdict) {
  if (!verdict) return kUsage;
  if (verdict->verdict.refused) return kNo;
  return verdict->verdict.unknown ? kUnknown : kYes;
}

int ringside_verdict_module(const ringside_verdict* verdict, ringside_module* module) {
  if (!verdict || !module || !is_sized(*module)) return kUsage;
  const auto& from = verdict->verdict;
  module->taints = from.taints;
  module->core_bytes = module->init_bytes = 0;
  for (const auto& region : from.memory)
    (region.init ? module->init_bytes : module->core_bytes) += region.bytes;
  module->percpu_bytes = from.percpu_bytes;
  module->name = from.name.c_str();
  module->is_signed = from.signature.has_value();
  return kYes;
}

uint32_t ringside_verdict_reasons(const ringside_verdict* verdict) {
  return verdict ? static_cast<uint32_t>(verdict->verdict.reasons.size()) : 0;
}

int ringside_verdict_reason(const ringside_verdict* verdict, uint32_t index,
                            ringside_reason* reason) {
  if (!verdict || !reason || !is_sized(*reason)) return kUsage;
  if (index >= verdict->verdict.reasons.size()) return kNo;
  const auto& from = verdict->verdict.reasons[index];
  reason->severity = static_cast<uint32_t>(from.severity);
  reason->fault = from.fault.c_str();
  reason->what = from.what.c_str();
  reason->where = from.where.c_str();
  reason->expected = from.expected.c_str();
  reason->found = from.found.c_str();
  reason->advice = from.advice.c_str();
  return kYes;
}

uint32_t ringside_verdict_needs(const ringside_verdict* verdict) {
  return verdict ? static_cast<uint32_t>(verdict->verdict.closure.size()) : 0;
}

const char* ringside_verdict_need(const ringside_verdict* verdict, uint32_t index) {
  if (index >= ringside_verdict_needs(verdict)) return nullptr;
  return verdict->verdict.closure[index].c_str();
}

int ringside_link_open(ringside_modules* modules, const char* module, uint64_t offset,
                       ringside_link** link, ringside_error* error) {
  if (link) *link = nullptr;
  if (!modules || !module || !link) return fail(kUsage, kNullPointer, error);
  return guarded(error, [&]() -> Outcome<int> {
    auto& set = modules->set;
    auto file = TRY(modules::ModuleFile::open(TRY(path_of(*set, module))));
    auto linker = TRY(Linker::create(set->kernel, set->linked, offset));
    auto made = std::make_unique<ringside_link>(set, module, std::move(file), std::move(linker));
    TRY(lay_out(*made, offset));
    *link = made.release();
    return int{kYes};
  });
}

void ringside_link_close(ringside_link* link) {
  delete link;
}

uint32_t ringside_link_regions(const ringside_link* link) {
  return link ? static_cast<uint32_t>(link->regions.size()) : 0;
}

int ringside_link_region(const ringside_link* link, uint32_t index, ringside_region* region) {
  if (!link || !region || !is_sized(*region)) return kUsage;
  if (index >= link->regions.size()) return kNo;
  auto number = link->regions[index];
  bool percpu = number == kMaxRegions;
  const auto& linked = link->linked;
  const auto& rules = link->set->kernel.rules();
  region->is_init = !percpu && rules.regions[number].init;
  region->size = percpu ? linked.layout.percpu_size : linked.layout.regions[number].size;
  region->address = percpu ? linked.image.percpu_address : linked.image.address[number];
  region->name = percpu ? "percpu" : rules.regions[number].name.data();
  region->bytes = bytes_of(*link, number);
  return kYes;
}

int ringside_link_place(ringside_link* link, uint32_t index, uint64_t address, void* memory,
                        uint64_t size) {
  ringside_region region = RINGSIDE_REGION_INIT;
  if (!link || link->finished || ringside_link_region(link, index, &region) != kYes) return kUsage;
  if (memory && size < region.size) return kUsage;
  auto number = link->regions[index];
  auto& image = link->linked.image;
  (number == kMaxRegions ? image.percpu_address : image.address[number]) = address;
  auto* bytes = static_cast<std::byte*>(memory);
  if (number == kMaxRegions)
    link->percpu = bytes;
  else if (memory)
    image.memory[number] = {bytes, region.size};
  return kYes;
}

int ringside_link_finish(ringside_link* link, ringside_error* error) {
  if (!link) return fail(kUsage, kNullPointer, error);
  return guarded(error, [&] { return finish(*link); });
}

uint32_t ringside_link_sections(const ringside_link* link) {
  return link && link->finished ? static_cast<uint32_t>(link->sections.size()) : 0;
}

int ringside_link_section(const ringside_link* link, uint32_t index, ringside_place* section) {
  if (!link || !section || !is_sized(*section)) return kUsage;
  if (index >= ringside_link_sections(link)) return kNo;
  auto number = link->sections[index];
  const auto& object = link->linked.module.object();
  section->relocations = static_cast<uint32_t>(link->relocations[number]);
  section->address = link->linked.addresses[number];
  section->size = object.sections()[number].size;
  section->name = text_of(object.section_name(number));
  return kYes;
}

uint32_t ringside_link_symbols(const ringside_link* link) {
  return link && link->finished ? static_cast<uint32_t>(link->symbols.size()) : 0;
}

int ringside_link_symbol(const ringside_link* link, uint32_t index, ringside_place* symbol) {
  if (!link || !symbol || !is_sized(*symbol)) return kUsage;
  if (index >= ringside_link_symbols(link)) return kNo;
  const auto& object = link->linked.module.object();
  auto from = object.symbol(link->symbols[index]);
  symbol->relocations = 0;
  symbol->address = link->linked.values[link->symbols[index]];
  symbol->size = from.size;
  symbol->name = text_of(object.symbol_name(from));
  return kYes;
}

uint32_t ringside_link_needs(const ringside_link* link) {
  return link ? static_cast<uint32_t>(link->providers.size()) - kFirstNeed : 0;
}

int ringside_link_need(const ringside_link* link, uint32_t index, ringside_need* need) {
  if (!link || !need || !is_sized(*need)) return kUsage;
  if (index >= ringside_link_needs(link)) return kNo;
  auto row = index + kFirstNeed;
  const auto& from = link->linked.needs[row];
  const auto& answer = link->linked.answers[row];
  need->has_address = link->known[row];
  need->is_weak = from.weak;
  need->is_gpl_only = answer.gpl_only;
  need->address = link->known[row] ? answer.address : 0;
  need->name = text_of(from.name);
  need->provider = link->providers[row].c_str();
  return kYes;
}

int ringside_link_bind(ringside_link* link, uint32_t index, uint64_t address) {
  if (!link || link->finished || index >= ringside_link_needs(link)) return kUsage;
  auto row = index + kFirstNeed;
  auto& answer = link->linked.answers[row];
  if (answer.source == Source::kNone) return kNo;
  answer.address = address;
  link->known[row] = true;
  return kYes;
}

int ringside_link_edit(ringside_link* link, void* out, uint64_t* size, ringside_error* error) {
  if (!link || !size) return fail(kUsage, kNullPointer, error);
  return guarded(error, [&] { return edit(*link, out, *size); });
}

}  // extern "C"
