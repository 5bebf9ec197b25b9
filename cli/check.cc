// ringside check: will these modules load on that kernel? Nothing is printed where all do; else a
// line for every reason, all at once. With --matrix, every module against every kernel.
#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "cli/commands.hh"
#include "cli/finish.hh"
#include "cli/module_kernel.hh"

namespace ringside::cli {
namespace {

using modules::Checker;
using modules::Reason;
using modules::Severity;
using modules::taint_letters;
using modules::taint_words;
using modules::Verdict;
using nlohmann::json;

struct Options {
  std::vector<std::string> modules, with, matrix;
  std::string kernel = "running";
  bool unexported = false, all = false, json = false, verbose = false;
};

// What one kernel says of all modules; nothing where it cannot be asked.
struct Column {
  std::string kernel, release;
  std::vector<Verdict> verdicts;
  std::string failure;
};

bool blocks(const Reason& reason) {
  return reason.severity <= Severity::kUnsupported;
}

std::size_t blocking(const Verdict& verdict) {
  return verdict.unlisted + static_cast<std::size_t>(std::count_if(verdict.reasons.begin(),
                                                                   verdict.reasons.end(), blocks));
}

Verdict no_such_module(const std::string& word, const modules::Kernel& kernel) {
  Verdict verdict;
  verdict.label = word, verdict.unknown = true;
  verdict.reasons.push_back({"file-unreadable", Severity::kUnsupported,
                             "no such file, and no such module", kernel.tree().folder(), "", "",
                             "name a file, or a module of that tree"});
  return verdict;
}

Outcome<std::vector<Verdict>> check_named(const Options& options, const modules::Kernel& kernel,
                                          Checker& checker) {
  for (const auto& word : options.with) TRY(checker.provide(TRY(module_path(word, kernel.tree()))));
  std::vector<Verdict> verdicts;
  std::vector<std::filesystem::path> files;
  for (const auto& word : options.modules) {
    auto file = module_path(word, kernel.tree());
    files.push_back(file ? *file : std::filesystem::path());
    verdicts.push_back(file ? Verdict{} : no_such_module(word, kernel));
    // A file that is not in the tree serves the others; an unreadable one is reported below.
    if (file && *file == word) (void)checker.provide(*file);
  }
  for (std::size_t each = 0; each < files.size(); ++each)
    if (!files[each].empty()) verdicts[each] = checker.check(options.modules[each], files[each]);
  return verdicts;
}

std::vector<Verdict> check_tree(const modules::Kernel& kernel, Checker& checker) {
  std::vector<Verdict> verdicts;
  for (const auto& file : kernel.tree().files())
    verdicts.push_back(checker.check(file.path, kernel.tree().path_of(file)));
  return verdicts;
}

Outcome<Column> check_kernel(const Options& options, const std::string& name) {
  auto kernel = TRY(open_module_kernel(name));
  if (options.all && kernel.tree().files().empty())
    return Failure{fmt::format("{}: no modules found for this kernel", kernel.image().source())};
  using Signatures = Checker::Signatures;
  auto signatures = options.all ? Signatures::kTree : Signatures::kVerify;
  auto checker = TRY(Checker::create(kernel, types_of_release, signatures));
  if (options.unexported) checker->allow_unexported();
  Column column{name, kernel.release(), TRY(check_named(options, kernel, *checker)), {}};
  if (options.all) column.verdicts = check_tree(kernel, *checker);
  for (auto& verdict : column.verdicts) checker->check_closure(verdict);
  for (auto& verdict : column.verdicts)
    if (!options.all) checker->compare_dep_file(verdict);
  return column;
}

void print_reasons(const Verdict& verdict, bool notes, std::string_view head) {
  for (const auto& reason : verdict.reasons)
    if (blocks(reason)) fmt::print("{}{}: {}\n", head, verdict.label, to_line(reason));
  if (verdict.unlisted)
    fmt::print("{}{}: {} more reasons\n", head, verdict.label, verdict.unlisted);
  for (const auto& reason : verdict.reasons)
    if (!blocks(reason) && notes)
      fmt::print("{}{}: {}: {}\n", head, verdict.label, severity_name(reason.severity),
                 to_line(reason));
}

const char* answer_of(const Verdict& verdict) {
  if (verdict.refused) return "no";
  return verdict.unknown ? "unknown" : "yes";
}

const char* state_name(signature::State state) {
  constexpr const char* kNames[] = {"not verified", "good", "unknown key", "wrong", "malformed"};
  return kNames[static_cast<int>(state)];
}

std::string signature_of(const Verdict& verdict) {
  if (!verdict.signature) return "unsigned";
  return fmt::format("signed by {} ({}, {})", verdict.signature->signer, verdict.signature->digest,
                     state_name(verdict.signature->state));
}

json signature_json(const Verdict& verdict) {
  if (!verdict.signature) return {{"signed", false}};
  return {{"signed", true},
          {"state", state_name(verdict.signature->state)},
          {"signer", verdict.signature->signer},
          {"digest", verdict.signature->digest}};
}

std::uint64_t bytes_of(const Verdict& verdict, bool init) {
  std::uint64_t bytes = 0;
  for (const auto& region : verdict.memory)
    if (region.init == init) bytes += region.bytes;
  return bytes;
}

void print_summary(const Verdict& verdict) {
  if (verdict.name.empty()) return;
  auto head = verdict.label;
  fmt::print("{}: loads: {}; {}; taints: {}\n", head, answer_of(verdict), signature_of(verdict),
             verdict.taints ? fmt::format("{} ({})", taint_letters(verdict.taints),
                                          taint_words(verdict.taints))
                            : "none");
  std::string regions;
  for (const auto& region : verdict.memory)
    regions += fmt::format("{}{} {} ({} of them rounding)", regions.empty() ? "" : ", ",
                           region.name, region.bytes, region.rounding);
  fmt::print("{}: memory: {} bytes, and {} until it is initialised: {}; per-CPU {}\n", head,
             bytes_of(verdict, false), bytes_of(verdict, true), regions, verdict.percpu_bytes);
  fmt::print("{}: needs: {}\n", head,
             verdict.closure.empty()
                 ? "no other module"
                 : modules::printable(fmt::format("{}", fmt::join(verdict.closure, " "))));
}

json to_json(const Reason& reason) {
  return {{"fault", reason.fault},       {"severity", severity_name(reason.severity)},
          {"what", reason.what},         {"where", reason.where},
          {"expected", reason.expected}, {"found", reason.found},
          {"advice", reason.advice}};
}

json to_json(const Verdict& verdict) {
  json reasons = json::array(), regions = json::array();
  for (const auto& reason : verdict.reasons) reasons.push_back(to_json(reason));
  for (const auto& region : verdict.memory)
    regions.push_back({{"region", region.name},
                       {"init", region.init},
                       {"bytes", region.bytes},
                       {"rounding", region.rounding}});
  return {{"file", verdict.label},
          {"name", verdict.name},
          {"loads", answer_of(verdict)},
          {"reasons", reasons},
          {"unlisted", verdict.unlisted},
          {"taints", taint_letters(verdict.taints)},
          {"signature", signature_json(verdict)},
          {"memory",
           {{"core", bytes_of(verdict, false)},
            {"init", bytes_of(verdict, true)},
            {"percpu", verdict.percpu_bytes},
            {"regions", regions}}},
          {"providers", verdict.providers},
          {"needs", verdict.closure}};
}

// One document; a name that is no UTF-8 gets replacement characters.
void print_json(const std::vector<Column>& columns) {
  json kernels = json::array();
  for (const auto& column : columns) {
    json list = json::array();
    for (const auto& verdict : column.verdicts) list.push_back(to_json(verdict));
    kernels.push_back({{"kernel", column.kernel}, {"release", column.release}, {"modules", list}});
    if (!column.failure.empty()) kernels.back()["failure"] = column.failure;
  }
  fmt::print("{}\n",
             json{{"kernels", kernels}}.dump(2, ' ', false, json::error_handler_t::replace));
}

std::string cell_of(const Verdict& verdict) {
  if (verdict.loads()) return "ok";
  return verdict.refused ? fmt::format("{}", blocking(verdict)) : "?";
}

// A row a module, a column a kernel; in it "ok", the number of reasons, or "?".
void print_table(const std::vector<std::string>& labels, const std::vector<Column>& columns) {
  std::size_t first = 0;
  for (const auto& label : labels) first = std::max(first, label.size());
  auto width = [](const Column& column) { return std::max<std::size_t>(column.kernel.size(), 5); };
  fmt::print("{:<{}}", "", first);
  for (const auto& column : columns) fmt::print("  {:>{}}", column.kernel, width(column));
  fmt::print("\n");
  for (std::size_t row = 0; row < labels.size(); ++row) {
    fmt::print("{:<{}}", labels[row], first);
    for (const auto& column : columns)
      fmt::print("  {:>{}}", column.failure.empty() ? cell_of(column.verdicts[row]) : "?",
                 width(column));
    fmt::print("\n");
  }
}

int status_of(const std::vector<Column>& columns) {
  bool refused = false, unknown = false;
  for (const auto& column : columns) {
    unknown |= !column.failure.empty();
    for (const auto& verdict : column.verdicts)
      refused |= verdict.refused, unknown |= verdict.unknown;
  }
  return refused ? kNo : unknown ? kUnknown : kYes;
}

void print_text(const Options& options, const std::vector<Column>& columns) {
  if (!options.matrix.empty()) print_table(options.modules, columns);
  for (const auto& column : columns) {
    auto head = options.matrix.empty() ? std::string() : column.kernel + ": ";
    for (const auto& verdict : column.verdicts) {
      print_reasons(verdict, options.verbose, head);
      if (options.verbose && options.matrix.empty()) print_summary(verdict);
    }
  }
}

// A kernel that cannot be asked keeps nothing back that the others say.
Outcome<std::vector<Column>> check_matrix(const Options& options) {
  std::vector<Column> columns;
  for (const auto& name : options.matrix) {
    auto column = check_kernel(options, name);
    if (!column && column.error().status == kUsage) return column.error();
    if (!column) report(column.error(), "ringside check");
    columns.push_back(column ? *std::move(column) : Column{name, {}, {}, column.error().message});
  }
  return columns;
}

Outcome<int> run(const Options& options) {
  if (options.modules.empty() != options.all)
    return Failure{options.all ? "MODULE and --all: one of them"
                               : "no MODULE given, or --all; MODULEs go before --with and --matrix",
                   kUsage};
  if (options.all && !options.matrix.empty())
    return Failure{"--matrix wants MODULEs, not --all", kUsage};
  std::vector<Column> columns;
  if (options.matrix.empty())
    columns.push_back(TRY(check_kernel(options, options.kernel)));
  else
    columns = TRY(check_matrix(options));
  if (options.json)
    print_json(columns);
  else
    print_text(options, columns);
  return status_of(columns);
}

}  // namespace

int check(int argc, char** argv) {
  App app{"Whether modules load on a kernel, and everything that stands against it.",
          "ringside check"};
  Options options;
  app.add_option("MODULE", options.modules, "module files, or names in the kernel's tree");
  app.add_option("--kernel,-k", options.kernel, "6.1, 6.12, a package, a release, an image or tree")
      ->capture_default_str();
  app.add_option("--with", options.with, "modules that may provide symbols, not judged themselves")
      ->delimiter(',');
  app.add_flag("--all", options.all,
               "every module of the kernel's tree; signatures are verified once a state of it");
  app.add_option("--matrix", options.matrix, "several kernels: one table, the reasons below")
      ->delimiter(',')
      ->excludes("--kernel");
  app.add_flag("--unexported", options.unexported,
               "functions that are not exported, too, where their types are the kernel's");
  app.add_flag("--json", options.json, "all that is known, as one JSON object");
  app.add_flag("--verbose,-v", options.verbose, "also signature, taints, memory, needs and notes");
  app.footer(
      "Example: ringside check ./driver.ko --matrix 6.1 6.12 6.12-rt\n"
      "Exit status: 0 all load, 1 some do not, 2 could not tell.");
  return finish(app, argc, argv, [&] { return run(options); });
}

}  // namespace ringside::cli
