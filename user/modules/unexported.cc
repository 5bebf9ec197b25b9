// Two passes over the kernel: its symbols, for how often each name is there, where, and as what;
// its types, for how many functions of that name. Then each name is judged by the first rule that
// it breaks. A clone counts even beside a symbol of the plain name: both may come from functions
// of one name, and the BTF may mean either.
#include "user/modules/unexported.hh"

#include <fmt/format.h>

#include <charconv>
#include <fstream>
#include <map>
#include <set>

#include "user/modules/type_text.hh"

namespace ringside::modules {
namespace {

using kimage::Btf;
using kimage::BtfKind;

constexpr std::string_view kSection = ".comment.ringside.needs", kStruct = "ringside_needs";
constexpr std::uint32_t kMostPairs = 65'536;  // of types, reached from one prototype

// What the kernel's tables say of one name.
struct Found {
  std::uint32_t symbols = 0;    // that bear it
  std::uint32_t functions = 0;  // in the BTF
  std::uint32_t prototype = 0;  // type id of the last of these
  std::uint64_t address = 0;    // of the last symbol
  bool is_data = false;         // the last symbol is one of writable data
  std::string clone;            // a clone's name, if there is one whose arguments are others
  std::string fragment;         // of another one's: .part, .cold
};

class KernelNames {
 public:
  explicit KernelNames(std::span<const std::string_view> names) {
    for (auto name : names) found_.try_emplace(std::string(name));
  }

  void see(std::string_view name, char type, std::uint64_t address) {
    if (name == "_sinittext") init_start_ = address;
    if (name == "_einittext") init_end_ = address;
    auto plain = name.substr(0, name.find('.'));
    auto at = found_.find(plain);
    if (at == found_.end()) return;
    if (name != plain) {
      bool other_arguments =
          name.find(".isra.") != name.npos || name.find(".constprop.") != name.npos;
      (other_arguments ? at->second.clone : at->second.fragment) = name;
      return;
    }
    ++at->second.symbols;
    at->second.address = address;
    at->second.is_data = std::string_view("bBdD").find(type) != std::string_view::npos;
  }

  void see(const Btf& btf, std::uint32_t id) {
    auto type = btf.type(id);
    if (!type || type->kind != BtfKind::kFunction) return;
    auto at = found_.find(type->name);
    if (at == found_.end()) return;
    ++at->second.functions;
    at->second.prototype = type->size_or_type;
  }

  const Found& find(std::string_view name) const { return found_.find(name)->second; }
  bool is_init(std::uint64_t address) const {
    return address >= init_start_ && address < init_end_;
  }

 private:
  std::map<std::string, Found, std::less<>> found_;
  std::uint64_t init_start_ = 0, init_end_ = 0;
};

// What the module says it takes the functions for.
class Needs {
 public:
  // A module without the section needs nothing; a Failure where the section is damaged.
  static Outcome<Needs> read(const Module& module) {
    Needs needs;
    const auto& object = module.object();
    Bytes section;
    for (std::uint32_t index = 1; index < object.sections().size(); ++index)
      if (object.section_name(index) == kSection) section = object.contents(index);
    if (section.empty()) return needs;
    auto read = needs.read(section);
    if (!read) return Failure{describe(read.error(), std::string(module.name()))};
    return needs;
  }

  const Btf& btf() const { return *btf_; }
  bool is_integer(std::uint32_t id) const {
    auto type = btf_->type(id);
    return type && type->kind == BtfKind::kInt;
  }
  // The type id of the prototype; no value where there is none.
  std::optional<std::uint32_t> find(std::string_view name) const {
    auto at = prototypes_.find(name);
    return at == prototypes_.end() ? std::nullopt : std::optional(at->second);
  }

 private:
  Result<Nothing> read(Bytes section) {
    memory_.resize(kimage::btf_memory(section));
    Arena arena(memory_);
    btf_ = TRY(Btf::open(section, arena));
    auto id = TRY(btf_->find(BtfKind::kStruct, kStruct));
    if (!id) return Error{"no struct ringside_needs", kSection.data()};
    auto type = TRY(btf_->type(*id));
    for (std::uint32_t index = 0; index < type.members; ++index) {
      auto member = TRY(btf_->member(type, index));
      auto pointer = TRY(btf_->type(member.type));
      if (pointer.kind != BtfKind::kPointer)
        return Error{"not a pointer to a function", kSection.data(), index};
      prototypes_.emplace(member.name, pointer.size_or_type);
    }
    return ok;
  }

  std::vector<std::byte> memory_;
  std::optional<Btf> btf_;
  std::map<std::string_view, std::uint32_t> prototypes_;
};

Reason refuse(const char* fault, std::string what, std::string_view name, std::string expected = {},
              std::string found = {}, std::string advice = {}) {
  return {fault,
          Severity::kRefused,
          std::move(what),
          std::string(name),
          std::move(expected),
          std::move(found),
          std::move(advice)};
}

class Judge {
 public:
  Judge(const Needs& needs, const KernelNames& names, const Btf& kernel)
      : needs_(needs), names_(names), kernel_(kernel) {}

  std::optional<Reason> judge(std::string_view name);

 private:
  std::optional<Reason> judge_symbol(std::string_view name, const Found& found) const;
  std::optional<Reason> judge_function(std::string_view name, const Found& found) const;
  std::optional<Reason> compare(std::string_view name, std::uint32_t ours, std::uint32_t theirs);

  const Needs& needs_;
  const KernelNames& names_;
  const Btf& kernel_;
  std::vector<std::byte> memory_;
};

std::optional<Reason> Judge::judge_symbol(std::string_view name, const Found& found) const {
  const auto& clone = found.clone.empty() && found.symbols == 0 ? found.fragment : found.clone;
  if (!clone.empty())
    return refuse("unexported-clone", "the compiler made a clone of it, with other arguments", name,
                  std::string(name), clone);
  if (found.symbols == 0)
    return refuse("unexported-missing", "the kernel has no such symbol", name);
  if (found.symbols > 1)
    return refuse("unexported-ambiguous", "several symbols bear the name", name, "one symbol",
                  fmt::format("{}", found.symbols));
  if (names_.is_init(found.address))
    return refuse("unexported-init", "__init: gone once the kernel has booted", name,
                  "an address outside .init.text", fmt::format("{:#x}", found.address));
  return std::nullopt;
}

std::optional<Reason> Judge::compare(std::string_view name, std::uint32_t ours,
                                     std::uint32_t theirs) {
  memory_.resize(kimage::BtfComparison::memory(kMostPairs));
  Arena arena(memory_);
  auto comparison =
      kimage::BtfComparison::create(needs_.btf(), kernel_, kMostPairs, /*complete=*/true, arena);
  auto difference = comparison ? comparison->compare(ours, theirs) : comparison.error();
  if (!difference)
    return refuse("unexported-unread", "its types cannot be compared", name, {},
                  describe(difference.error(), "BTF"));
  if (!*difference) return std::nullopt;
  auto text = difference_text(needs_.btf(), kernel_, *comparison, **difference, name);
  if (!text.in_layout)
    return refuse("unexported-prototype", "another prototype", name,
                  declaration_text(needs_.btf(), ours, std::string(name)),
                  declaration_text(kernel_, theirs, std::string(name)),
                  "build the module for this kernel");
  return refuse("unexported-layout", "another layout", fmt::format("{}: {}", name, text.where),
                text.ours, text.theirs, "build the module for this kernel");
}

std::optional<Reason> Judge::judge_function(std::string_view name, const Found& found) const {
  if (found.functions == 0)
    return refuse("unexported-untyped", "no function of that name in the kernel's BTF", name);
  if (found.functions > 1)
    return refuse("unexported-ambiguous", "several functions in the kernel's BTF bear the name",
                  name, "one function", fmt::format("{}", found.functions));
  return std::nullopt;
}

std::optional<Reason> Judge::judge(std::string_view name) {
  const auto& found = names_.find(name);
  if (auto reason = judge_symbol(name, found)) return reason;
  auto ours = needs_.find(name);
  bool is_variable = ours && needs_.is_integer(*ours);
  if (is_variable && found.is_data && found.functions == 0) return std::nullopt;
  if (auto reason = judge_function(name, found)) return reason;
  if (!ours)
    return refuse("unexported-undeclared", "the module does not say what it takes it for", name, {},
                  {}, "name it in struct ringside_needs (kernel/base/needs.mk)");
  return compare(name, *ours, found.prototype);
}

Outcome<std::vector<UnexportedFunction>> judge_all(const Module& module,
                                                   std::span<const std::string_view> names,
                                                   KernelNames& seen, const Btf& btf) {
  for (std::uint32_t id = 1; id <= btf.size(); ++id) seen.see(btf, id);
  auto needs = TRY(Needs::read(module));
  Judge judge(needs, seen, btf);
  std::vector<UnexportedFunction> answers;
  for (auto name : names) {
    UnexportedFunction answer{std::string(name), 0, judge.judge(name)};
    if (!answer.refusal) answer.address = seen.find(name).address;
    answers.push_back(std::move(answer));
  }
  return answers;
}

}  // namespace

Outcome<std::vector<UnexportedFunction>> check_unexported(const Module& module,
                                                          std::span<const std::string_view> names,
                                                          kimage::Image& kernel) {
  auto btf = TRY(kernel.btf());
  auto tables = TRY(kernel.kallsyms());
  KernelNames seen(names);
  kimage::Kallsyms::Cursor cursor(tables);
  for (;;) {
    auto symbol = cursor.next();
    if (!symbol) return Failure{describe(symbol.error(), kernel.source())};
    if (!*symbol) break;
    seen.see((*symbol)->name, (*symbol)->type, (*symbol)->address);
  }
  return judge_all(module, names, seen, btf);
}

Outcome<std::vector<UnexportedFunction>> check_unexported(const Module& module,
                                                          std::span<const std::string_view> names,
                                                          const kimage::RunningSymbols& symbols,
                                                          Bytes btf) {
  std::vector<std::byte> memory(kimage::btf_memory(btf));
  Arena arena(memory);
  auto types = Btf::open(btf, arena);
  if (!types) return Failure{describe(types.error(), "the running kernel's BTF")};
  KernelNames seen(names);
  for (const auto& symbol : symbols.symbols) seen.see(symbol.name, symbol.type, symbol.address);
  return judge_all(module, names, seen, *types);
}

namespace {

// Needs that open() left without an answer.
struct Open {
  std::vector<std::string_view> names;
  std::vector<Answer*> answers;
};
Open open_needs(Linked& linked) {
  Open found;
  for (std::size_t row = 0; row < linked.needs.size(); ++row) {
    const auto& need = linked.needs[row];
    bool open = linked.answers[row].source == Source::kNone && !need.weak;
    if (!open || need.symbol == kNoSymbol) continue;
    found.names.push_back(need.name);
    found.answers.push_back(&linked.answers[row]);
  }
  return found;
}

// Symbols of modules in kallsyms: "address type name\t[module]".
struct ModuleSymbol {
  std::string module, name;
  char type = 0;
  std::uint64_t address = 0;
};

bool read_line(const std::string& line, ModuleSymbol& symbol) {
  auto tab = line.find("\t[");
  if (tab == line.npos || line.back() != ']') return false;
  auto* end = line.data() + tab;
  auto [after, error] = std::from_chars(line.data(), end, symbol.address, 16);
  if (error != std::errc() || end - after < 4) return false;
  symbol.type = after[1];
  symbol.name.assign(after + 3, end);
  symbol.module = line.substr(tab + 2, line.size() - tab - 3);
  return true;
}

// Of those whose name, up to a dot, is one of `names`.
Outcome<std::map<std::string, std::vector<ModuleSymbol>>> symbols_by_module(
    const std::filesystem::path& kallsyms, std::span<const std::string_view> names) {
  std::ifstream lines(kallsyms);
  if (!lines) return system_failure("open", kallsyms);
  std::set<std::string, std::less<>> wanted(names.begin(), names.end());
  std::map<std::string, std::vector<ModuleSymbol>> found;
  ModuleSymbol symbol;
  for (std::string line; std::getline(lines, line);)
    if (read_line(line, symbol) && wanted.contains(symbol.name.substr(0, symbol.name.find('.'))))
      found[symbol.module].push_back(symbol);
  return found;
}

// Answers what one loaded module has of `open`.
Outcome<Nothing> answer_by(const std::string& module, const std::vector<ModuleSymbol>& symbols,
                           const Btf& kernel, Bytes section, const Linked& linked, Open& open,
                           std::vector<Reason>& reasons) {
  std::vector<std::byte> memory(kimage::btf_memory(section));
  Arena arena(memory);
  auto types = Btf::open(section, arena, &kernel);
  if (!types) return Failure{describe(types.error(), module + "'s BTF")};
  KernelNames seen(open.names);
  for (const auto& symbol : symbols) seen.see(symbol.name, symbol.type, symbol.address);
  auto functions = TRY(judge_all(linked.module, open.names, seen, *types));
  for (std::size_t row = 0; row < functions.size(); ++row) {
    auto& [name, address, refusal] = functions[row];
    auto& answer = *open.answers[row];
    if (refusal && refusal->fault == "unexported-missing") continue;
    if (answer.source == Source::kUnexported)
      refusal = refuse("unexported-ambiguous", "several loaded modules have it", name);
    answer.source = Source::kUnexported;
    answer.provider_name = "vmlinux";
    answer.address = address;
    if (refusal) reasons.push_back(*std::move(refusal));
  }
  return ok;
}

}  // namespace

Outcome<std::vector<Reason>> answer_unexported_loaded(Kernel& kernel,
                                                      const std::filesystem::path& proc,
                                                      const std::filesystem::path& sys,
                                                      Linked& linked) {
  auto open = open_needs(linked);
  std::vector<Reason> reasons;
  if (open.names.empty()) return reasons;
  auto modules = TRY(symbols_by_module(proc / "kallsyms", open.names));
  auto btf = TRY(kernel.image().btf());
  for (const auto& [module, symbols] : modules) {
    auto section = TRY(kimage::read_btf(sys / "kernel/btf" / module));
    TRY(answer_by(module, symbols, btf, section, linked, open, reasons));
  }
  return reasons;
}

Outcome<std::vector<Reason>> answer_unexported(Kernel& kernel, std::uint64_t kernel_offset,
                                               Linked& linked) {
  auto [names, answers] = open_needs(linked);
  linked.options.allow_unexported = true;
  std::vector<Reason> reasons;
  if (names.empty()) return reasons;
  auto functions = TRY(check_unexported(linked.module, names, kernel.image()));
  for (std::size_t row = 0; row < functions.size(); ++row) {
    auto& function = functions[row];
    if (function.refusal && function.refusal->fault == "unexported-missing") continue;
    answers[row]->source = Source::kUnexported;
    answers[row]->provider_name = "vmlinux";
    answers[row]->address = function.address + kernel_offset;
    if (function.refusal) reasons.push_back(*std::move(function.refusal));
  }
  return reasons;
}

}  // namespace ringside::modules
