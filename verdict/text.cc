// For a terminal: a head, a line a point, its figures in a table, its reasons, then what follows.
#include <fmt/format.h>

#include <map>

#include "verdict/verdict.hh"

namespace ringside::verdict {
namespace {

const char* place_of(Side side) {
  constexpr const char* kPlaces[] = {"user space", "the kernel", "either side", "open"};
  return kPlaces[static_cast<int>(side)];
}

// A figure of each side in one line; they come in that order.
struct Line {
  std::string what, unit;
  std::map<std::string, const Figure*> sides;
};

std::vector<Line> lines_of(const Point& point) {
  std::vector<Line> lines;
  for (const auto& figure : point.figures) {
    bool same = !lines.empty() && lines.back().what == figure.what &&
                !lines.back().sides.contains(figure.side);
    if (!same) lines.push_back({figure.what, figure.unit, {}});
    lines.back().sides[figure.side] = &figure;
  }
  return lines;
}

std::string cell(const Line& line, const char* side) {
  auto found = line.sides.find(side);
  if (found == line.sides.end()) return "";
  auto text = number_text(found->second->value);
  if (found->second->spread >= 0.005) text += fmt::format(" ±{:.0f}%", found->second->spread * 100);
  return text;
}

std::string table_of(const Point& point) {
  auto lines = lines_of(point);
  if (lines.empty()) return "";
  auto text = fmt::format("    {:<44}{:<17}{:>15}{:>15}{:>15}\n", "", "unit", "user", "kernel",
                          point.name == "simplicity" ? "core" : "stock");
  for (const auto& line : lines) {
    auto last = cell(line, "stock") + cell(line, "core");
    auto row = fmt::format("    {:<44}{:<17}{:>15}{:>15}{:>15}", line.what, line.unit,
                           cell(line, "user"), cell(line, "kernel"), last);
    text += row.substr(0, row.find_last_not_of(' ') + 1) + '\n';
  }
  return text;
}

std::string list_of(const std::string& head, const std::vector<std::string>& lines) {
  if (lines.empty()) return "";
  std::string text = head + '\n';
  for (const auto& line : lines) text += "    " + line + '\n';
  return text;
}

}  // namespace

std::string to_text(const Verdict& verdict) {
  auto text = fmt::format("{} ({}), kernel {}\n", verdict.service, verdict.title, verdict.kernel);
  for (std::size_t each = 0; each < verdict.points.size(); ++each) {
    const auto& point = verdict.points[each];
    text += fmt::format("  {}. {}: {}\n{}", each + 1, point.name, place_of(point.side),
                        table_of(point));
    for (const auto& reason : point.reasons) text += "    " + reason + '\n';
    for (const auto& missing : point.missing) text += "    missing: " + missing + '\n';
  }
  text += fmt::format("  Recommendation: {}{}\n", place_of(verdict.recommendation),
                      verdict.provisional ? ", provisional: results are missing" : "");
  for (const auto& reason : verdict.reasons) text += "    " + reason + '\n';
  return text + list_of("  What would change it", verdict.changes);
}

}  // namespace ringside::verdict
