// A module goes through the whole of the core's steps, relocation included, at addresses of the
// right magnitude; then each diagnostic is put into words. What is only needed for words (names to
// suggest, types, all symbols of the kernel) is read when the first fault asks for it.
#include "user/modules/checker.hh"

#include <fmt/format.h>

#include <algorithm>

#include "user/modules/parameters.hh"
#include "user/modules/static_calls.hh"
#include "user/modules/unexported.hh"

namespace ringside::modules {
namespace {

constexpr std::size_t kMostReasons = 2048;

Reason own(const char* fault, Severity severity, std::string what, std::string where,
           std::string advice = {}) {
  return {fault, severity, std::move(what), std::move(where), {}, {}, std::move(advice)};
}

void add(Verdict& verdict, Reason reason) {
  verdict.refused |= reason.severity <= Severity::kUnsafe;
  verdict.unknown |= reason.severity == Severity::kUnsupported;
  verdict.reasons.push_back(std::move(reason));
}

// The modules that depends= in .modinfo names.
std::vector<std::string> depends_of(const Module& module) {
  std::vector<std::string> names;
  auto rest = module.modinfo().find("depends").value_or("");
  while (!rest.empty()) {
    auto end = std::min(rest.find(','), rest.size());
    if (end > 0) names.push_back(modtree::with_underscores(rest.substr(0, end)));
    rest.remove_prefix(std::min(end + 1, rest.size()));
  }
  return names;
}

// The modules that answer its needs, sorted.
std::vector<std::string> providers_of(const Linked& linked) {
  std::set<std::string_view> names;
  for (const auto& answer : linked.answers)
    if (answer.source == Source::kExport && answer.provider != 0)
      names.insert(answer.provider_name);
  return {names.begin(), names.end()};
}

// The kernel itself, that is.
bool exports_it(const Kernel& kernel, std::string_view name) {
  auto found = kernel.exports().find(name);
  return found && found->provider == 0;
}

std::string join(const std::vector<std::string>& words) {
  return fmt::format("{}", fmt::join(words, " "));
}

}  // namespace

Outcome<std::unique_ptr<Checker>> Checker::create(Kernel& kernel, TypesOf types_of,
                                                  Signatures signatures) {
  auto keyring = TRY(signature::Keyring::of_image(kernel.image()));
  std::unique_ptr<Checker> checker(new Checker(kernel, std::move(types_of), signatures,
                                               std::move(keyring),
                                               std::vector<Diagnostic>(kMostReasons)));
  for (const auto& provider : kernel.providers()) checker->any_proprietary_ |= provider.proprietary;
  checker->linker_.emplace(TRY(Linker::create(kernel, checker->overlay_)));
  if (signatures == Signatures::kTree)
    checker->tree_signatures_ = TRY(TreeSignatures::of(kernel, checker->keyring_));
  return checker;
}

Outcome<Nothing> Checker::provide(const std::filesystem::path& path) {
  auto file = TRY(ModuleFile::open(path));
  Diagnostics ignored({});
  Linked linked;
  if (!linker_->open(file.bytes(), linked, ignored)) return ok;  // checking it says why
  overlay_.add(linked.module, linked.exports, {}, linked.proprietary);
  any_proprietary_ |= linked.proprietary;
  given_.emplace(linked.module.name(), path);
  return ok;
}

Verdict Checker::check(const std::string& label, const std::filesystem::path& path) {
  Verdict verdict;
  verdict.label = label;
  auto file = ModuleFile::open(path);
  if (file)
    judge(file->bytes(), path, verdict);
  else
    add(verdict,
        own("file-unreadable", Severity::kUnsupported, "cannot be read", file.error().message));
  record(verdict, path);
  if (file && keeps_files_) verdict.file = std::make_shared<const ModuleFile>(*std::move(file));
  return verdict;
}

// What the module tells other modules, unless a file beside the tree stands in its place.
void Checker::record(const Verdict& verdict, const std::filesystem::path& path) {
  auto given = given_.find(verdict.name);
  if (given != given_.end() && given->second != path) return;
  known_[verdict.name] = {verdict.refused, verdict.unknown, verdict.providers, verdict.doubles,
                          verdict.percpu_bytes};
}

// The file of the module of that name; empty where there is none.
std::filesystem::path Checker::file_of(const std::string& name) const {
  auto given = given_.find(name);
  if (given != given_.end()) return given->second;
  const auto* file = kernel_.tree().find(name);
  return file ? kernel_.tree().path_of(*file) : std::filesystem::path();
}

// Whether the kernel takes the module for proprietary once it is loaded: by its licence, or because
// it has taken a symbol from such a one (inherit_taint), which may have come by it in the same way.
bool Checker::is_proprietary(const std::string& name) {
  auto [at, fresh] = proprietary_.try_emplace(name, false);  // as it stays where it needs itself
  if (!fresh) return at->second;
  auto file = ModuleFile::open(file_of(name));
  Diagnostics ignored({});
  Linked linked;
  if (!file || !linker_->open(file->bytes(), linked, ignored)) return false;
  bool found = linked.proprietary;
  for (const auto& provider : providers_of(linked)) found = found || is_proprietary(provider);
  return proprietary_[name] = found;
}

// Marks the answers of proprietary modules. To judge these takes the linker, so that `file` has to
// be opened once more; hardly ever is there such a module.
Result<Nothing> Checker::inherit_taints(Bytes file, Linked& linked) {
  if (!any_proprietary_) return ok;
  std::set<std::string, std::less<>> proprietary;
  for (auto& name : providers_of(linked))
    if (is_proprietary(name)) proprietary.insert(std::move(name));
  Diagnostics ignored({});  // that has been said
  TRY(linker_->open(file, linked, ignored));
  for (auto& answer : linked.answers)
    answer.proprietary_provider =
        answer.provider != 0 && proprietary.contains(answer.provider_name);
  return ok;
}

Result<Nothing> Checker::run(Bytes file, Linked& linked, Diagnostics& diagnostics,
                             Verdict& verdict) {
  TRY(linker_->open(file, linked, diagnostics));
  TRY(inherit_taints(file, linked));
  if (unexported_)
    take_unexported(linked, verdict);
  else
    name_unexported(linked);
  TRY(linker_->place(linked));
  return linker_->finish(linked, diagnostics);
}

void Checker::judge(Bytes file, const std::filesystem::path& path, Verdict& verdict) {
  Diagnostics diagnostics(room_);
  Linked linked;
  auto ended = run(file, linked, diagnostics, verdict);
  if (!ended && diagnostics.blocking() == 0)
    add(verdict, own("out-of-memory", Severity::kUnsupported, "cannot be checked here",
                     describe(ended.error(), "the checker")));
  verdict.name = linked.module.name();
  take_reasons(linked, diagnostics, verdict);
  if (linked.module.object().sections().empty()) return;  // there was nothing to see
  take_signature(linked, path, verdict);
  take_memory(linked, verdict);
  take_providers(linked, verdict);
  take_doubles(linked, verdict);
  take_name(verdict);
  auto has_symbol = [&](std::string_view name) { return kernel_.exports().find(name).has_value(); };
  for (auto& reason : check_parameters(linked.module, has_symbol)) add(verdict, std::move(reason));
  for (auto& reason : check_static_calls(linked, kernel_)) add(verdict, std::move(reason));
}

// Drivers that are built in get their folder when they register, from 6.12's kernels on; whether
// they do is not in the image.
void Checker::take_name(Verdict& verdict) {
  constexpr const char* kAdvice = "give the module another name";
  if (kernel_.has_built_in(verdict.name))
    add(verdict, own("name-taken", Severity::kRefused, "has the name of built-in code",
                     verdict.name, kAdvice));
  else if (kernel_.rules().named_drivers && kernel_.lists_built_in(verdict.name))
    add(verdict,
        own("name-perhaps-taken", Severity::kUnsupported,
            "has the name of built-in code, which may have a driver", verdict.name, kAdvice));
}

// Of the modules that `module` says it depends on, those that are neither given nor in the tree.
std::vector<std::string> Checker::absent_dependencies(const Module& module) const {
  auto names = depends_of(module);
  std::erase_if(names, [&](const std::string& name) {
    return overlay_.has_module(name) || kernel_.tree().find(name);
  });
  return names;
}

// A symbol that nobody exports but the kernel has is worth another word.
void Checker::name_unexported(Linked& linked) {
  for (std::size_t row = 0; row < linked.needs.size(); ++row) {
    const auto& need = linked.needs[row];
    auto& answer = linked.answers[row];
    if (answer.source != Source::kNone || need.weak || need.symbol == kNoSymbol) continue;
    if (!kernel_.has_symbol(need.name)) continue;
    answer.source = Source::kUnexported;
    answer.provider_name = "vmlinux";
  }
}

void Checker::take_unexported(Linked& linked, Verdict& verdict) {
  auto take = [&](Outcome<std::vector<Reason>> reasons) {
    if (!reasons)
      return add(verdict, own("unexported-untold", Severity::kUnsupported,
                              "functions that are not exported cannot be compared",
                              reasons.error().message));
    for (auto& reason : *reasons) add(verdict, std::move(reason));
  };
  take(answer_unexported(kernel_, 0, linked));
  if (unexported_loaded_) take(answer_unexported_loaded(kernel_, "/proc", "/sys", linked));
}

void Checker::take_reasons(const Linked& linked, const Diagnostics& diagnostics, Verdict& verdict) {
  const auto* module = linked.module.object().sections().empty() ? nullptr : &linked.module;
  std::uint64_t listed = 0, refusing = 0;  // of those that block
  std::optional<std::vector<std::string>> absent;
  for (const auto& diagnostic : diagnostics.list()) {
    auto reason = explain(diagnostic, module);
    listed += diagnostic.severity <= Severity::kUnsupported;
    refusing += diagnostic.severity <= Severity::kUnsafe;
    if (diagnostic.fault == Fault::kDuplicateExport && !exports_it(kernel_, diagnostic.name))
      continue;  // another module does: judge_doubles
    if (diagnostic.fault == Fault::kUnresolved) {
      bool first = !absent.has_value();
      if (first) absent = absent_dependencies(linked.module);
      explain_unresolved(*absent, first, reason, diagnostic.name);
    }
    if (diagnostic.fault == Fault::kCrcMismatch) explain_crc(linked, reason, diagnostic);
    add(verdict, std::move(reason));
  }
  verdict.unlisted = diagnostics.blocking() - listed;
  verdict.refused |= diagnostics.refusing() > refusing;
  verdict.unknown |= verdict.unlisted > 0;
  verdict.taints = linked.taints;
}

// Whom depends= names is said once a module, by the `first` of its reasons.
void Checker::explain_unresolved(const std::vector<std::string>& absent, bool first, Reason& reason,
                                 std::string_view name) {
  bool no_tree = !absent.empty() && kernel_.tree().files().empty();
  if (no_tree) reason.fault = "module-tree-missing", reason.severity = Severity::kUnsupported;
  if (auto nearest = suggestions().nearest(name))
    reason.advice = fmt::format(
        fmt::runtime(nearest->far ? "nothing is near; the nearest is {} from {}"
                                  : "did you mean {} from {}?"),
        printable(std::string(nearest->name)), printable(std::string(nearest->provider)));
  if (absent.empty() && !reason.advice.ends_with('?'))
    reason.advice += "; give what has it by --with";
  if (absent.empty() || !first) return;
  reason.advice += fmt::format("{} depends= names {}, which {}: give it by --with",
                               reason.advice.ends_with('?') ? "" : ";", join(absent),
                               no_tree ? "may have it" : "is not in the tree");
}

// Exports of the kernel, of its tree, and of what is given besides.
const Suggestions& Checker::suggestions() {
  if (suggestions_) return *suggestions_;
  suggestions_.emplace(kernel_.exports(), kernel_.providers());
  for (const auto& [name, answers] : overlay_.answers())
    suggestions_->add(name, answers.front().provider_name);
  return *suggestions_;
}

KernelTypes* Checker::own_types() {
  if (!types_) {
    auto types = Types::open(kernel_.image());
    types_ = types ? std::make_shared<KernelTypes>(*types, kernel_.tree()) : nullptr;
  }
  return types_->get();
}

// The types of the kernel that the module's version magic names; nullptr where it is this one.
KernelTypes* Checker::types_where_built(const Linked& linked) {
  auto vermagic = linked.module.modinfo().find("vermagic").value_or("");
  std::string release(vermagic.substr(0, vermagic.find(' ')));
  if (!types_of_ || release == kernel_.release()) return nullptr;
  auto [at, fresh] = other_types_.try_emplace(release);
  if (fresh) at->second = types_of_(release);
  return at->second.get();
}

void Checker::explain_crc(const Linked& linked, Reason& reason, const Diagnostic& diagnostic) {
  std::string provider(diagnostic.text);
  auto* types = own_types();
  const auto* here = types ? types->declaring(diagnostic.name, provider) : nullptr;
  if (!here) return;
  auto declaration = here->declaration(diagnostic.name);
  reason.where += "; " + *declaration;
  auto* kernel = types_where_built(linked);
  const auto* built = kernel ? kernel->declaring(diagnostic.name, provider) : nullptr;
  if (!built) return;
  auto there = built->declaration(diagnostic.name);
  if (there != declaration)
    reason.where += fmt::format("; in {}: {}", built->release(), *there);
  else if (auto change = here->difference(*built, diagnostic.name))
    reason.where += "; " + *change;
}

signature::Verdict Checker::judge_signature(const SignedFile& file,
                                            const std::filesystem::path& path) const {
  using signature::State;
  if (signatures_ == Signatures::kIdentify) return keyring_.identify(file.signature);
  auto below = path.lexically_relative(kernel_.tree().folder()).native();
  bool in_tree = tree_signatures_ && !below.empty() && !below.starts_with("..");
  if (!in_tree) return keyring_.verify(file.content, file.signature);
  auto found = keyring_.identify(file.signature);
  if (found.state == State::kKnownSigner)
    found.state = tree_signatures_->is_wrong(below) ? State::kWrong : State::kGood;
  return found;
}

void Checker::take_signature(const Linked& linked, const std::filesystem::path& path,
                             Verdict& verdict) {
  using signature::State;
  const auto& file = linked.module.signed_file();
  if (file.signature.empty()) return;
  const auto& found = verdict.signature.emplace(judge_signature(file, path));
  if (found.state == State::kUnknownSigner) {
    verdict.taints |= kTaintUnsigned;
    add(verdict, own("unknown-signer", Severity::kTaints, "signed with a key that the image lacks",
                     found.signer, "fine where the key is enrolled elsewhere (MOK)"));
  } else if (found.state == State::kWrong) {
    add(verdict,
        own("signature-wrong", Severity::kRefused, "the signature is not one over the file",
            found.signer, "changed after it was signed: sign it again, or strip it"));
  } else if (found.state == State::kMalformed) {
    add(verdict, own("signature-malformed", Severity::kRefused, "what is appended is no signature",
                     "a detached PKCS#7 message without attributes is expected",
                     "sign it again (sign-file), or strip it"));
  }
}

void Checker::take_memory(const Linked& linked, Verdict& verdict) {
  const auto& rules = kernel_.rules();
  for (std::uint32_t index = 0; index < rules.region_count; ++index) {
    const auto& region = linked.layout.regions[index];
    if (region.size == 0) continue;
    verdict.memory.push_back({std::string(rules.regions[index].name), rules.regions[index].init,
                              region.size, region.rounding});
  }
  verdict.percpu_bytes = linked.layout.percpu_size;
}

// Where symbols are missing, these have been named with them.
void Checker::note_absent(const Module& module, Verdict& verdict) {
  bool missing =
      std::any_of(verdict.reasons.begin(), verdict.reasons.end(),
                  [](const Reason& each) { return each.fault == fault_name(Fault::kUnresolved); });
  if (missing || kernel_.tree().files().empty()) return;
  for (const auto& name : absent_dependencies(module))
    add(verdict,
        own("depends-absent", Severity::kNote, "depends= names a module that is nowhere", name));
}

void Checker::take_providers(const Linked& linked, Verdict& verdict) {
  verdict.providers = providers_of(linked);
  auto depends = depends_of(linked.module);
  for (const auto& name : verdict.providers)
    if (std::find(depends.begin(), depends.end(), name) == depends.end())
      add(verdict,
          own("depends-differs", Severity::kNote, "needs a module that depends= does not name",
              name, "modprobe finds it once depmod has run; insmod wants it loaded first"));
  note_absent(linked.module, verdict);
}

const Checker::Known& Checker::known(const std::string& name) {
  auto at = known_.find(name);
  if (at != known_.end()) return at->second;
  if (auto file = file_of(name); !file.empty()) check(name, file);
  auto [entry, missing] = known_.try_emplace(name);
  if (missing) entry->second.unknown = true;
  return entry->second;
}

void Checker::take_doubles(const Linked& linked, Verdict& verdict) const {
  for (const auto& entry : linked.exports) {
    auto take = [&](std::string_view module) {
      if (module != verdict.name)
        verdict.doubles.push_back({std::string(entry.name), std::string(module)});
    };
    auto given = overlay_.answers().find(entry.name);
    if (given != overlay_.answers().end())
      for (const auto& answer : given->second) take(answer.provider_name);
    auto found = kernel_.exports().find(entry.name);
    for (; found; found = kernel_.exports().after(*found)) {
      auto module = kernel_.providers()[found->provider].name;
      if (found->provider != 0 && !overlay_.has_module(module)) take(module);
    }
  }
}

// Whether the module `by` wants `name` to be loaded before it, directly or not.
bool Checker::is_needed(const std::string& name, const std::string& by) {
  auto providers_of = [&](const std::string& each) -> Outcome<std::vector<std::string>> {
    return known(each).providers;
  };
  std::string names[] = {by};
  auto order = modtree::closure(names, providers_of);
  return order && name != by && std::find(order->begin(), order->end(), name) != order->end();
}

// A given module counts as loaded unless it comes after `name`; one of the tree only if `name`
// needs it: whichever comes later is the one that the kernel refuses.
bool Checker::comes_before(const Double& other, const std::string& name) {
  if (overlay_.has_module(other.module)) return !is_needed(name, other.module);
  return is_needed(other.module, name);
}

void Checker::judge_doubles(Verdict& verdict) {
  for (const auto& each : verdict.doubles) {
    if (!comes_before(each, verdict.name)) continue;
    Diagnostic twice{Fault::kDuplicateExport};
    twice.name = each.symbol, twice.text = each.module;
    add(verdict, explain(twice, nullptr));
  }
}

void Checker::judge_closure(Verdict& verdict) {
  for (const auto& name : verdict.closure) {
    const auto& state = known(name);
    bool twice = std::any_of(state.doubles.begin(), state.doubles.end(),
                             [&](const Double& each) { return comes_before(each, name); });
    if (state.refused || twice)
      add(verdict,
          own("dependency-refused", Severity::kRefused, "needs a module that does not load", name,
              fmt::format("ringside check {} says why", name)));
    else if (state.unknown)
      add(verdict, own("dependency-unknown", Severity::kUnsupported,
                       "needs a module that could not be judged", name));
  }
}

void Checker::check_closure(Verdict& verdict) {
  auto providers_of = [&](const std::string& name) -> Outcome<std::vector<std::string>> {
    return name == verdict.name ? verdict.providers : known(name).providers;
  };
  judge_doubles(verdict);
  if (verdict.providers.empty()) return;
  std::string names[] = {verdict.name};
  auto order = modtree::closure(names, providers_of);
  if (!order)
    return add(verdict,
               own("dependency-cycle", Severity::kRefused, "needs itself", order.error().message));
  order->pop_back();
  verdict.closure = *std::move(order);
  judge_closure(verdict);
  judge_percpu(verdict);
}

// All of them share what the kernel keeps for modules. One that is too large alone has been told.
void Checker::judge_percpu(Verdict& verdict) {
  auto room = kernel_.rules().percpu_reserve;
  auto wanted = verdict.percpu_bytes;
  for (const auto& name : verdict.closure) wanted += known(name).percpu_bytes;
  if (verdict.percpu_bytes == 0 || verdict.percpu_bytes > room || wanted <= room) return;
  auto reason =
      own("percpu-closure", Severity::kRefused, "too much per-CPU data with what it needs",
          "all .data..percpu", "allocate with alloc_percpu() instead");
  reason.expected = fmt::format("at most {} bytes", room);
  reason.found = fmt::format("{}", wanted);
  add(verdict, std::move(reason));
}

void Checker::compare_dep_file(Verdict& verdict) {
  auto file = modtree::DepFile::open(kernel_.tree().folder());
  if (!file) return;  // nothing to compare with
  const auto* listed = file->find(verdict.name);
  auto needed = verdict.closure;
  std::sort(needed.begin(), needed.end());
  if (!listed || *listed == needed) return;
  Reason reason = own("dep-file-differs", Severity::kNote, "modules.dep differs from the symbols",
                      "modules.dep", "run depmod");
  reason.expected = join(needed), reason.found = join(*listed);
  add(verdict, std::move(reason));
}

}  // namespace ringside::modules
