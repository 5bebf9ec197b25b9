// The one file that compiles CLI11.
#include "cli/options.hh"

#include <CLI/CLI.hpp>
#include <algorithm>
#include <filesystem>

namespace ringside::cli {

Option* Option::required() {
  return option_->required(), this;
}
Option* Option::capture_default_str() {
  return option_->capture_default_str(), this;
}
Option* Option::allow_extra_args(bool allow) {
  return option_->allow_extra_args(allow), this;
}
Option* Option::delimiter(char between) {
  return option_->delimiter(between), this;
}
Option* Option::excludes(const Option* other) {
  return option_->excludes(other->option_), this;
}
Option* Option::excludes(const std::string& name) {
  return option_->excludes(name), this;
}
Option* Option::in_range(int lowest, int highest) {
  return option_->check(CLI::Range(lowest, highest)), this;
}
Option* Option::one_of(std::vector<std::string> words) {
  return option_->check(CLI::IsMember(std::move(words))), this;
}
Option* Option::existing_file() {
  return option_->check(CLI::ExistingFile), this;
}
Option* Option::check(std::function<std::string(std::string&)> complaint, const std::string& kind) {
  return option_->check(CLI::Validator(std::move(complaint), kind)), this;
}
bool Option::given() const {
  return option_->count() > 0;
}

App::App(const std::string& description, const std::string& name)
    : app_(std::make_shared<CLI::App>(description, name)) {}

template <class T>
Option* App::add_option(const std::string& names, T& value, const std::string& help) {
  return &options_.emplace_back(app_->add_option(names, value, help));
}

Option* App::add_flag(const std::string& names, bool& value, const std::string& help) {
  return &options_.emplace_back(app_->add_flag(names, value, help));
}

App* App::add_subcommand(const std::string& name, const std::string& description) {
  auto& added = *subcommands_.emplace_back(std::make_unique<App>(description, name));
  app_->add_subcommand(added.app_);
  return &added;
}

void App::require_subcommand() {
  app_->require_subcommand(1);
}

void App::footer(const std::string& text) {
  app_->footer(text);
}

// CLI11 puts "[OPTIONS]" there and leaves the brackets to us.
void App::usage_tail(const std::string& words) {
  auto formatter = std::make_shared<CLI::Formatter>();
  formatter->label("OPTIONS", "OPTIONS] " + words.substr(0, words.rfind(']')));
  app_->formatter(formatter);
}

Outcome<bool> App::parse(int argc, char** argv) try {
  app_->parse(argc, argv);
  return true;
} catch (const CLI::ParseError& error) {
  if (error.get_exit_code() != 0) return Failure{error.what(), kUsage};
  app_->exit(error);
  return false;
}

const App* App::chosen() const {
  auto found = std::find_if(subcommands_.begin(), subcommands_.end(),
                            [](const auto& subcommand) { return subcommand->app_->parsed(); });
  return found == subcommands_.end() ? nullptr : found->get();
}

std::vector<std::string> App::unexpected() const {
  return app_->remaining();
}

std::string App::name() const {
  return app_->get_name();
}

template Option* App::add_option(const std::string&, std::string&, const std::string&);
template Option* App::add_option(const std::string&, std::filesystem::path&, const std::string&);
template Option* App::add_option(const std::string&, std::vector<std::string>&, const std::string&);
template Option* App::add_option(const std::string&, std::vector<std::filesystem::path>&,
                                 const std::string&);
template Option* App::add_option(const std::string&, int&, const std::string&);
template Option* App::add_option(const std::string&, unsigned&, const std::string&);
template Option* App::add_option(const std::string&, std::size_t&, const std::string&);
template Option* App::add_option(const std::string&, double&, const std::string&);

}  // namespace ringside::cli
