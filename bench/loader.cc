// bench-loader: the debate, measured: what it costs, and what it takes, to load modules in each
// placement, beside kmod's modprobe. bench/loader-run says how it is called.
#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <fstream>

#include "bench/loader.hh"
#include "user/kimage/image.hh"
#include "user/loader/small_file.hh"

namespace ringside::bench {

void Debate::print(Measure measure) const {
  fmt::print("{}\n", to_json(context, measure).dump());
}

namespace {

struct Arguments {
  std::vector<std::string> sets;  // "NAME=WORD WORD"
  std::string kernel, build, root, unsigned_files;
  int repeats = 3;
};

// A set of which nothing is given but a file's name ("server=@FILE") is what that file lists.
Outcome<std::vector<ModuleSet>> parse_sets(const std::vector<std::string>& texts) {
  std::vector<ModuleSet> sets;
  for (const auto& text : texts) {
    auto equals = text.find('=');
    if (equals == text.npos) return Failure{text + ": NAME=MODULES is expected", kUsage};
    ModuleSet set{text.substr(0, equals), {}};
    auto words = text.substr(equals + 1);
    if (words.starts_with('@')) {
      auto listed = loader::read_small(words.substr(1));
      if (!listed) return system_failure("open", words.substr(1));
      words = *listed;
    }
    std::istringstream stream(words);
    for (std::string word; stream >> word;) set.roots.push_back(word);
    sets.push_back(std::move(set));
  }
  return sets;
}

Debate debate_here(int argc, char** argv) {
  Debate debate{this_context("loader", argc, argv)};
  if (debate.context.accelerator == "tcg-count") debate.metric = debate.unit = "instructions";
  return debate;
}

Outcome<Nothing> in_guest(Debate debate, const Arguments& arguments) {
  debate.context.kernel = loader::read_word("/proc/sys/kernel/osrelease");
  debate.context.build_id = TRY(kimage::running_build_id());
  LoadsAsked asked{TRY(parse_sets(arguments.sets)), arguments.unsigned_files, arguments.repeats};
  TRY(measure_calls(debate));
  return measure_loads(debate, asked);
}

int finish(const Outcome<Nothing>& outcome) {
  if (outcome) return 0;
  fmt::print(stderr, "bench-loader: {}\n", outcome.error().message);
  return outcome.error().status;
}

int main(int argc, char** argv) {
  CLI::App app{"What loading costs and takes in each placement.", "bench-loader"};
  Arguments arguments;
  app.require_subcommand(1);
  auto* loads = app.add_subcommand("loads", "in a guest: loads, and calls");
  auto* facts = app.add_subcommand("facts", "outside: text, lines, files, exports");
  auto* strip = app.add_subcommand("strip", "outside: copies without signatures");
  for (auto* part : {loads, facts, strip})
    part->add_option("--set", arguments.sets, "NAME=MODULES, or NAME=@FILE")->required();
  loads->add_option("--unsigned", arguments.unsigned_files, "the folder that strip has filled");
  loads->add_option("--repeats", arguments.repeats, "samples")->capture_default_str();
  for (auto* part : {facts, strip}) part->add_option("--kernel", arguments.kernel)->required();
  facts->add_option("--root", arguments.root, "the source's top folder")->required();
  for (auto* part : {facts, strip}) part->add_option("FOLDER", arguments.build)->required();
  CLI11_PARSE(app, argc, argv);
  auto debate = debate_here(argc, argv);
  if (*loads) return finish(in_guest(debate, arguments));
  auto sets = parse_sets(arguments.sets);
  if (!sets) return finish(sets.error());
  if (*facts)
    return finish(print_facts(debate, arguments.kernel, arguments.build, arguments.root, *sets));
  return finish(strip_signatures(arguments.kernel, arguments.build, *sets));
}

}  // namespace
}  // namespace ringside::bench

int main(int argc, char** argv) {
  return ringside::bench::main(argc, argv);
}
