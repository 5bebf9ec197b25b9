// ringside verdict: on which side of the line a service belongs, by results that are there or,
// where the sources are at hand and a bench is missing, by running it.
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iterator>

#include "cli/commands.hh"
#include "cli/finish.hh"
#include "cli/root.hh"
#include "cli/write_file.hh"
#include "user/process/process.hh"
#include "verdict/imports.hh"
#include "verdict/verdict.hh"

namespace ringside::cli {
namespace {

namespace fs = std::filesystem;
using verdict::Row;

constexpr const char* kBenches =
    "build/results/verdict-benches.jsonl";  // that were run for a verdict

struct Options {
  std::string service, json, html, from;
  std::vector<std::string> kernels;
  bool all = false;
};

// What a verdict is about, and where its results are.
struct Subject {
  verdict::Spec spec;
  fs::path results;
  fs::path own;  // a user's folder; empty for Ringside's services
};

// A folder with a service.json is a service of the user's own (ringside new).
Outcome<Subject> find_subject(const Options& options) {
  fs::path folder = options.service;
  std::error_code error;
  if (!folder.empty() && fs::exists(folder / "service.json", error))
    return Subject{TRY(verdict::read_spec(folder / "service.json")), folder / "results.jsonl",
                   folder};
  auto root = TRY(find_root());
  auto spec = TRY(verdict::read_spec(root / "verdict/services.json"));
  auto installed = root.parent_path() / "doc/ringside/docs/results";
  bool is_installed = fs::exists(installed, error);
  return Subject{std::move(spec), is_installed ? installed : root / "docs/results", {}};
}

Outcome<std::vector<const verdict::Service*>> chosen_services(const Options& options,
                                                              const Subject& subject) {
  std::vector<const verdict::Service*> chosen;
  const auto* one = subject.spec.find(options.service);
  if (!options.service.empty() && !one && subject.own.empty()) {
    std::vector<std::string> names;
    for (const auto& service : subject.spec.services) names.push_back(service.name);
    return Failure{fmt::format("no service '{}': expected {}, or a folder with a service.json",
                               options.service, fmt::join(names, ", ")),
                   kUsage};
  }
  for (const auto& service : subject.spec.services)
    if (!one || one == &service) chosen.push_back(&service);
  return chosen;
}

// What the modules import, by results or, of a user's own service, by the modules as they are
// built.
std::set<std::string> symbols_of(const verdict::Service& service, const fs::path& own,
                                 const std::vector<Row>& rows) {
  std::set<std::string> symbols;
  for (const auto& row : rows)
    if (row.service == service.name && row.operation == "imports")
      for (const auto& [name, value] : row.parameter("symbols").items()) symbols.insert(name);
  std::error_code error;
  if (own.empty()) return symbols;
  for (const auto& release : fs::directory_iterator(own / "build/modules", error))
    for (const auto& module : service.modules)
      if (auto imported = verdict::imported_by(release.path() / (module + ".ko")))
        symbols.insert(imported->begin(), imported->end());
  return symbols;
}

// A kernel of which there is no result, but which is on this machine, can still be asked.
Outcome<Nothing> ask_more(const verdict::Service& service, const fs::path& own,
                          const std::string& kernel, std::vector<Row>& rows) {
  auto symbols = symbols_of(service, own, rows);
  if (symbols.empty()) return ok;
  std::string release;
  auto answers = TRY(verdict::ask_kernel(kernel, symbols, symbols, release));
  rows.push_back(verdict::imports_row(service.name, release, answers, "ringside verdict"));
  return ok;
}

bool has_imports(const std::string& service, const std::string& release,
                 const std::vector<Row>& rows) {
  return std::any_of(rows.begin(), rows.end(), [&](const Row& row) {
    return row.service == service && row.kernel == release && row.operation == "imports";
  });
}

// Releases for the kernels that are wanted; those that no result knows are looked at.
Outcome<std::vector<std::string>> releases_of(const std::vector<std::string>& kernels,
                                              const std::vector<const verdict::Service*>& services,
                                              const fs::path& own, std::vector<Row>& rows) {
  std::vector<std::string> releases;
  for (const auto& kernel : kernels) {
    for (const auto* service : services)
      if (!has_imports(service->name, verdict::release_of(kernel, rows), rows))
        if (auto asked = ask_more(*service, own, kernel, rows); !asked)
          fmt::print(stderr, "ringside verdict: {}: {}; ringside lab fetch {}\n", kernel,
                     asked.error().message, kernel);
    releases.push_back(verdict::release_of(kernel, rows));
  }
  return releases;
}

std::string replaced(std::string text, const std::string& what, const std::string& by) {
  auto at = text.find(what);
  return at == text.npos ? text : text.replace(at, what.size(), by);
}

Outcome<Nothing> append(const fs::path& path, const std::string& text) {
  fs::create_directories(path.parent_path());
  std::ofstream file(path, std::ios::app);
  file << text;
  file.close();
  if (!file) return system_failure("write", path);
  return ok;
}

// Runs the service's bench in the lab, from the source's top folder, and keeps what it measured.
Outcome<std::vector<Row>> run_bench(const verdict::Service& service, const std::string& kernel) {
  auto top = TRY(find_root());
  auto command = replaced(service.bench, "KERNEL", kernel);
  auto script = top / command.substr(0, command.find(' '));
  if (!fs::exists(script)) return Failure{script.string() + ": not there"};
  fmt::print(stderr, "ringside verdict: no results of {} on {}; running {}\n", service.name, kernel,
             command);
  auto text = TRY(output_of({{"sh", "-c", command}, top, {}}));
  TRY(append(top / kBenches, text));
  return verdict::parse_rows(text, command);
}

bool is_measured(const verdict::Verdict& verdict) {
  return verdict.points[0].side != verdict::Side::kOpen;
}

std::vector<Row> kept_benches() {
  auto root = find_root();
  if (!root || !fs::exists(*root / kBenches)) return {};
  auto rows = verdict::read_rows(*root / kBenches);
  return rows ? *std::move(rows) : std::vector<Row>();
}

// Interfaces are compared over the kernels of the spec, too.
std::vector<std::string> all_of(std::vector<std::string> kernels,
                                const std::vector<std::string>& more) {
  for (const auto& kernel : more)
    if (std::ranges::find(kernels, kernel) == kernels.end()) kernels.push_back(kernel);
  return kernels;
}

Outcome<std::vector<verdict::Verdict>> judge_all(const Options& options, const Subject& subject) {
  auto services = TRY(chosen_services(options, subject));
  auto rows =
      TRY(verdict::read_rows(options.from.empty() ? subject.results.string() : options.from));
  bool may_run = options.from.empty() && subject.own.empty();
  if (may_run) std::ranges::move(kept_benches(), std::back_inserter(rows));
  const auto& kernels = options.kernels.empty() ? subject.spec.kernels : options.kernels;
  auto releases = TRY(releases_of(kernels, services, subject.own, rows));
  auto compared =
      TRY(releases_of(all_of(kernels, subject.spec.kernels), services, subject.own, rows));
  std::vector<verdict::Verdict> verdicts;
  for (const auto* service : services)
    for (std::size_t each = 0; each < kernels.size(); ++each) {
      auto judged = [&] {
        return verdict::judge(*service, subject.spec.thresholds, rows, releases[each], compared);
      };
      verdicts.push_back(judged());
      if (!may_run || is_measured(verdicts.back())) continue;
      auto more = run_bench(*service, kernels[each]);
      if (!more) continue;  // the verdict says what is missing, and how to measure it
      std::ranges::move(*more, std::back_inserter(rows));
      verdicts.back() = judged();
    }
  return verdicts;
}

Outcome<int> run(const Options& options) {
  if (options.service.empty() != options.all)
    return Failure{"expected a SERVICE, or --all", kUsage};
  auto subject = TRY(find_subject(options));
  auto verdicts = TRY(judge_all(options, subject));
  if (!options.html.empty())
    TRY(write_file(options.html, verdict::to_html(verdicts, subject.spec.thresholds)));
  auto json = nlohmann::json::array();
  for (const auto& each : verdicts) json.push_back(verdict::to_json(each));
  if (!options.json.empty()) TRY(write_file(options.json, json.dump(1) + "\n"));
  for (const auto& each : verdicts) fmt::print("{}\n", verdict::to_text(each));
  bool whole = std::ranges::none_of(verdicts, &verdict::Verdict::provisional);
  return whole ? kYes : kUnknown;
}

}  // namespace

int verdict(int argc, char** argv) {
  App app{"On which side of the line does a service belong? Five points, by measurement.",
          "ringside verdict"};
  Options options;
  app.add_option("SERVICE", options.service,
                 "ksyms, modules, oops, channels, firmware, scsi, html, or a folder with a service "
                 "of your own");
  app.add_flag("--all", options.all, "every service");
  app.add_option("--kernel,-k", options.kernels,
                 "kernels to judge on and to compare interfaces over; by default 6.1 and 6.12");
  app.add_option("--json", options.json, "writes all of it for a program");
  app.add_option("--html", options.html, "writes the report: one page that loads nothing");
  app.add_option("--from", options.from,
                 "judges by these results alone: a file, or a folder of .jsonl files");
  app.footer(
      "Example: ringside verdict html --html verdict.html\n"
      "Exit status: 0 judged, 2 results are missing (it says which) or malformed.");
  return finish(app, argc, argv, [&] { return run(options); });
}

}  // namespace ringside::cli
