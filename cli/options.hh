// The arguments of a program: plain functions in front of CLI11. Whoever includes CLI11 itself
// compiles all of it, ten seconds a file; options.cc alone does.
#pragma once

#include <deque>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "user/base/failure.hh"

namespace CLI {
class App;
class Option;
}  // namespace CLI

namespace ringside::cli {

class Option {
 public:
  explicit Option(CLI::Option* option) : option_(option) {}

  Option* required();
  Option* capture_default_str();         // --help shows the value that stands there now
  Option* allow_extra_args(bool allow);  // whether one occurrence may take several words
  Option* delimiter(char between);
  Option* excludes(const Option* other);
  Option* excludes(const std::string& name);
  Option* in_range(int lowest, int highest);
  Option* one_of(std::vector<std::string> words);
  Option* existing_file();
  // `complaint` says what is wrong with a word, or nothing; `kind` is what --help calls the word.
  Option* check(std::function<std::string(std::string&)> complaint, const std::string& kind);
  bool given() const;

 private:
  CLI::Option* option_;
};

class App {
 public:
  App(const std::string& description, const std::string& name);

  // T is one of the types at the end of options.cc.
  template <class T>
  Option* add_option(const std::string& names, T& value, const std::string& help);
  Option* add_flag(const std::string& names, bool& value, const std::string& help);
  App* add_subcommand(const std::string& name, const std::string& description);
  void require_subcommand();
  void footer(const std::string& text);
  void usage_tail(const std::string& words);  // what --help's first line ends with

  // False where --help was asked for and has been printed.
  Outcome<bool> parse(int argc, char** argv);
  const App* chosen() const;                    // the subcommand on the line, if any
  std::vector<std::string> unexpected() const;  // the words that it had no place for
  std::string name() const;

 private:
  std::shared_ptr<CLI::App> app_;
  std::deque<Option> options_;
  std::vector<std::unique_ptr<App>> subcommands_;
};

}  // namespace ringside::cli
