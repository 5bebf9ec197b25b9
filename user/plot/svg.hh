// Plots as SVG: panels of lines over two logarithmic axes with one legend, in one file that loads
// nothing, light or dark as its reader prefers.
#pragma once

#include <string>
#include <utility>
#include <vector>

namespace ringside::plot {

struct Series {
  std::string name;
  std::vector<std::pair<double, double>> points;  // x and y above 0; others are left out
};

struct Panel {
  std::string title;
  std::vector<Series> series;
};

// All panels share the axes' extents, so that they can be compared. A name has one colour in all.
struct Figure {
  std::string title, x_label, y_label;
  std::vector<Panel> panels;
  std::size_t columns = 1;  // panels in a row
};

std::string to_svg(const Figure& figure);

}  // namespace ringside::plot
