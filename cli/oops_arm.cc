// What the kernel holds is told by the kernel: status asks it, and arm prints the same at its end.
#include "cli/oops_arm.hh"

#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "cli/module_kernel.hh"
#include "cli/progress.hh"
#include "user/armed/arm.hh"
#include "user/loader/loaded.hh"

namespace ringside::cli {
namespace {

// Modules that are loaded now, whatever we know of them.
Outcome<std::size_t> count_loaded() {
  return TRY(loader::loaded_modules()).size();
}

nlohmann::json to_json(const rs_oops_status& status, std::size_t loaded) {
  return {{"schema", 1},
          {"armed", status.armed != 0},
          {"off", status.off != 0},
          {"hook", "__show_trace_log_lvl"},
          {"symbols", status.symbols},
          {"symbol_bytes", status.symbol_bytes},
          {"line_bytes", status.line_bytes},
          {"modules", status.modules},
          {"modules_present", status.present},
          {"modules_loaded", loaded},
          {"module_bytes", status.module_bytes},
          {"spaces", status.spaces},
          {"traces", status.traces},
          {"frames", status.frames},
          {"skipped", status.skipped}};
}

void print(const rs_oops_status& status, std::size_t loaded) {
  fmt::print("armed           {}\n",
             status.off     ? "no: it faulted while it printed; load ringside_oops anew"
             : status.armed ? "yes, at __show_trace_log_lvl"
                            : "no; arm would hook __show_trace_log_lvl");
  fmt::print("symbols         {} in {} bytes{}\n", status.symbols, status.symbol_bytes,
             status.symbols ? "" : ": as %pS has them");
  fmt::print("source lines    {}\n",
             status.line_bytes ? fmt::format("{} bytes", status.line_bytes) : "none of vmlinux");
  fmt::print("modules' lines  {} of {} loaded modules; {} tables, {} bytes\n", status.present,
             loaded, status.modules, status.module_bytes);
  fmt::print("spaces          {}\n", status.spaces);
  fmt::print("printed         {} traces, {} frames; {} left to the kernel\n", status.traces,
             status.frames, status.skipped);
}

Outcome<int> tell(bool json) {
  auto device = TRY(armed::Device::open());
  auto status = TRY(device.status());
  auto loaded = TRY(count_loaded());
  if (json)
    fmt::print("{}\n", to_json(status, loaded).dump());
  else
    print(status, loaded);
  return status.armed && !status.off ? kYes : kNo;
}

// 1 is for what is armed, but lacks something.
Failure not_done(Failure failure) {
  return {std::move(failure.message), failure.status == kNo ? kUnknown : failure.status};
}

Outcome<int> arm(const armed::Choice& choice) {
  auto device = TRY(armed::Device::open());
  auto kernel = TRY(open_running_kernel());
  auto armed = armed::arm(device, kernel, choice);
  if (!armed) return not_done(armed.error());
  const auto& coverage = *armed;
  for (const auto& missing : coverage.missing) fmt::print(stderr, "ringside oops: {}\n", missing);
  auto told = TRY(tell(false));
  return coverage.missing.empty() ? told : kNo;
}

Outcome<int> disarm() {
  auto device = TRY(armed::Device::open());
  auto done = device.arm(false);
  if (done) done = device.drop_all();
  if (!done) return not_done(done.error());
  return kYes;
}

}  // namespace

ArmCommands::ArmCommands(App& app)
    : arm_(app.add_subcommand("arm", "has the running kernel decode its own traces")),
      disarm_(app.add_subcommand("disarm", "takes that back, and the memory")),
      status_(app.add_subcommand("status", "what the kernel holds, and has printed")) {
  arm_->add_flag("--lines", lines_, "source lines and inlined functions, too");
  arm_->add_option("--modules", modules_,
                   "whose lines: those of all modules that are loaded, or of "
                   "all of the tree, so that later ones are known")
      ->one_of({"loaded", "all"})
      ->capture_default_str();
  arm_->footer(
      "Example: ringside oops arm --lines\n"
      "Needs root, and the module ringside_oops. --debug FILE stands before the word arm.\n"
      "Exit status: 0 armed, 1 armed without something that was asked for, 2 not armed.");
  disarm_->footer("Example: ringside oops disarm\nExit status: 0 done, 2 not done.");
  status_->add_flag("--json", json_, "one JSON object (docs/kernel-oops.md)");
  status_->footer("Example: ringside oops status\nExit status: 0 armed, 1 not, 2 cannot be told.");
}

Outcome<int> ArmCommands::run(const App* chosen,
                              const std::vector<std::filesystem::path>& debug) const {
  if (chosen == status_) return tell(json_);
  if (chosen == disarm_) return disarm();
  if (modules_ == "all" && !lines_)
    return Failure{"arm --modules=all is about source lines: it needs --lines", kUsage};
  armed::Choice choice;
  choice.lines = lines_;
  choice.modules = modules_ == "all" ? armed::Modules::kAll : armed::Modules::kLoaded;
  choice.places.given = debug;
  choice.progress = progress_bar("indexing debug information");
  return arm(choice);
}

}  // namespace ringside::cli
