#include "user/costs/costs.hh"

#include <fmt/format.h>

#include <algorithm>
#include <fstream>
#include <iterator>
#include <map>

#include "user/plot/svg.hh"

namespace ringside::costs {
namespace {

using nlohmann::json;

std::string row_of(const Point& point) {
  if (point.service == Service::kNotify) return "notify";
  auto text = fmt::format("{} {}", kServices[static_cast<std::size_t>(point.service)],
                          size_text(point.bytes));
  return point.batch > 1 ? text + ", batches" : text;
}

Cost cost_of(const json& line) {
  const auto& parameters = line.at("parameters");
  Cost cost;
  cost.kernel = line.at("kernel");
  cost.accelerator = line.at("accelerator");
  cost.unit = line.at("unit");
  cost.channel = line.at("placement");
  auto service =
      std::find(kServices.begin(), kServices.end(), parameters.at("service").get<std::string>());
  if (service == kServices.end()) throw std::out_of_range("no such service of a channel");
  cost.point.service = static_cast<Service>(service - kServices.begin());
  cost.point.bytes = parameters.at("bytes");
  cost.point.batch = parameters.at("batch");
  cost.median = line.at("median");
  return cost;
}

bool same_point(const Cost& a, const Cost& b) {
  return a.kernel == b.kernel && a.accelerator == b.accelerator && a.channel == b.channel &&
         row_of(a.point) == row_of(b.point);
}

void keep(std::vector<Cost>& costs, Cost cost) {
  auto old = std::find_if(costs.begin(), costs.end(),
                          [&](const Cost& other) { return same_point(cost, other); });
  if (old == costs.end())
    costs.push_back(std::move(cost));
  else
    *old = std::move(cost);
}

bool is_counted(const Cost& cost) {
  return cost.unit == "instructions";
}

// A channel's line in a panel: in batches where it has them, as that is what it is chosen for.
plot::Panel panel_of(const std::vector<Cost>& costs, Service service) {
  plot::Panel panel{std::string(kServices[static_cast<std::size_t>(service)]), {}};
  std::map<std::string, unsigned> batch;
  for (const auto& cost : costs)
    if (cost.point.service == service)
      batch[cost.channel] = std::max(batch[cost.channel], cost.point.batch);
  for (const auto& cost : costs) {
    if (cost.point.service != service || cost.point.batch != batch[cost.channel]) continue;
    auto series = std::find_if(panel.series.begin(), panel.series.end(),
                               [&](const auto& other) { return other.name == cost.channel; });
    if (series == panel.series.end()) series = panel.series.insert(series, {cost.channel, {}});
    series->points.emplace_back(static_cast<double>(cost.point.bytes), cost.median);
  }
  return panel;
}

}  // namespace

std::string size_text(std::size_t bytes) {
  if (bytes >= 1u << 20 && bytes % (1u << 20) == 0) return fmt::format("{} MiB", bytes >> 20);
  if (bytes >= 1024 && bytes % 1024 == 0) return fmt::format("{} KiB", bytes >> 10);
  return fmt::format("{} B", bytes);
}

bench::Measure to_measure(std::string_view channel, const Point& point, std::vector<double> samples,
                          bool counted) {
  return {std::string(channel),
          row_of(point),
          counted ? "instructions" : "time",
          counted ? "instructions" : "ns",
          {{"service", kServices[static_cast<std::size_t>(point.service)]},
           {"bytes", point.bytes},
           {"batch", point.batch}},
          std::move(samples)};
}

Outcome<std::vector<Cost>> parse_costs(const std::vector<std::string>& lines,
                                       const std::string& path) {
  std::vector<Cost> costs;
  for (std::size_t each = 0; each < lines.size(); ++each) try {
      auto line = json::parse(lines[each]);
      if (line.at("service") == "channels" && line.at("parameters").contains("batch"))
        keep(costs, cost_of(line));
    } catch (const std::exception& error) {
      return Failure{fmt::format("{}: line {}: expected a result of a bench, found: {}", path,
                                 each + 1, error.what())};
    }
  return costs;
}

Outcome<std::vector<Cost>> read_costs(const std::string& path) {
  std::ifstream file(path);
  if (!file) return system_failure("open", path);
  std::vector<std::string> lines;
  for (std::string text; std::getline(file, text);) lines.push_back(text);
  return parse_costs(lines, path);
}

std::vector<std::string> kernels_of(const std::vector<Cost>& costs) {
  std::vector<std::string> kernels;
  for (const auto& cost : costs)
    if (std::find(kernels.begin(), kernels.end(), cost.kernel) == kernels.end())
      kernels.push_back(cost.kernel);
  return kernels;
}

std::vector<Cost> of_kernel(const std::vector<Cost>& costs, const std::string& kernel) {
  auto is_meant = [&](const Cost& cost) { return bench::begins_release(kernel, cost.kernel); };
  auto last = std::find_if(costs.rbegin(), costs.rend(), is_meant);
  if (last == costs.rend()) return {};
  auto is_same = [&](const Cost& cost) { return cost.kernel == last->kernel; };
  std::vector<Cost> chosen;
  std::copy_if(costs.begin(), costs.end(), std::back_inserter(chosen), is_same);
  auto counted = std::find_if(chosen.begin(), chosen.end(), is_counted);
  auto accelerator = (counted == chosen.end() ? *last : *counted).accelerator;
  std::erase_if(chosen, [&](const Cost& cost) { return cost.accelerator != accelerator; });
  return chosen;
}

std::string to_table(const std::vector<Cost>& costs) {
  std::vector<std::string> rows, channels;
  std::map<std::pair<std::string, std::string>, double> cells;
  auto add = [](std::vector<std::string>& list, const std::string& name) {
    if (std::find(list.begin(), list.end(), name) == list.end()) list.push_back(name);
  };
  for (const auto& cost : costs) {
    add(rows, row_of(cost.point)), add(channels, cost.channel);
    cells[{row_of(cost.point), cost.channel}] = cost.median;
  }
  std::string table = fmt::format("{:<24}", costs.empty() ? "" : costs[0].unit + " a message");
  for (const auto& channel : channels) table += fmt::format("{:>10}", channel);
  table += '\n';
  for (const auto& row : rows) {
    table += fmt::format("{:<24}", row);
    for (const auto& channel : channels) {
      auto cell = cells.find({row, channel});
      table +=
          cell == cells.end() ? fmt::format("{:>10}", "") : fmt::format("{:>10.0f}", cell->second);
    }
    table += '\n';
  }
  return table;
}

std::string to_svg(const std::vector<Cost>& costs) {
  plot::Figure figure{"What a message costs on each channel", "bytes of payload", "", {}, 3};
  for (const auto& kernel : kernels_of(costs)) {
    auto chosen = of_kernel(costs, kernel);
    for (auto service : {Service::kEcho, Service::kStream, Service::kSink}) {
      figure.panels.push_back(panel_of(chosen, service));
      figure.panels.back().title += ", " + kernel;
    }
    if (!chosen.empty()) figure.y_label = chosen[0].unit + " a message";
  }
  return plot::to_svg(figure);
}

}  // namespace ringside::costs
