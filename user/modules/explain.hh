// Explain: a fault that the core reports, in words for a person.
#pragma once

#include <string>

#include "core/modules/module.hh"

namespace ringside::modules {

// One reason, in parts that may each be empty but for `fault` and `what`.
struct Reason {
  std::string fault;  // stable name: fault_name(), or one of Checker's own (checker.hh)
  Severity severity = Severity::kRefused;
  std::string what, where, expected, found, advice;
};

// `text` with ? for every control character: whatever a hostile file calls something, a line of
// output stays a line, and tells the terminal nothing.
std::string printable(std::string text);

// "what: where (expected ..., found ...); what to do".
std::string to_line(const Reason& reason);

// `module` is what the diagnostic is about; nullptr where it could not be opened.
Reason explain(const Diagnostic& diagnostic, const Module* module);

// Where two version magics differ, word by word; with `has_versions` the first word, the release,
// does not count.
struct VermagicDifference {
  std::string module_only, kernel_only;  // words, separated by spaces
};
VermagicDifference compare_vermagic(std::string_view module, std::string_view kernel,
                                    bool has_versions);

// "PO": the letters that the kernel prints for these bits; "proprietary, out-of-tree": the words.
std::string taint_letters(std::uint32_t taints);
std::string taint_words(std::uint32_t taints);

}  // namespace ringside::modules
