#include "user/plot/svg.hh"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

namespace ringside::plot {
namespace {

constexpr double kWidth = 300, kHeight = 240;  // of what a panel's axes enclose
constexpr double kLeft = 62, kTop = 34, kBottom = 44, kRight = 24, kHead = 34, kLegendLine = 18;

// Told apart on white and on black, by most who see few colours too; the dash helps the others.
constexpr const char* kColours[] = {"#1f83c6", "#d55e00", "#009e73", "#cc79a7",
                                    "#b58900", "#56a0d3", "#8b6bb1", "#7f7f7f"};
constexpr const char* kDashes[] = {"", "6 3", "2 2"};

constexpr const char* kStyle =
    "<style>svg{background:#fff;color:#222;font:12px system-ui,sans-serif}"
    "text{fill:currentColor}.grid{stroke:currentColor;stroke-opacity:.15}"
    ".axis{stroke:currentColor;fill:none}.line{fill:none;stroke-width:1.8}"
    "@media(prefers-color-scheme:dark){svg{background:#181818;color:#ddd}}</style>\n";

std::string escaped(const std::string& text) {
  std::string out;
  for (char letter : text) {
    if (letter == '&')
      out += "&amp;";
    else if (letter == '<')
      out += "&lt;";
    else if (letter == '>')
      out += "&gt;";
    else if (letter == '"')
      out += "&quot;";
    else
      out += letter;
  }
  return out;
}

// Powers of ten between which all values of a coordinate are.
struct Extent {
  double from = 0, to = 1;
  double share(double value) const { return (std::log10(value) - from) / (to - from); }
  int first_whole() const { return static_cast<int>(std::ceil(from)); }
  int last_whole() const { return static_cast<int>(std::floor(to)); }
};

constexpr double kMargin = 0.1;
template <class Coordinate>
Extent extent_of(const Figure& figure, Coordinate coordinate) {
  double least = HUGE_VAL, most = 0;
  for (const auto& panel : figure.panels)
    for (const auto& series : panel.series)
      for (const auto& point : series.points) {
        least = std::min(least, coordinate(point)), most = std::max(most, coordinate(point));
      }
  if (most <= 0 || least <= 0) return {};
  Extent extent{std::log10(least) - kMargin, std::log10(most) + kMargin};
  if (extent.first_whole() < extent.last_whole()) return extent;
  extent = {std::floor(extent.from), std::ceil(extent.to)};  // two lines of a grid, at least
  return extent;
}

std::string power_text(int power) {
  constexpr const char* kSuffixes[] = {"", "k", "M", "G", "T"};
  if (power < 0 || power > 14) return fmt::format("1e{}", power);
  return fmt::format("{}{}", power % 3 == 0 ? 1 : power % 3 == 1 ? 10 : 100, kSuffixes[power / 3]);
}

class Drawing {
 public:
  explicit Drawing(const Figure& figure)
      : figure_(figure),
        x_(extent_of(figure, [](auto point) { return point.first; })),
        y_(extent_of(figure, [](auto point) { return point.second; })) {
    for (const auto& panel : figure.panels)
      for (const auto& series : panel.series) remember(series.name);
  }

  std::string text() {
    for (std::size_t each = 0; each < figure_.panels.size(); ++each) draw_panel(each);
    double bottom = kHead + static_cast<double>(rows()) * cell_height();
    draw_legend(bottom);
    double width = static_cast<double>(columns()) * cell_width();
    double height =
        bottom + kLegendLine * static_cast<double>((names_.size() + in_a_row() - 1) / in_a_row()) +
        12;
    return fmt::format(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {:.0f} {:.0f}\" role=\"img\" "
        "aria-label=\"{}\">\n{}<text x=\"{:.0f}\" y=\"22\" text-anchor=\"middle\" "
        "font-size=\"16\">{}</text>\n{}</svg>\n",
        width, height, escaped(figure_.title), kStyle, width / 2, escaped(figure_.title), out_);
  }

 private:
  std::size_t columns() const { return std::max<std::size_t>(figure_.columns, 1); }
  std::size_t rows() const { return (figure_.panels.size() + columns() - 1) / columns(); }
  std::size_t in_a_row() const { return std::min<std::size_t>(3 * columns(), 6); }  // of the legend
  static double cell_width() { return kLeft + kWidth + kRight; }
  static double cell_height() { return kTop + kHeight + kBottom; }

  void remember(const std::string& name) {
    if (std::find(names_.begin(), names_.end(), name) == names_.end()) names_.push_back(name);
  }
  std::string stroke(const std::string& name) const {
    auto at =
        static_cast<std::size_t>(std::find(names_.begin(), names_.end(), name) - names_.begin());
    return fmt::format("stroke=\"{}\" stroke-dasharray=\"{}\"", kColours[at % std::size(kColours)],
                       kDashes[at / std::size(kColours) % std::size(kDashes)]);
  }
  void put_text(double x, double y, const char* anchor, const std::string& text) {
    out_ += fmt::format("<text x=\"{:.1f}\" y=\"{:.1f}\" text-anchor=\"{}\">{}</text>\n", x, y,
                        anchor, escaped(text));
  }

  void draw_panel(std::size_t number) {
    left_ = static_cast<double>(number % columns()) * cell_width() + kLeft;
    top_ = kHead + static_cast<double>(number / columns()) * cell_height() + kTop;
    draw_grid();
    const auto& panel = figure_.panels[number];
    put_text(left_ + kWidth / 2, top_ - 10, "middle", panel.title);
    put_text(left_ + kWidth / 2, top_ + kHeight + 34, "middle", figure_.x_label);
    out_ += fmt::format(
        "<text transform=\"translate({:.1f} {:.1f}) rotate(-90)\" text-anchor=\"middle\">{}"
        "</text>\n",
        left_ - 46, top_ + kHeight / 2, escaped(figure_.y_label));
    for (const auto& series : panel.series) draw_series(series);
  }
  void draw_grid() {
    for (int power = x_.first_whole(); power <= x_.last_whole(); ++power) {
      double x = left_ + kWidth * x_.share(std::pow(10, power));
      out_ += fmt::format("<path class=\"grid\" d=\"M{:.1f} {:.1f}v{:.0f}\"/>\n", x, top_, kHeight);
      put_text(x, top_ + kHeight + 16, "middle", power_text(power));
    }
    for (int power = y_.first_whole(); power <= y_.last_whole(); ++power) {
      double y = top_ + kHeight * (1 - y_.share(std::pow(10, power)));
      out_ += fmt::format("<path class=\"grid\" d=\"M{:.1f} {:.1f}h{:.0f}\"/>\n", left_, y, kWidth);
      put_text(left_ - 6, y + 4, "end", power_text(power));
    }
  }
  void draw_series(const Series& series) {
    std::string path;
    for (const auto& [x, y] : series.points)
      if (x > 0 && y > 0)
        path += fmt::format("{}{:.1f} {:.1f}", path.empty() ? 'M' : 'L',
                            left_ + kWidth * x_.share(x), top_ + kHeight * (1 - y_.share(y)));
    if (!path.empty())
      out_ += fmt::format("<path class=\"line\" {} d=\"{}\"><title>{}</title></path>\n",
                          stroke(series.name), path, escaped(series.name));
  }
  // As many names a line as there is room for.
  void draw_legend(double top) {
    double step = static_cast<double>(columns()) * cell_width() / static_cast<double>(in_a_row());
    for (std::size_t each = 0; each < names_.size(); ++each) {
      double x = 12 + static_cast<double>(each % in_a_row()) * step;
      double y = top + 10 + kLegendLine * static_cast<double>(each / in_a_row());
      out_ += fmt::format("<path class=\"line\" {} d=\"M{:.1f} {:.1f}h28\"/>\n",
                          stroke(names_[each]), x, y - 4);
      put_text(x + 34, y, "start", names_[each]);
    }
  }

  const Figure& figure_;
  Extent x_, y_;
  std::vector<std::string> names_;
  std::string out_;
  double left_ = 0, top_ = 0;
};

}  // namespace

std::string to_svg(const Figure& figure) {
  return Drawing(figure).text();
}

}  // namespace ringside::plot
