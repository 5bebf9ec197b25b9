// bench-report: the results of benches (JSON lines, from stdin) as tables for a person: one of all
// services, and one of the debate (which placement a module is best loaded in). `bench-report
// figures` and `bench-report debate` print one of them. Rows are operations, columns placements; a
// peer's column is marked with '*', and the footer names the peers.
#include <fmt/format.h>

#include <algorithm>
#include <iostream>
#include <map>
#include <nlohmann/json.hpp>
#include <set>
#include <string_view>

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
  int operation_width, column_width;
  std::vector<std::string> first;       // columns that come before the others, which are sorted
  std::vector<std::string> order = {};  // rows as they first came
  std::map<std::string, Row> rows = {};
  std::set<std::string> places = {};
  std::set<std::string> peers = {};
  std::set<std::string> machines = {}, commits = {};

  void add(const json& result) {
    auto kernel = result.at("kernel").get<std::string>();
    auto unit = result.at("unit").get<std::string>();
    auto where = result.at("accelerator").get<std::string>();
    bool read_off = result.at("metric") == "size" && where == "native";  // nothing ran
    auto key =
        fmt::format("{:<24}{:<{}}{:<14}{:<11}", kernel, result.at("operation").get<std::string>(),
                    operation_width, unit, unit == "bytes/symbol" || read_off ? "" : where);
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

  std::vector<std::string> columns() const {
    std::vector<std::string> list;
    for (const auto& place : first)
      if (places.contains(place)) list.push_back(place);
    for (const auto& place : places)
      if (std::find(first.begin(), first.end(), place) == first.end()) list.push_back(place);
    return list;
  }

  void print() const {
    std::string head = fmt::format("{:<24}{:<{}}{:<14}{:<11}", "kernel", "operation",
                                   operation_width, "unit", "run by");
    for (const auto& place : columns()) head += fmt::format("{:>{}}", place, column_width);
    fmt::print("{}\n{}\n", head, std::string(head.size(), '-'));
    for (const auto& key : order) {
      fmt::print("{}", key);
      for (const auto& place : columns()) {
        auto cell = rows.at(key).cells.find(place);
        fmt::print("{:>{}}", cell == rows.at(key).cells.end() ? "" : cell->second, column_width);
      }
      fmt::print("\n");
    }
    if (!peers.empty()) fmt::print("* a peer: {}. ", fmt::join(peers, ", "));
    fmt::print("Medians. Machine: {}; commit {}\n", fmt::join(machines, ", "),
               fmt::join(commits, ", "));
  }
};

}  // namespace

int main(int argc, char** argv) {
  std::string_view which = argc > 1 ? argv[1] : "";
  Table figures{40, 10, {}};
  Table debate{42, 13, {"stock", "bind", "user", "kernel", "modprobe*"}};
  std::size_t line_number = 0;
  for (std::string line; std::getline(std::cin, line);) {
    ++line_number;
    try {
      auto result = json::parse(line);
      (result.at("service") == "loader" ? debate : figures).add(result);
    } catch (const json::exception& error) {
      fmt::print(stderr, "bench-report: line {}: not a result: {}\n", line_number, error.what());
      return 2;
    }
  }
  bool both = which.empty() && !figures.rows.empty() && !debate.rows.empty();
  if (which != "debate" && !figures.rows.empty()) figures.print();
  if (both) fmt::print("\nThe debate: where a module's load is best done\n");
  if (which != "figures" && !debate.rows.empty()) debate.print();
  return 0;
}
