#include "verdict/rows.hh"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <fstream>
#include <iterator>

#include "user/bench/results.hh"

namespace ringside::verdict {
namespace {

namespace fs = std::filesystem;
using nlohmann::json;

// What is wrong with a line, without where it is.
struct Malformed {
  std::string what;
};

const json& member(const json& line, const char* name) {
  auto found = line.find(name);
  if (found == line.end()) throw Malformed{fmt::format("no member \"{}\"", name)};
  return *found;
}

std::string text_member(const json& line, const char* name) {
  const auto& value = member(line, name);
  if (value.is_string() && !value.get_ref<const std::string&>().empty()) return value;
  throw Malformed{fmt::format("\"{}\": expected a text, found {}", name, value.dump())};
}

double number_member(const json& line, const char* name) {
  const auto& value = member(line, name);
  if (value.is_number()) return value;
  throw Malformed{fmt::format("\"{}\": expected a number, found {}", name, value.dump())};
}

std::vector<double> samples_of(const json& line) {
  const auto& value = member(line, "samples");
  bool numbers =
      value.is_array() && !value.empty() &&
      std::all_of(value.begin(), value.end(), [](const json& each) { return each.is_number(); });
  if (numbers) return value;
  throw Malformed{fmt::format("\"samples\": expected numbers, at least one, found {}",
                              value.dump().substr(0, 40))};
}

// Of an even number of samples it is the upper one; what a program rounded may differ a little.
void check_median(const Row& row, const std::vector<double>& samples) {
  double expected = bench::median(samples);
  if (std::abs(row.median - expected) <= 1e-6 * std::abs(expected)) return;
  throw Malformed{
      fmt::format("\"median\": expected {}, the samples' middle, found {}", expected, row.median)};
}

json parameters_of(const json& line) {
  const auto& value = member(line, "parameters");
  if (value.is_null()) return json::object();  // what benches wrote before they were held to it
  if (value.is_object()) return value;
  throw Malformed{fmt::format("\"parameters\": expected an object, found {}", value.dump())};
}

void check_schema(const json& line) {
  if (!line.is_object()) throw Malformed{"expected an object"};
  const auto& schema = member(line, "schema");
  if (schema == bench::kSchema) return;
  throw Malformed{fmt::format("\"schema\": expected {}, found {}", bench::kSchema, schema.dump())};
}

Row row_of(const json& line) {
  check_schema(line);
  Row row;
  for (auto [name, field] : {std::pair{"service", &row.service},
                             {"placement", &row.placement},
                             {"operation", &row.operation},
                             {"kernel", &row.kernel},
                             {"machine", &row.machine},
                             {"accelerator", &row.accelerator},
                             {"metric", &row.metric},
                             {"unit", &row.unit},
                             {"command", &row.command},
                             {"commit", &row.commit}})
    *field = text_member(line, name);
  row.parameters = parameters_of(line);
  row.median = number_member(line, "median");
  number_member(line, "spread");  // from the smallest to the largest: too much for a judgement
  auto samples = samples_of(line);
  check_median(row, samples);
  std::sort(samples.begin(), samples.end());
  row.low = samples[samples.size() / 4];
  row.high = samples[(samples.size() - 1) - samples.size() / 4];
  if (const auto& peer = member(line, "peer"); !peer.is_null())
    row.peer = text_member(line, "peer");
  return row;
}

Failure malformed(const std::string& path, std::size_t line, const std::string& what) {
  return Failure{
      fmt::format("{}: line {}: {}; expected a result (docs/results.md): measure it "
                  "again, or take the line out",
                  path, line, what)};
}

Outcome<std::vector<Row>> read_file(const fs::path& path) {
  std::ifstream file(path);
  if (!file) return system_failure("open", path);
  std::string text(std::istreambuf_iterator<char>(file), {});
  return parse_rows(text, path);
}

Outcome<std::vector<fs::path>> files_of(const fs::path& folder) {
  std::vector<fs::path> files;
  std::error_code error;
  for (const auto& entry : fs::directory_iterator(folder, error))
    if (entry.path().extension() == ".jsonl") files.push_back(entry.path());
  std::sort(files.begin(), files.end());
  if (files.empty())
    return Failure{
        fmt::format("{}: no results (.jsonl) in this folder; make verdict, or make "
                    "bench, writes some",
                    folder.string())};
  return files;
}

}  // namespace

const json& Row::parameter(const char* name) const {
  static const json kNone;
  auto found = parameters.find(name);
  return found == parameters.end() ? kNone : *found;
}

Outcome<std::vector<Row>> parse_rows(std::string_view text, const std::string& path) {
  std::vector<Row> rows;
  for (std::size_t at = 0, number = 1; at < text.size(); ++number) {
    auto end = std::min(text.find('\n', at), text.size());
    try {
      rows.push_back(row_of(json::parse(text.substr(at, end - at))));
    } catch (const Malformed& fault) {
      return malformed(path, number, fault.what);
    } catch (const json::exception&) {
      return malformed(path, number, "not JSON, or cut off");
    }
    at = end + 1;
  }
  if (rows.empty()) return Failure{fmt::format("{}: no results in it", path)};
  return rows;
}

Outcome<std::vector<Row>> read_rows(const std::string& path) {
  std::error_code error;
  if (!fs::is_directory(path, error)) return read_file(path);
  std::vector<Row> rows;
  for (const auto& file : TRY(files_of(path))) {
    auto more = TRY(read_file(file));
    std::move(more.begin(), more.end(), std::back_inserter(rows));
  }
  return rows;
}

}  // namespace ringside::verdict
