// Plan: from the words of a command line to modules in an order that loads. A word is a file or a
// name in the module tree; what a module needs, by its symbols, goes before it; what is loaded
// already is left out. Every module is checked as `ringside check` does before anything is loaded.
#pragma once

#include <map>

#include "user/loader/config.hh"
#include "user/loader/record.hh"
#include "user/modules/checker.hh"

namespace ringside::loader {

// A module of the command line, with the parameters that stood behind it.
struct Word {
  std::string module, parameters;
};

// Words "MODULE", "PARAM=VALUE": a parameter belongs to the module before it. Fails (kUsage) where
// there is none.
Outcome<std::vector<Word>> parse_words(const std::vector<std::string>& words);

struct Step {
  std::string name;
  std::filesystem::path file;
  std::string parameters;  // the configuration's, then the command line's
  modules::Verdict verdict;
};

using Files = std::map<std::string, std::filesystem::path>;  // by module

struct Plan {
  std::vector<Step> steps;         // in the order of loading
  Files loaded;                    // files that were named of modules that are loaded already
  std::vector<std::string> notes;  // lines for a person: what was left out, and why
};

class Planner {
 public:
  // Borrows the first two. `linked` tells that we link the modules, too.
  Planner(const modules::Kernel& kernel, modules::Checker& checker, Config config, bool linked,
          Roots roots = {})
      : kernel_(kernel),
        checker_(checker),
        config_(std::move(config)),
        linked_(linked),
        roots_(std::move(roots)) {}

  // Fails where one of the modules would not load (kNo) or that cannot be told (kUnknown).
  Outcome<Plan> plan(const std::vector<Word>& words);

 private:
  struct Known {
    std::filesystem::path file;
    modules::Verdict verdict;
  };

  Outcome<Nothing> take_recorded();
  bool is_loaded(const std::string& name);
  Outcome<std::string> take_word(const Word& word);
  Outcome<Nothing> take_file(const std::string& name, const std::filesystem::path& file);
  Outcome<std::vector<std::string>> needs_of(const std::string& name);
  Outcome<Nothing> judge(const std::string& name, const modules::Verdict& verdict) const;
  Outcome<std::string> configured(const std::string& name);
  Outcome<Step> step_of(const std::string& name);

  const modules::Kernel& kernel_;
  modules::Checker& checker_;
  Config config_;
  bool linked_;
  Roots roots_;
  std::map<std::string, bool> loaded_;             // live ones, as far as asked for
  Files files_;                                    // of modules that were named by file
  Files loaded_files_;                             // the same, of those that are loaded
  std::map<std::string, std::string> parameters_;  // by module, from the command line
  std::map<std::string, Known> known_;
  std::vector<std::string> notes_;
};

// The build-id of a module's file, lower-case hex; empty where it has none.
std::string build_id_of(const modules::Module& module);

}  // namespace ringside::loader
