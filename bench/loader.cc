// bench-loader: the debate, measured: what it costs, and what it takes, to load modules in each
// placement, beside kmod's modprobe. bench/loader-run says how it is called.
#include <fmt/format.h>

#include <sstream>

#include "bench/loader.hh"
#include "cli/finish.hh"
#include "user/kimage/image.hh"
#include "user/loader/small_file.hh"

namespace ringside::bench {

void Debate::print(Measure measure) const {
  fmt::print("{}\n", to_json(context, measure).dump());
}

namespace {

struct Arguments {
  std::vector<std::string> sets;  // "NAME=WORD WORD"
  std::string kernel, folder, root, unsigned_files, module;
  int repeats = 3;
};

Outcome<std::vector<ModuleSet>> parse_sets(const std::vector<std::string>& texts) {
  std::vector<ModuleSet> sets;
  for (const auto& text : texts) {
    auto equals = text.find('=');
    if (equals == text.npos) return Failure{text + ": NAME=MODULES is expected", kUsage};
    std::istringstream words(text.substr(equals + 1));
    ModuleSet set{text.substr(0, equals), {}};
    for (std::string word; words >> word;) set.roots.push_back(word);
    sets.push_back(std::move(set));
  }
  return sets;
}

Debate debate_here(int argc, char** argv) {
  Debate debate{this_context("loader", argc, argv)};
  if (debate.context.accelerator == "tcg-count") debate.metric = debate.unit = "instructions";
  return debate;
}

Outcome<Nothing> in_guest(const std::string& part, Debate debate, const Arguments& arguments) {
  debate.context.kernel = loader::read_word("/proc/sys/kernel/osrelease");
  debate.context.build_id = TRY(kimage::running_build_id());
  if (part == "calls") return measure_calls(debate);
  if (part == "smallest") return measure_smallest(debate, arguments.module);
  LoadsAsked asked{TRY(parse_sets(arguments.sets)), arguments.unsigned_files, arguments.repeats};
  return measure_loads(debate, asked);
}

Outcome<Nothing> run(const std::string& part, Debate debate, const Arguments& arguments) {
  if (part == "loads" || part == "calls" || part == "smallest")
    return in_guest(part, std::move(debate), arguments);
  auto sets = TRY(parse_sets(arguments.sets));
  if (part == "strip") return strip_signatures(arguments.kernel, arguments.folder, sets);
  return print_facts(std::move(debate), arguments.kernel, arguments.folder, arguments.root, sets);
}

int main(int argc, char** argv) {
  cli::App app{"What loading costs and takes in each placement.", "bench-loader"};
  Arguments arguments;
  app.require_subcommand();
  app.add_subcommand("calls", "in a guest: what calls cost");
  app.add_subcommand("smallest", "in a guest: what the smallest loaders take")
      ->add_option("MODULE", arguments.module, "which")
      ->required();
  auto* loads = app.add_subcommand("loads", "in a guest: what loads cost");
  auto* facts = app.add_subcommand("facts", "outside: text, lines, files, exports");
  auto* strip = app.add_subcommand("strip", "outside: copies without signatures");
  for (auto* part : {loads, facts, strip})
    part->add_option("--set", arguments.sets, "NAME=MODULES")->required();
  loads->add_option("--unsigned", arguments.unsigned_files, "the folder that strip has filled");
  loads->add_option("--repeats", arguments.repeats, "samples of each figure");
  for (auto* part : {facts, strip})
    part->add_option("--kernel", arguments.kernel, "which")->required();
  facts->add_option("--root", arguments.root, "the source's top folder")->required();
  facts->add_option("BUILD", arguments.folder, "the build")->required();
  strip->add_option("FOLDER", arguments.folder, "where the copies go")->required();
  return cli::finish(app, argc, argv,
                     [&] { return run(app.chosen()->name(), debate_here(argc, argv), arguments); });
}

}  // namespace
}  // namespace ringside::bench

int main(int argc, char** argv) {
  return ringside::bench::main(argc, argv);
}
