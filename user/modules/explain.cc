// A Diagnostic of the core as lines for a person: what, where, expected, found, what it means.
#include "user/modules/explain.hh"

#include <fmt/args.h>
#include <fmt/format.h>

#include <algorithm>
#include <vector>

#include "user/modules/explain_table.hh"

namespace ringside::modules {
namespace {

struct TaintName {
  std::uint32_t bit;
  char letter;
  const char* word;
};
constexpr TaintName kTaints[] = {
    {kTaintProprietary, 'P', "proprietary"},
    {kTaintForced, 'F', "forced"},
    {kTaintStaging, 'C', "staging"},
    {kTaintOutOfTree, 'O', "out-of-tree"},
    {kTaintUnsigned, 'E', "unsigned"},
    {kTaintLivepatch, 'K', "livepatch"},
    {kTaintTest, 'N', "test"},
};

bool is_relocation(Fault fault) {
  return fault >= Fault::kRelocationType && fault < Fault::kCount;
}

// The relocation that a diagnostic is about.
Relocation relocation_of(const Diagnostic& diagnostic, const Object& object) {
  auto records = object.contents(diagnostic.section);
  auto at = diagnostic.at * sizeof(Relocation);
  return fits(at, sizeof(Relocation), records.size()) ? load<Relocation>(records, at)
                                                      : Relocation{};
}

// A symbol by name; one of a section, which has none, by its section's.
std::string symbol_text(const Object& object, std::uint32_t index) {
  if (index >= object.symbol_count()) return fmt::format("{}", index);
  auto symbol = object.symbol(index);
  auto name = object.symbol_name(symbol);
  if (name.empty() && symbol.section < object.sections().size())
    name = object.section_name(symbol.section);
  return name.empty() ? fmt::format("{}", index) : std::string(name);
}

std::string section_text(const Diagnostic& diagnostic, const Module* module) {
  if (module && diagnostic.section < module->object().sections().size()) {
    auto name = module->object().section_name(diagnostic.section);
    if (!name.empty()) return std::string(name);
  }
  return diagnostic.name.empty() ? fmt::format("{}", diagnostic.section)
                                 : std::string(diagnostic.name);
}

std::string license_text(const Module* module) {
  auto license = module ? module->modinfo().find("license") : std::nullopt;
  return license ? fmt::format("\"{}\"", *license) : "none";
}

using Arguments = fmt::dynamic_format_arg_store<fmt::format_context>;

Arguments arguments_of(const Diagnostic& diagnostic, const Module* module) {
  Arguments arguments;
  std::string symbol, type;
  if (module && is_relocation(diagnostic.fault)) {
    auto relocation = relocation_of(diagnostic, module->object());
    symbol = symbol_text(module->object(), relocation.symbol());
    type = relocation_name(relocation.type());
  }
  arguments.push_back(fmt::arg("name", std::string(diagnostic.name)));
  arguments.push_back(fmt::arg("text", std::string(diagnostic.text)));
  arguments.push_back(fmt::arg("section", section_text(diagnostic, module)));
  arguments.push_back(fmt::arg("index", diagnostic.section));
  arguments.push_back(fmt::arg("at", diagnostic.at));
  arguments.push_back(fmt::arg("expected", diagnostic.expected));
  arguments.push_back(fmt::arg("found", diagnostic.found));
  arguments.push_back(fmt::arg("symbol", symbol));
  arguments.push_back(fmt::arg("type", type));
  arguments.push_back(fmt::arg("license", license_text(module)));
  return arguments;
}

std::vector<std::string_view> words_of(std::string_view text, bool skip_first) {
  std::vector<std::string_view> words;
  while (!text.empty()) {
    auto end = std::min(text.find(' '), text.size());
    if (end > 0 && !skip_first) words.push_back(text.substr(0, end));
    skip_first = skip_first && end == 0;
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return words;
}

std::string missing_in(const std::vector<std::string_view>& words,
                       const std::vector<std::string_view>& others) {
  std::string text;
  for (auto word : words)
    if (std::find(others.begin(), others.end(), word) == others.end())
      text.append(text.empty() ? "" : " ").append(word);
  return text;
}

void explain_vermagic(const Diagnostic& diagnostic, const Module* module, Reason& reason) {
  bool has_versions = module && module->versions_section() != 0;
  auto difference = compare_vermagic(diagnostic.name, diagnostic.text, has_versions);
  if (!difference.kernel_only.empty()) reason.where += "; lacks " + difference.kernel_only;
  if (!difference.module_only.empty()) reason.where += "; has " + difference.module_only;
}

}  // namespace

std::string printable(std::string text) {
  for (auto& letter : text)
    if (static_cast<unsigned char>(letter) < ' ' || letter == 0x7f) letter = '?';
  return text;
}

VermagicDifference compare_vermagic(std::string_view module, std::string_view kernel,
                                    bool has_versions) {
  auto ours = words_of(module, has_versions), theirs = words_of(kernel, has_versions);
  return {missing_in(ours, theirs), missing_in(theirs, ours)};
}

Reason explain(const Diagnostic& diagnostic, const Module* module) {
  const auto& wording = wording_of(diagnostic.fault);
  auto arguments = arguments_of(diagnostic, module);
  auto fill = [&](const char* text) { return fmt::vformat(text, arguments); };
  Reason reason{std::string(fault_name(diagnostic.fault)),
                diagnostic.severity,
                fill(wording.what),
                fill(wording.where),
                fill(wording.expected),
                fill(wording.found),
                fill(wording.advice)};
  if (diagnostic.fault == Fault::kVermagic) explain_vermagic(diagnostic, module, reason);
  return reason;
}

std::string to_line(const Reason& reason) {
  auto line = reason.what;
  if (!reason.where.empty()) line += ": " + reason.where;
  std::string pair;
  if (!reason.expected.empty()) pair = "expected " + reason.expected;
  if (!reason.found.empty()) pair += (pair.empty() ? "found " : ", found ") + reason.found;
  if (!pair.empty()) line += " (" + pair + ")";
  if (!reason.advice.empty()) line += "; " + reason.advice;
  return printable(std::move(line));
}

std::string taint_letters(std::uint32_t taints) {
  std::string text;
  for (const auto& taint : kTaints)
    if (taints & taint.bit) text += taint.letter;
  return text;
}

std::string taint_words(std::uint32_t taints) {
  std::string text;
  for (const auto& taint : kTaints)
    if (taints & taint.bit) text.append(text.empty() ? "" : ", ").append(taint.word);
  return text;
}

}  // namespace ringside::modules
