#include "verdict/page_tables.hh"

#include <fmt/format.h>

#include <map>
#include <tuple>

namespace ringside::verdict {
namespace {

constexpr const char* kSides[] = {"user", "kernel", "stock", "core"};

// Figures of one measurement: what they share is said once.
using Source = std::tuple<std::string, std::string, std::string, std::string>;
struct Line {
  std::string what, unit;
  std::map<std::string, const Figure*> sides;
};

std::map<Source, std::vector<Line>> by_source(const Point& point) {
  std::map<Source, std::vector<Line>> sources;
  for (const auto& figure : point.figures) {
    auto& lines = sources[{figure.kernel, figure.machine, figure.accelerator, figure.command}];
    bool same = !lines.empty() && lines.back().what == figure.what &&
                lines.back().unit == figure.unit && !lines.back().sides.contains(figure.side);
    if (!same) lines.push_back({figure.what, figure.unit, {}});
    lines.back().sides[figure.side] = &figure;
  }
  return sources;
}

std::string cell(const Line& line, const char* side) {
  auto found = line.sides.find(side);
  if (found == line.sides.end()) return "<td class=\"number\"></td>";
  const auto& figure = *found->second;
  auto spread = figure.spread < 0.0005
                    ? ""
                    : fmt::format(" <span class=\"spread\">±{:.2g} %</span>", figure.spread * 100);
  auto peer = figure.peer.empty()
                  ? ""
                  : fmt::format(" <span class=\"spread\">{}</span>", escaped(figure.peer));
  return fmt::format("<td class=\"number\">{}{}{}</td>", number_text(figure.value), spread, peer);
}

std::string source_html(const Source& source) {
  const auto& [kernel, machine, accelerator, command] = source;
  return fmt::format(
      "<tr class=\"source\"><th colspan=\"6\" scope=\"rowgroup\">kernel {}, machine {}, run by {}: "
      "<code>{}</code></th></tr>\n",
      escaped(kernel), escaped(machine), escaped(accelerator), escaped(command));
}

std::string table_html(const Verdict& verdict, const Point& point) {
  if (point.figures.empty()) return "";
  auto text = fmt::format(
      "<div class=\"scroll\" tabindex=\"0\" role=\"region\" aria-label=\"Figures of {0}, {1}, "
      "{2}\">"
      "<table><caption>{1}</caption>\n<thead><tr><th scope=\"col\">what</th><th scope=\"col\">unit"
      "</th>",
      escaped(verdict.service), escaped(point.name), escaped(verdict.kernel));
  for (const auto* side : kSides)
    text += fmt::format("<th scope=\"col\" class=\"number\">{}</th>", side);
  text += "</tr></thead>\n<tbody>\n";
  for (const auto& [source, lines] : by_source(point)) {
    text += source_html(source);
    for (const auto& line : lines) {
      text += fmt::format("<tr><th scope=\"row\">{}</th><td>{}</td>", escaped(line.what),
                          escaped(line.unit));
      for (const auto* side : kSides) text += cell(line, side);
      text += "</tr>\n";
    }
  }
  return text + "</tbody></table></div>\n";
}

const char* side_of(Change change) {
  constexpr const char* kClasses[] = {"user", "even", "kernel", "kernel", "kernel"};
  return kClasses[static_cast<int>(change)];
}

// What kernels say of a symbol; a prototype only where it differs, and then in each.
std::string symbol_html(const std::string& name, const std::vector<Symbol>& across) {
  auto change = change_of(across);
  auto text = fmt::format(
      "<tr><th scope=\"row\"><code>{}</code></th><td><span class=\"chip {}\">{}"
      "</span></td>",
      escaped(name), side_of(change), to_text(change));
  for (const auto& symbol : across) {
    auto exported = symbol.exported == "yes" ? "" : " " + symbol.exported;
    auto prototype = change == Change::kPrototype
                         ? fmt::format("<br><code>{}</code>", escaped(symbol.prototype))
                         : "";
    text += fmt::format("<td><code>{}</code>{}{}</td>", escaped(symbol.crc), exported, prototype);
  }
  return text + "</tr>\n";
}

std::string symbols_html(const Matrix& matrix, bool changed) {
  std::string text;
  for (const auto& [name, across] : matrix.symbols)
    if ((change_of(across) != Change::kSame) == changed) text += symbol_html(name, across);
  return text;
}

const Matrix* matrix_of(const Verdict& verdict) {
  for (const auto& point : verdict.points)
    if (!point.matrix.kernels.empty()) return &point.matrix;
  return nullptr;
}

}  // namespace

std::string escaped(const std::string& text) {
  std::string out;
  for (char letter : text) switch (letter) {
      case '&':
        out += "&amp;";
        break;
      case '<':
        out += "&lt;";
        break;
      case '>':
        out += "&gt;";
        break;
      case '"':
        out += "&quot;";
        break;
      default:
        out += letter;
    }
  return out;
}

std::string place_text(Side side) {
  constexpr const char* kPlaces[] = {"user space", "the kernel", "either side", "open"};
  return kPlaces[static_cast<int>(side)];
}

std::string chip(Side side) {
  return fmt::format("<span class=\"chip {}\">{}</span>", to_text(side), place_text(side));
}

std::string figures_html(const Verdict& verdict) {
  auto text = fmt::format("<details><summary>All figures of {}, kernel {}</summary><div>\n",
                          escaped(verdict.service), escaped(verdict.kernel));
  for (const auto& point : verdict.points) text += table_html(verdict, point);
  return text + "</div></details>\n";
}

std::string matrix_html(const Verdict& verdict) {
  const auto* matrix = matrix_of(verdict);
  if (!matrix) return "";
  auto name = escaped(verdict.service);
  auto text = fmt::format(
      "<details><summary>Stability matrix of {0}: {1} imported symbols over {2}</summary><div "
      "class=\"scroll\" tabindex=\"0\" role=\"region\" aria-label=\"Stability matrix of "
      "{0}\"><table>"
      "<caption>CRC of each symbol that the kernel glue imports, by kernel; what changed comes "
      "first</caption>\n<thead><tr><th scope=\"col\">symbol</th><th scope=\"col\">change</th>",
      name, matrix->symbols.size(), count_text(matrix->kernels.size(), "kernel"));
  for (const auto& kernel : matrix->kernels)
    text += fmt::format("<th scope=\"col\">{}</th>", escaped(kernel));
  return text + "</tr></thead>\n<tbody>\n" + symbols_html(*matrix, true) +
         symbols_html(*matrix, false) + "</tbody></table></div></details>\n";
}

}  // namespace ringside::verdict
