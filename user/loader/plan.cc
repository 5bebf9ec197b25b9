// The closure is walked over what the checker finds a module to need; a module that is loaded
// needs nothing more, so nothing below it is looked at.
#include "user/loader/plan.hh"

#include <fmt/format.h>

#include <algorithm>
#include <sstream>

#include "core/elf/note.hh"
#include "user/loader/small_file.hh"

namespace ringside::loader {
namespace {

using modules::Severity;
using modules::Verdict;

void append(std::string& list, const std::string& words) {
  if (!list.empty() && !words.empty()) list += ' ';
  list += words;
}

// "name=a b" -> "name=\"a b\"", as the kernel's parser wants it.
std::string quoted(const std::string& parameter) {
  auto value = parameter.find('=') + 1;
  bool spaced = parameter.find_first_of(" \t", value) != parameter.npos;
  if (!spaced || parameter[value] == '"') return parameter;
  return fmt::format("{}\"{}\"", parameter.substr(0, value), parameter.substr(value));
}

}  // namespace

Outcome<std::vector<Word>> parse_words(const std::vector<std::string>& words) {
  std::vector<Word> list;
  for (const auto& word : words) {
    auto equals = word.find('=');
    if (equals == word.npos || word.find('/') < equals) {
      list.push_back({word, {}});
    } else if (list.empty()) {
      return Failure{fmt::format("{}: a parameter goes behind its module", word), kUsage};
    } else {
      append(list.back().parameters, quoted(word));
    }
  }
  return list;
}

std::string build_id_of(const modules::Module& module) {
  auto section = module.object().find_any(".note.gnu.build-id");
  auto id = elf::build_id_note(module.object().contents(section));
  return id && *id ? kimage::to_hex(**id) : std::string();
}

// Modules that are loaded from a file beside the tree export what that file says.
Outcome<Nothing> Planner::take_recorded() {
  for (const auto& name : recorded_names(roots_)) {
    auto module = loaded_module(name, roots_);
    auto record = module ? read_record(*module, roots_) : std::nullopt;
    if (!record) continue;
    const auto* in_tree = kernel_.tree().find(name);
    bool beside = !in_tree || kernel_.tree().path_of(*in_tree) != record->file;
    std::error_code error;
    if (beside && std::filesystem::exists(record->file, error)) TRY(checker_.provide(record->file));
  }
  return ok;
}

// One that another loader is busy with does not count: loading it waits for that.
bool Planner::is_loaded(const std::string& name) {
  auto [known, fresh] = loaded_.try_emplace(name, false);
  if (fresh) known->second = read_word(roots_.sys / "module" / name / "initstate") == "live";
  return known->second;
}

// Checks the file; its module's name is what the kernel will call it, whatever the file is called.
Outcome<Nothing> Planner::take_file(const std::string& label, const std::filesystem::path& file) {
  auto verdict = checker_.check(label, file);
  checker_.judge_doubles(verdict);
  TRY(judge(label, verdict));
  auto name = verdict.name;
  known_.insert_or_assign(name, Known{file, std::move(verdict)});
  return ok;
}

// The module's name, empty where there is nothing to load.
Outcome<std::string> Planner::take_word(const Word& word) {
  auto path = modtree::module_path(word.module, kernel_.tree());
  if (!path && kernel_.lists_built_in(word.module)) {
    notes_.push_back(fmt::format("{}: built into this kernel", word.module));
    return std::string();
  }
  if (!path) return path.error();
  const auto* in_tree = kernel_.tree().find(word.module);
  bool by_name = in_tree && kernel_.tree().path_of(*in_tree) == *path;
  auto name = by_name ? in_tree->name : modtree::module_name(path->native());
  if (!by_name) {
    TRY(checker_.provide(*path));
    (is_loaded(name) ? loaded_files_ : files_)[name] = *path;
  }
  append(parameters_[name], word.parameters);
  return name;
}

Outcome<Nothing> Planner::judge(const std::string& name, const Verdict& verdict) const {
  auto limit = linked_ ? Severity::kUnsupported : Severity::kUnsafe;
  for (const auto& reason : verdict.reasons)
    if (reason.severity <= limit || verdict.name.empty())
      return Failure{
          fmt::format("{}: {} (ringside check {} says all)", name, to_line(reason), verdict.label),
          reason.severity <= Severity::kUnsafe ? kNo : kUnknown};
  return ok;
}

Outcome<std::vector<std::string>> Planner::needs_of(const std::string& name) {
  if (is_loaded(name)) return std::vector<std::string>();
  if (!known_.contains(name)) {
    auto given = files_.find(name);
    const auto* file = kernel_.tree().find(name);
    if (given == files_.end() && !file)
      return Failure{
          fmt::format("{}: needed, but not in {}", name, kernel_.tree().folder().native())};
    TRY(take_file(name, given != files_.end() ? given->second : kernel_.tree().path_of(*file)));
  }
  auto known = known_.find(name);
  if (known != known_.end()) return known->second.verdict.providers;
  return Failure{fmt::format("{}: the file's name is not its module's", name), kNo};
}

// The configuration is about names, as modprobe takes them: it does not count for a file.
Outcome<std::string> Planner::configured(const std::string& name) {
  if (files_.contains(name)) return std::string();
  if (auto command = config_.installs.find(name); command != config_.installs.end())
    return Failure{fmt::format("{}: modprobe.d says to run \"{}\" in its place, which is not done "
                               "here; name the module's file to load it",
                               name, command->second),
                   kNo};
  if (config_.blacklist.contains(name))
    notes_.push_back(fmt::format("{}: blacklisted, which is for aliases: loaded by name", name));
  return config_.options[name];
}

Outcome<Step> Planner::step_of(const std::string& name) {
  auto& known = known_.at(name);
  Step step{name, known.file, TRY(configured(name)), std::move(known.verdict)};
  append(step.parameters, parameters_[name]);
  return step;
}

Outcome<Plan> Planner::plan(const std::vector<Word>& words) {
  TRY(take_recorded());
  std::vector<std::string> names;
  for (const auto& word : words)
    if (auto name = TRY(take_word(word)); !name.empty()) names.push_back(name);
  for (const auto& name : names)
    if (is_loaded(name)) notes_.push_back(name + ": loaded already");
  auto order = TRY(
      modtree::closure(names, [this](const std::string& name) -> Outcome<std::vector<std::string>> {
        return needs_of(name);
      }));
  Plan plan;
  for (const auto& name : order)
    if (!is_loaded(name)) plan.steps.push_back(TRY(step_of(name)));
  plan.loaded = std::move(loaded_files_);
  plan.notes = std::move(notes_);
  return plan;
}

}  // namespace ringside::loader
