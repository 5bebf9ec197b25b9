// Each question is one run of apt-cache or apt-get in the C locale. Lists of our own are an entry
// of the cache like any other: built by one process, complete or not there.
#include "lab/kernels/apt.hh"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <chrono>

#include "user/cache/cache.hh"
#include "user/process/process.hh"

namespace ringside::lab {
namespace {

using std::filesystem::path;

constexpr auto kListsAge = std::chrono::hours(1);

std::string_view trim(std::string_view text) {
  auto first = text.find_first_not_of(" \t\n");
  if (first == text.npos) return {};
  return text.substr(first, text.find_last_not_of(" \t\n") - first + 1);
}

// What `text` holds up to `separator`, taken off it together with the separator.
std::string_view take_until(std::string_view& text, std::string_view separator) {
  auto end = text.find(separator);
  auto part = text.substr(0, end);
  text.remove_prefix(end == text.npos ? text.size() : end + separator.size());
  return part;
}

Stanza parse_stanza(std::string_view text) {
  Stanza stanza;
  while (!text.empty()) {
    auto value = take_until(text, "\n");
    auto field = value.substr(0, value.find(':'));
    value = trim(value.substr(std::min(field.size() + 1, value.size())));
    if (field == "Package") stanza.package.name = value;
    if (field == "Version") stanza.package.version = value;
    if (field == "Depends") stanza.depends = value;
  }
  return stanza;
}

// "NAME (= VERSION)", "NAME (>= VERSION)", "NAME:any" or "NAME".
Package parse_dependency(std::string_view text) {
  text = trim(text);
  auto relation = text.substr(std::min(text.find_first_of(" (:"), text.size()));
  Package package{std::string(text.substr(0, text.size() - relation.size())), ""};
  auto open = relation.find("(="), close = relation.find(')');
  if (open != relation.npos && close != relation.npos && open < close)
    package.version = trim(relation.substr(open + 2, close - open - 2));
  return package;
}

Process apt(const char* program, const char* command, const std::vector<std::string>& options) {
  Process process;
  process.argv = {program, command};
  process.argv.insert(process.argv.end(), options.begin(), options.end());
  process.environment = {"LC_ALL=C"};
  // A cache under a home folder is closed to apt's own user, so root downloads as itself.
  for (const char* option : {"APT::Sandbox::User=root", "APT::Get::AllowUnauthenticated=false",
                             "Acquire::AllowInsecureRepositories=false", "Acquire::Retries=2",
                             "Acquire::http::Timeout=30", "Acquire::https::Timeout=30"})
    process.argv.insert(process.argv.end(), {"-o", option});
  return process;
}

void append(Process& process, const std::vector<Package>& packages) {
  for (const auto& [name, version] : packages)
    process.argv.push_back(version.empty() ? name : name + "=" + version);
}

// The stdout of an apt that must succeed.
Outcome<std::string> answer(const Process& process) {
  auto result = TRY(run_process(process));
  if (result.status == 0) return std::move(result.out);
  return Failure{
      fmt::format("{} {}: {}", process.argv[0], process.argv[1], pick_complaint(result.err))};
}

// The options that put apt's lists into `state`, and its caches of them nowhere.
std::vector<std::string> own_lists(const path& state) {
  return {"-o", "Dir::State::Lists=" + state.native(),
          "-o", "Dir::Cache=" + state.native(),
          "-o", "Dir::Cache::pkgcache=",
          "-o", "Dir::Cache::srcpkgcache="};
}

bool has_lists(const path& state) {
  std::error_code error;
  std::filesystem::directory_iterator entry(state, error), end;
  for (; !error && entry != end; entry.increment(error))
    if (entry->path().native().ends_with("Release")) return true;
  return false;
}

Outcome<Nothing> update_lists(const path& state) {
  std::error_code error;
  std::filesystem::create_directories(state / "partial", error);
  // A source that cannot be reached fails the update of all; what could be had is there.
  auto update = TRY(run_process(apt("apt-get", "update", own_lists(state))));
  if (has_lists(state)) return ok;
  return Failure{
      fmt::format("apt-get update: no package lists: {}; is the network there, and do apt's "
                  "sources name Debian?",
                  pick_complaint(update.err))};
}

bool is_old(const path& state) {
  std::error_code error;
  auto written = std::filesystem::last_write_time(state, error);
  return error || std::filesystem::file_time_type::clock::now() - written > kListsAge;
}

}  // namespace

std::vector<Stanza> parse_stanzas(std::string_view text) {
  std::vector<Stanza> stanzas;
  while (!text.empty()) {
    auto stanza = parse_stanza(take_until(text, "\n\n"));
    if (stanza.package.name.empty() || stanza.package.version.empty()) continue;
    stanzas.push_back(std::move(stanza));
  }
  return stanzas;
}

std::vector<Package> parse_depends(std::string_view depends) {
  std::vector<Package> packages;
  while (!depends.empty()) {
    auto alternatives = take_until(depends, ",");
    auto package = parse_dependency(take_until(alternatives, "|"));
    if (!package.name.empty()) packages.push_back(std::move(package));
  }
  return packages;
}

std::vector<Archive> parse_uris(std::string_view text) {
  std::vector<Archive> archives;
  while (!text.empty()) {
    auto line = take_until(text, "\n");
    if (!line.starts_with('\'')) continue;
    take_until(line, "' ");
    Archive archive{std::string(take_until(line, " ")), 0};
    auto size = take_until(line, " ");
    auto end = std::from_chars(size.data(), size.data() + size.size(), archive.bytes).ptr;
    if (archive.file.ends_with(".deb") && end == size.data() + size.size())
      archives.push_back(std::move(archive));
  }
  return archives;
}

std::string_view pick_complaint(std::string_view err) {
  std::string_view warning;
  while (!err.empty()) {
    auto line = take_until(err, "\n");
    if (line.starts_with("E: ")) return line.substr(3);
    if (warning.empty() && line.starts_with("W: ")) warning = line.substr(3);
  }
  return warning.empty() ? "it gave no reason" : warning;
}

Apt::Apt(const path& state) : options_(own_lists(state)) {}

Outcome<Apt> Apt::with_own_lists() {
  auto state = cache::root() / "apt-lists";
  if (is_old(state)) TRY(cache::discard(state));
  TRY(cache::get_or_build(state, update_lists));
  return Apt(state);
}

Outcome<std::vector<Stanza>> Apt::show(Versions versions,
                                       const std::vector<std::string>& packages) const {
  auto process = apt("apt-cache", "show", options_);
  if (versions == Versions::kCandidate) process.argv.push_back("--no-all-versions");
  process.argv.insert(process.argv.end(), packages.begin(), packages.end());
  // apt-cache fails where it knows none of them, which is an answer; it has no other errors here.
  auto result = TRY(run_process(process));
  return parse_stanzas(result.out);
}

Outcome<std::vector<Archive>> Apt::archives(const std::vector<Package>& packages,
                                            const path& folder) const {
  auto process = apt("apt-get", "download", options_);
  process.argv.push_back("--print-uris");
  process.directory = folder;
  append(process, packages);
  return parse_uris(TRY(answer(process)));
}

Outcome<Nothing> Apt::download(const std::vector<Package>& packages, const path& folder) const {
  auto process = apt("apt-get", "download", options_);
  append(process, packages);
  process.directory = folder;
  TRY(answer(process));
  return ok;
}

}  // namespace ringside::lab
