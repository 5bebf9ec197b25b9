// ringside verdict: on which side of the line a service belongs, by results that are there or,
// where the sources are at hand and a bench is missing, by running it.
#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iterator>

#include "cli/commands.hh"
#include "cli/finish.hh"
#include "user/process/process.hh"
#include "verdict/imports.hh"
#include "verdict/verdict.hh"

namespace ringside::cli {
namespace {

namespace fs = std::filesystem;
using verdict::Row;

struct Options {
  std::string service, json, html, from;
  std::vector<std::string> kernels;
  bool all = false;
};

// A file of Ringside's: of an installed tree, or of the source that this was built in.
Outcome<std::string> find_file(const std::vector<std::string>& places) {
  std::error_code error;
  auto folder = fs::read_symlink("/proc/self/exe", error).parent_path().parent_path();
  for (const auto& place : places)
    if (fs::exists(folder / place, error)) return (folder / place).string();
  return Failure{fmt::format("{}: no {} there", folder.string(), fmt::join(places, " or "))};
}

// What a verdict is about, and where its results are.
struct Subject {
  verdict::Spec spec;
  std::string results;
  bool own = false;  // a user's folder
};

// A folder with a service.json is a service of the user's own (ringside new).
Outcome<Subject> find_subject(const Options& options) {
  fs::path folder = options.service;
  std::error_code error;
  if (!folder.empty() && fs::exists(folder / "service.json", error))
    return Subject{TRY(verdict::read_spec(folder / "service.json")), folder / "results.jsonl",
                   true};
  auto spec = TRY(find_file({"share/ringside/services.json", "verdict/services.json"}));
  auto results = TRY(find_file({"share/doc/ringside/docs/results", "docs/results"}));
  return Subject{TRY(verdict::read_spec(spec)), results, false};
}

Outcome<std::vector<const verdict::Service*>> chosen_services(const Options& options,
                                                              const Subject& subject) {
  std::vector<const verdict::Service*> chosen;
  const auto* one = subject.spec.find(options.service);
  if (!options.service.empty() && !one && !subject.own) {
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

// A kernel of which there is no result, but which is on this machine, can still be asked for the
// symbols that the modules import on others.
Outcome<Nothing> ask_more(const verdict::Service& service, const std::string& kernel,
                          std::vector<Row>& rows) {
  std::set<std::string> symbols;
  for (const auto& row : rows)
    if (row.service == service.name && row.operation == "imports")
      for (const auto& [name, value] : row.parameter("symbols").items()) symbols.insert(name);
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
                                              std::vector<Row>& rows) {
  std::vector<std::string> releases;
  for (const auto& kernel : kernels) {
    for (const auto* service : services)
      if (!has_imports(service->name, verdict::release_of(kernel, rows), rows))
        if (auto asked = ask_more(*service, kernel, rows); !asked)
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
  auto script = TRY(find_file({service.bench.substr(0, service.bench.find(' '))}));
  auto top = fs::path(script).parent_path().parent_path();
  auto command = replaced(service.bench, "KERNEL", kernel);
  fmt::print(stderr, "ringside verdict: no results of {} on {}; running {}\n", service.name, kernel,
             command);
  auto text = TRY(output_of({{"sh", "-c", command}, top, {}}));
  TRY(append(top / "build/results/verdict-benches.jsonl", text));
  return verdict::parse_rows(text, command);
}

bool is_measured(const verdict::Verdict& verdict) {
  return verdict.points[0].side != verdict::Side::kOpen;
}

std::vector<Row> kept_benches() {
  auto kept = find_file({"build/results/verdict-benches.jsonl"});
  auto rows = kept ? verdict::read_rows(*kept) : Failure{};
  return rows ? *std::move(rows) : std::vector<Row>();
}

Outcome<std::vector<verdict::Verdict>> judge_all(const Options& options, const Subject& subject) {
  auto services = TRY(chosen_services(options, subject));
  auto rows = TRY(verdict::read_rows(options.from.empty() ? subject.results : options.from));
  bool may_run = options.from.empty() && !subject.own;
  if (may_run) std::ranges::move(kept_benches(), std::back_inserter(rows));
  const auto& kernels = options.kernels.empty() ? subject.spec.kernels : options.kernels;
  auto releases = TRY(releases_of(kernels, services, rows));
  std::vector<verdict::Verdict> verdicts;
  for (const auto* service : services)
    for (std::size_t each = 0; each < kernels.size(); ++each) {
      auto judged = [&] {
        return verdict::judge(*service, subject.spec.thresholds, rows, releases[each], releases);
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

Outcome<Nothing> write_file(const std::string& path, const std::string& text) {
  std::ofstream file(path);
  file << text;
  file.close();
  if (!file) return system_failure("write", path);
  return ok;
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
