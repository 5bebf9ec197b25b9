// By names first: a trampoline of the kernel's whose key is not exported is in its table, or it
// would not be exported either (EXPORT_STATIC_CALL_TRAMP). The table itself is read for the rest.
#include "user/modules/static_calls.hh"

#include <fmt/format.h>

namespace ringside::modules {
namespace {

constexpr std::uint64_t kSite = 8, kKeyAt = 4;  // struct static_call_site
constexpr std::uint64_t kFlags = 3;             // STATIC_CALL_SITE_FLAGS
constexpr std::string_view kTrampoline = "__SCT__", kKey = "__SCK__";

// The trampolines of vmlinux with a key: struct static_call_tramp_key, whose two words are relative
// to their places.
bool has_key(const kimage::Image& image, std::uint64_t trampoline) {
  auto tables = image.kallsyms();
  if (!tables) return false;
  std::uint64_t start = 0, stop = 0;
  kimage::Kallsyms::Cursor cursor(*tables);
  for (auto symbol = cursor.next(); symbol && *symbol; symbol = cursor.next()) {
    if ((*symbol)->name == "__start_static_call_tramp_key") start = (*symbol)->address;
    if ((*symbol)->name == "__stop_static_call_tramp_key") stop = (*symbol)->address;
  }
  auto section = image.vmlinux().covering(start);
  if (!section || !*section) return false;
  for (auto at = start; at < stop && fits(at - (*section)->address, 8, (*section)->data.size());
       at += 8) {
    auto word = load<std::int32_t>((*section)->data, at - (*section)->address);
    if (at + static_cast<std::uint64_t>(std::int64_t{word}) == trampoline) return true;
  }
  return false;
}

class Judge {
 public:
  Judge(const Linked& linked, const Kernel& kernel) : linked_(linked), kernel_(kernel) {}

  // Whether the kernel refuses a key of that symbol at `address`.
  bool refuses(std::uint32_t index, std::uint64_t address) const {
    const auto& object = linked_.module.object();
    auto symbol = object.symbol(index);
    if (symbol.section == kUndefined)
      return refuses_need(object.symbol_name(symbol), index, address);
    return symbol.section < object.sections().size() &&
           (object.sections()[symbol.section].flags & kFlagExec);
  }

 private:
  bool refuses_need(std::string_view name, std::uint32_t index, std::uint64_t address) const {
    const auto* answer = answer_of(index);
    if (!answer || answer->source == Source::kNone || name.starts_with(kKey)) return false;
    bool trampoline = name.starts_with(kTrampoline);
    if (answer->provider != 0) return trampoline;  // only vmlinux has a table
    if (trampoline && !kernel_.exports().find(key_of(name))) return false;
    auto text = kernel_.image().vmlinux().find(".text");
    bool is_code = text && *text && address - (*text)->address < (*text)->size;
    return is_code && !has_key(kernel_.image(), address);
  }

  static std::string key_of(std::string_view trampoline) {
    return std::string(kKey).append(trampoline.substr(kTrampoline.size()));
  }

  const Answer* answer_of(std::uint32_t symbol) const {
    for (std::size_t row = 0; row < linked_.needs.size(); ++row)
      if (linked_.needs[row].symbol == symbol) return &linked_.answers[row];
    return nullptr;
  }

  const Linked& linked_;
  const Kernel& kernel_;
};

Reason refusal(std::string_view symbol, std::uint64_t site) {
  return {"static-call",
          Severity::kRefused,
          "static call by code that is no key",
          fmt::format("{}, .static_call_sites entry {}", symbol, site),
          "a key, or the trampoline of one that is not exported",
          "other code",
          "call it by static_call() or static_call_mod()"};
}

}  // namespace

std::vector<Reason> check_static_calls(const Linked& linked, const Kernel& kernel) {
  const auto& object = linked.module.object();
  std::vector<Reason> reasons;
  auto sites = object.find_allocated(".static_call_sites");
  Judge judge(linked, kernel);
  for (std::uint32_t index = 1; sites != 0 && index < object.sections().size(); ++index) {
    const auto& header = object.sections()[index];
    if (header.type != kSectionRela || header.info != sites) continue;
    auto records = object.contents(index);
    for (std::uint64_t at = 0; fits(at, sizeof(Relocation), records.size());
         at += sizeof(Relocation)) {
      auto record = load<Relocation>(records, at);
      if (record.offset % kSite != kKeyAt || record.symbol() >= linked.values.size()) continue;
      auto address = linked.values[record.symbol()] + static_cast<std::uint64_t>(record.addend);
      if (judge.refuses(record.symbol(), address & ~kFlags))
        reasons.push_back(
            refusal(object.symbol_name(object.symbol(record.symbol())), record.offset / kSite));
    }
  }
  return reasons;
}

}  // namespace ringside::modules
