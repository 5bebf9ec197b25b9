// ringside channel bench and advise: what a message costs on each channel, and which one to choose
// for it.
#include "cli/channel_costs.hh"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <filesystem>

#include "cli/write_file.hh"
#include "user/costs/advise.hh"

namespace ringside::cli {
namespace {

namespace fs = std::filesystem;
using channels::Kind;

// The costs of the documentation: of an installed tree, or of the source that this was built in.
Outcome<std::string> usual_results() {
  std::error_code error;
  auto folder = fs::read_symlink("/proc/self/exe", error).parent_path().parent_path();
  for (const char* place : {"share/doc/ringside/docs", "docs"})
    if (auto path = folder / place / "results/channels.jsonl"; fs::exists(path, error))
      return path.string();
  return Failure{
      fmt::format("{}: no docs/results/channels.jsonl there or in share/doc/ringside; "
                  "measure (ringside channel bench --json >FILE), then use --from FILE",
                  folder.string())};
}

Outcome<Nothing> measure_kind(const Kind& kind, const bench::Context& context,
                              std::vector<std::string>& lines) {
  auto channel = TRY(kind.open(kind.ability));
  for (const auto& point : costs::points_of(kind.ability)) {
    auto samples = TRY(costs::measure(*channel, point));
    auto measure = costs::to_measure(kind.name, point, std::move(samples),
                                     context.accelerator.ends_with("-count"));
    lines.push_back(bench::to_json(context, measure).dump());
  }
  return ok;
}

Outcome<std::vector<Kind>> chosen_kinds(const std::vector<std::string>& names) {
  std::vector<Kind> chosen;
  for (const auto& name : names) chosen.push_back(TRY(channels::find_kind(name)));
  if (names.empty())
    for (const auto& kind : channels::kinds())
      if (!kind.lab) chosen.push_back(kind);
  return chosen;
}

struct Measured {
  std::vector<std::string> lines;
  int status = kYes;
};

Outcome<Measured> measure_here(const ChannelBench& wanted, int argc, char** argv) {
  auto context = bench::this_context("channels", argc, argv);
  bench::name_running_kernel(context);
  Measured measured;
  for (const auto& kind : TRY(chosen_kinds(wanted.names))) {
    auto done = measure_kind(kind, context, measured.lines);
    if (done) continue;
    fmt::print(stderr, "ringside channel: {}: {}\n", kind.name, done.error().message);
    measured.status = kNo;
  }
  return measured;
}

Outcome<Nothing> show(const ChannelBench& wanted, const std::vector<costs::Cost>& costs) {
  if (!wanted.plot.empty()) TRY(write_file(wanted.plot, costs::to_svg(costs)));
  if (wanted.json) return ok;
  for (const auto& kernel : costs::kernels_of(costs))
    fmt::print("{}\n{}\n", kernel, costs::to_table(costs::of_kernel(costs, kernel)));
  return ok;
}

Failure no_costs(const std::string& path, const std::string& kernel) {
  return Failure{
      fmt::format("{}: no costs of channels{}", path, kernel.empty() ? "" : " on " + kernel)};
}

// Of a file, of the channels that are wanted.
Outcome<int> show_results(const ChannelBench& wanted) {
  auto costs = TRY(costs::read_costs(wanted.from));
  const auto& names = wanted.names;
  TRY(chosen_kinds(names));  // whether they are channels' names
  std::erase_if(costs, [&](const costs::Cost& cost) {
    return !names.empty() && std::find(names.begin(), names.end(), cost.channel) == names.end();
  });
  if (costs.empty()) return no_costs(wanted.from, {});
  TRY(show(wanted, costs));
  return kYes;
}

void print(const costs::Advice& advice) {
  fmt::print("{:<5}{:<10}{}\n", advice.fits ? "fits" : "-", advice.channel, advice.reason);
}

constexpr struct {
  const char* name;
  costs::Direction direction;
} kDirections[] = {{"to-user", costs::Direction::kToUser},
                   {"to-kernel", costs::Direction::kToKernel},
                   {"both", costs::Direction::kBoth},
                   {"event", costs::Direction::kEvent}};

costs::Need need_of(const ChannelQuestion& question) {
  costs::Need need{question.size, question.rate, {}, question.loss == "counted"};
  for (const auto& each : kDirections)
    if (question.direction == each.name) need.direction = each.direction;
  return need;
}

}  // namespace

Outcome<int> bench_channels(const ChannelBench& wanted, int argc, char** argv) {
  if (!wanted.from.empty()) return show_results(wanted);
  auto measured = TRY(measure_here(wanted, argc, argv));
  if (wanted.json)
    for (const auto& line : measured.lines) fmt::print("{}\n", line);
  TRY(show(wanted, TRY(costs::parse_costs(measured.lines, "what was measured"))));
  return measured.status;
}

Outcome<int> advise_channel(const ChannelQuestion& question) {
  if (!(question.rate > 0 && std::isfinite(question.rate)))
    return Failure{fmt::format("--rate {}: expected messages a second, above 0", question.rate),
                   kUsage};
  auto path = question.from.empty() ? TRY(usual_results()) : question.from;
  auto costs = costs::of_kernel(TRY(costs::read_costs(path)), question.kernel);
  if (costs.empty()) return no_costs(path, question.kernel);
  fmt::print("{} messages a second of {} bytes, by {} on {}\n", question.rate, question.size, path,
             costs[0].kernel);
  int status = kNo;
  for (const auto& advice : costs::advise(need_of(question), costs)) {
    print(advice);
    if (advice.fits) status = kYes;
  }
  return status;
}

}  // namespace ringside::cli
