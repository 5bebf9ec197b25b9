// The line itself is kept, byte for byte, and its closing brace replaced: no member is lost or
// written in another way.
#include "user/oops/filter.hh"

#include <nlohmann/json.hpp>

#include "user/oops/print.hh"
#include "user/oops/stream.hh"

namespace ringside::oops {
namespace {

Outcome<std::vector<std::string>> reports_in(std::string text, Decoder& decoder) {
  std::vector<std::string> reports;
  auto take = [&](const Found& found) {
    auto json = print_json(found, decoder.decode(found.report()));
    json.pop_back();  // its newline
    reports.push_back(std::move(json));
  };
  auto stream = TRY(Stream::open({[](auto, const auto&) {}, take}));
  auto block = std::make_shared<const std::string>(std::move(text));
  stream.take(*block, block);
  stream.finish();
  return reports;
}

}  // namespace

Outcome<Filtered> filter(std::string_view line, Decoder& decoder) {
  line = line.substr(0, line.find_last_not_of(" \t\r\n") + 1);
  auto object = nlohmann::json::parse(line, nullptr, false);
  if (!object.is_object()) return Filtered{};
  auto text = object.find("text");
  Filtered result{std::string(line), 0};
  if (text != object.end() && text->is_string() && !object.contains("reports")) {
    auto reports = TRY(reports_in(text->get<std::string>(), decoder));
    result.line.pop_back();
    result.line += ",\"reports\":[";
    for (const auto& report : reports) result.line += (result.reports++ ? "," : "") + report;
    result.line += "]}";
  }
  result.line += '\n';
  return result;
}

}  // namespace ringside::oops
