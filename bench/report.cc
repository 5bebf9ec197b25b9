// bench-report: the results of benches (JSON lines, from stdin) as one table for a person. Rows are
// operations, columns placements; a peer's column is marked with '*', and the footer
// names the peers.
#include <fmt/format.h>

#include <iostream>
#include <map>
#include <nlohmann/json.hpp>
#include <set>

namespace {

using nlohmann::json;

struct Row {
  std::map<std::string, std::string> cells;  // by placement
};

std::string number(double value) {
  if (value >= 1000) return fmt::format("{:.0f}", value);
  return fmt::format("{:.{}f}", value, value >= 100 ? 1 : 2);
}

struct Table {
  std::vector<std::string> order;  // rows as they first came
  std::map<std::string, Row> rows;
  std::set<std::string> places;
  std::set<std::string> peers;
  std::set<std::string> machines, commits;

  void add(const json& result) {
    auto kernel = result.at("kernel").get<std::string>();
    auto unit = result.at("unit").get<std::string>();
    auto where = result.at("accelerator").get<std::string>();
    auto key =
        fmt::format("{:<24}{:<22}{:<14}{:<11}", kernel, result.at("operation").get<std::string>(),
                    unit, unit == "bytes/symbol" ? "" : where);
    auto place = result.at("placement").get<std::string>();
    if (const auto& peer = result.at("peer"); !peer.is_null()) {
      place += "*";
      peers.insert(peer.get<std::string>());
    }
    if (!rows.contains(key)) order.push_back(key);
    rows[key].cells[place] = number(result.at("median").get<double>());
    places.insert(place);
    machines.insert(result.at("machine").get<std::string>());
    commits.insert(result.at("commit").get<std::string>());
  }

  void print() const {
    std::string head =
        fmt::format("{:<24}{:<22}{:<14}{:<11}", "kernel", "operation", "unit", "run by");
    for (const auto& place : places) head += fmt::format("{:>10}", place);
    fmt::print("{}\n{}\n", head, std::string(head.size(), '-'));
    for (const auto& key : order) {
      fmt::print("{}", key);
      for (const auto& place : places) {
        auto cell = rows.at(key).cells.find(place);
        fmt::print("{:>10}", cell == rows.at(key).cells.end() ? "" : cell->second);
      }
      fmt::print("\n");
    }
    if (!peers.empty()) fmt::print("* a peer: {}. ", fmt::join(peers, ", "));
    fmt::print("Medians. Machine: {}; commit {}\n", fmt::join(machines, ", "),
               fmt::join(commits, ", "));
  }
};

}  // namespace

int main() {
  Table table;
  std::size_t line_number = 0;
  for (std::string line; std::getline(std::cin, line);) {
    ++line_number;
    try {
      table.add(json::parse(line));
    } catch (const json::exception& error) {
      fmt::print(stderr, "bench-report: line {}: not a result: {}\n", line_number, error.what());
      return 2;
    }
  }
  table.print();
  return 0;
}
