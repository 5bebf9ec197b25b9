// ringside load: modules, and all that they need, into the running kernel. Silent where all went
// well, but for notes; everything is checked before the kernel is asked for anything.
#include <fmt/format.h>
#include <fmt/ranges.h>

#include "cli/commands.hh"
#include "cli/finish.hh"
#include "cli/load_plan.hh"
#include "cli/module_kernel.hh"

namespace ringside::cli {
namespace {

using loader::Placed;
using loader::Placement;

struct Options {
  std::vector<std::string> words;
  std::string placement = "stock";
  std::string list;
  bool dry_run = false, shadow = false, keep_signature = false, unexported = false;
};

// "core 53248 (4012 of them rounding), init 20480 (...)"
std::string regions_of(const modules::Verdict& verdict) {
  std::vector<std::string> texts;
  for (const auto& region : verdict.memory)
    texts.push_back(
        fmt::format("{} {} ({} of them rounding)", region.name, region.bytes, region.rounding));
  if (verdict.percpu_bytes) texts.push_back(fmt::format("per-CPU {}", verdict.percpu_bytes));
  return fmt::format("{}", fmt::join(texts, ", "));
}

std::string symbols_of(const Placed& placed) {
  if (placed.placement != Placement::kBind) return "all symbols bound by the kernel";
  auto text = fmt::format("symbols bound here: {}; left to the kernel: {} to count references",
                          placed.absolute, placed.kept);
  if (placed.left) text += fmt::format(", {} for want of an address", placed.left);
  return text;
}

void print_rehearsal(const Placed& placed) {
  const auto& step = *placed.step;
  fmt::print("{}: {}, placement {}\n", step.name, step.file.native(),
             placement_name(placed.placement));
  fmt::print("{}: {}\n", step.name, regions_of(step.verdict));
  fmt::print("{}: {}\n", step.name, symbols_of(placed));
  fmt::print("{}: taints: {}\n", step.name,
             placed.taints ? fmt::format("{} ({})", modules::taint_letters(placed.taints),
                                         modules::taint_words(placed.taints))
                           : "none");
  if (!step.parameters.empty()) fmt::print("{}: parameters: {}\n", step.name, step.parameters);
}

void print_notes(const std::vector<std::string>& notes) {
  for (const auto& note : notes) fmt::print(stderr, "ringside load: {}\n", note);
}

Outcome<Nothing> run(const Options& options) {
  auto placement = *loader::placement_of(options.placement);
  if (options.shadow && placement != Placement::kStock)
    return Failure{"--shadow: the kernel computes the bytes, so only --placement=stock", kUsage};
  if (options.unexported && placement != Placement::kBind)
    return Failure{"--unexported: only --placement=bind can give them to a module", kUsage};
  auto kernel = TRY(open_running_kernel());
  loader::Options how{placement, options.shadow, options.keep_signature, options.unexported,
                      options.list};
  auto plan = TRY(make_plan(kernel, options.words, how));
  print_notes(plan.notes);
  if (plan.steps.empty()) return ok;
  auto loader = TRY(loader::Loader::create(kernel, how));
  auto done = TRY(options.dry_run ? loader->rehearse(plan) : loader->run(plan));
  for (const auto& placed : done) {
    if (options.dry_run) print_rehearsal(placed);
    if (options.shadow && !options.dry_run && !placed.was_there)
      fmt::print("{}: equal: {} sections, {} bytes\n", placed.step->name, placed.sections,
                 placed.bytes);
    print_notes(placed.notes);
  }
  return ok;
}

}  // namespace

int load(int argc, char** argv) {
  App app{"Modules, and all that they need, into the running kernel.", "ringside load"};
  Options options;
  app.add_option("MODULE", options.words,
                 "module files, or names in the module tree, each with its PARAM=VALUE behind it")
      ->required();
  app.add_option("--placement", options.placement, "who binds symbols and computes the bytes")
      ->capture_default_str()
      ->one_of({"stock", "bind", "user", "kernel"});
  app.add_flag("--shadow", options.shadow,
               "links each module, too, and compares every byte with what the kernel made");
  app.add_flag("--keep-signature", options.keep_signature,
               "with --placement=user: leaves the check of the signature to the kernel");
  app.add_flag("--unexported", options.unexported,
               "with --placement=bind: functions that are not exported, where their types are the "
               "kernel's");
  app.add_option("--list", options.list,
                 "with bind and user: addresses of loaded modules by this file, from ringside list "
                 "--json, not by sysfs");
  app.add_flag("--dry-run", options.dry_run, "checks, and prints what would be done");
  app.footer(
      "Example: ringside load --placement=bind ext4\n"
      "Exit status: 0 loaded, 1 refused (all is undone), 2 could not tell or not permitted.");
  return finish(app, argc, argv, [&] { return run(options); });
}

}  // namespace ringside::cli
