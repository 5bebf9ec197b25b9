// user/plot: SVG that an XML parser takes, whatever the names and values.
#include <gtest/gtest.h>

#include <cmath>
#include <regex>

#include "user/plot/svg.hh"

namespace ringside::plot {
namespace {

// The names of elements that are open at the end; "?" where the text is not well-formed. Enough of
// XML for what we write: elements, attributes in double quotes, text and the five entities.
std::string parse(const std::string& text) {
  static const std::regex kTag(R"re(<(/?)([a-zA-Z]+)((?:\s[a-zA-Z:_-]+="[^"<]*")*)\s*(/?)>)re"),
      kEntity(R"re(&(?:amp|lt|gt|quot|apos);)re");
  auto bare = std::regex_replace(text, kEntity, "_");
  if (bare.find('&') != std::string::npos) return "?";
  std::vector<std::string> open;
  auto at = bare.cbegin();
  for (std::smatch tag; std::regex_search(at, bare.cend(), tag, kTag); at = tag[0].second) {
    if (tag.prefix().str().find_first_of("<>") != std::string::npos) return "?";
    if (tag[1].length() == 0 && tag[4].length() == 0) open.push_back(tag[2]);
    if (tag[1].length() == 0) continue;
    if (open.empty() || open.back() != tag[2]) return "?";
    open.pop_back();
  }
  std::string rest(at, bare.cend());
  if (rest.find_first_not_of('\n') != std::string::npos) return "?";
  return open.empty() ? "" : open.back();
}

std::size_t count(const std::string& text, const std::string& what) {
  std::size_t found = 0;
  for (auto at = text.find(what); at != std::string::npos; at = text.find(what, at + 1)) ++found;
  return found;
}

Figure figure_of(std::vector<std::pair<double, double>> points) {
  return {"A title", "bytes", "costs", {{"panel", {{"ring", std::move(points)}}}}, 1};
}

// The coordinates of the first line.
std::vector<std::pair<double, double>> drawn(const std::string& svg) {
  static const std::regex kLine(R"re(class="line"[^>]* d="M([^"h]*)")re"),
      kPoint(R"re(([0-9.-]+) ([0-9.-]+))re");
  std::smatch line;
  std::vector<std::pair<double, double>> points;
  if (!std::regex_search(svg, line, kLine)) return points;
  auto path = line[1].str();
  for (std::sregex_iterator each(path.begin(), path.end(), kPoint), end; each != end; ++each)
    points.emplace_back(std::stod((*each)[1]), std::stod((*each)[2]));
  return points;
}

TEST(Plot, TheTestsParserKnowsWhatIsBroken) {
  EXPECT_EQ(parse("<a><b c=\"d\"/>text &amp; text</a>\n"), "");
  for (const char* broken : {"<a>&</a>", "<a><b></a></b>", "<a b=\"c\"d\"/>", "<a>1 < 2</a>"})
    EXPECT_EQ(parse(broken), "?") << broken;
  EXPECT_EQ(parse("<a>"), "a");
}

TEST(Plot, IsWellFormedXml) {
  auto svg = to_svg(figure_of({{8, 100}, {64, 200}, {1024, 900}}));
  EXPECT_EQ(parse(svg), "") << svg;
  EXPECT_EQ(svg.find("<svg xmlns=\"http://www.w3.org/2000/svg\""), 0u);
  EXPECT_EQ(count(svg, "http"), 1u) << "it loads nothing";
}

TEST(Plot, NamesAreEscaped) {
  Figure figure{"<script>\"a\" & b", "x < y", "z > \"w\"", {{"a&b", {{"<ring>", {{1, 1}}}}}}, 1};
  auto svg = to_svg(figure);
  EXPECT_EQ(parse(svg), "") << svg;
  EXPECT_EQ(svg.find("<script"), std::string::npos);
  EXPECT_NE(svg.find("&lt;script&gt;&quot;a&quot; &amp; b"), std::string::npos);
  EXPECT_NE(svg.find("&lt;ring&gt;"), std::string::npos);
}

TEST(Plot, FiguresWithoutAnythingAreFigures) {
  EXPECT_EQ(parse(to_svg({})), "");
  EXPECT_EQ(parse(to_svg({"t", "x", "y", {{"empty", {}}}, 0})), "");
  auto svg = to_svg(figure_of({}));
  EXPECT_EQ(parse(svg), "");
  EXPECT_EQ(svg.find("nan"), std::string::npos);
  EXPECT_EQ(svg.find("inf"), std::string::npos);
}

TEST(Plot, ValuesThatHaveNoLogarithmAreLeftOut) {
  auto svg = to_svg(figure_of({{0, 5}, {8, 0}, {-1, 7}, {10, 10}, {100, 1000}}));
  EXPECT_EQ(parse(svg), "");
  EXPECT_EQ(svg.find("nan"), std::string::npos);
  EXPECT_EQ(svg.find("inf"), std::string::npos);
  EXPECT_EQ(drawn(svg).size(), 2u);
}

TEST(Plot, BothScalesAreLogarithmic) {
  auto points = drawn(to_svg(figure_of({{1, 10}, {10, 100}, {100, 1000}, {1000, 10'000}})));
  ASSERT_EQ(points.size(), 4u);
  for (std::size_t each = 2; each < points.size(); ++each) {
    EXPECT_NEAR(points[each].first - points[each - 1].first, points[1].first - points[0].first, .2);
    EXPECT_NEAR(points[each].second - points[each - 1].second, points[1].second - points[0].second,
                .2);
  }
  EXPECT_GT(points[1].first, points[0].first) << "to the right";
  EXPECT_LT(points[1].second, points[0].second) << "up";
}

TEST(Plot, TheAxesEncloseWhatIsDrawn) {
  auto svg = to_svg(figure_of({{8, 61}, {1 << 20, 1'435'430}}));
  EXPECT_EQ(svg.find(">1</text>"), std::string::npos) << "nothing is there";
  EXPECT_NE(svg.find(">10</text>"), std::string::npos);
  EXPECT_NE(svg.find(">1M</text>"), std::string::npos);
  EXPECT_EQ(svg.find(">10M</text>"), std::string::npos);
  auto narrow = to_svg(figure_of({{20, 20}, {50, 50}}));
  for (const char* line : {">10</text>", ">100</text>"})
    EXPECT_EQ(count(narrow, line), 2u) << "on both axes";
}

TEST(Plot, OneValueHasAnAxisToo) {
  auto svg = to_svg(figure_of({{10, 10}}));
  EXPECT_EQ(svg.find("nan"), std::string::npos);
  EXPECT_EQ(drawn(svg).size(), 1u);
}

TEST(Plot, ANameHasOneStrokeInAllPanelsAndOnePlaceInTheLegend) {
  Series ring{"ring", {{1, 1}, {10, 20}}}, ioctl{"ioctl", {{1, 2}, {10, 30}}};
  auto svg = to_svg({"t", "x", "y", {{"a", {ring, ioctl}}, {"b", {ioctl}}}, 2});
  EXPECT_EQ(parse(svg), "");
  EXPECT_EQ(count(svg, ">ring</text>"), 1u);
  EXPECT_EQ(count(svg, ">ioctl</text>"), 1u);
  static const std::regex kStroke(R"re(stroke="(#[0-9a-f]+)"[^>]*><title>ioctl)re");
  std::vector<std::string> strokes;
  for (std::sregex_iterator each(svg.begin(), svg.end(), kStroke), end; each != end; ++each)
    strokes.push_back((*each)[1]);
  ASSERT_EQ(strokes.size(), 2u);
  EXPECT_EQ(strokes[0], strokes[1]);
}

TEST(Plot, ManyNamesAreStillTold) {
  Figure figure{"t", "x", "y", {{"a", {}}}, 1};
  for (int each = 0; each < 20; ++each)
    figure.panels[0].series.push_back({"series" + std::to_string(each), {{1, each + 1.0}}});
  auto svg = to_svg(figure);
  EXPECT_EQ(parse(svg), "");
  static const std::regex kStroke(
      R"re((stroke="#[0-9a-f]+" stroke-dasharray="[^"]*")[^>]*><title)re");
  std::vector<std::string> strokes;
  for (std::sregex_iterator each(svg.begin(), svg.end(), kStroke), end; each != end; ++each)
    strokes.push_back((*each)[1]);
  std::sort(strokes.begin(), strokes.end());
  EXPECT_EQ(std::unique(strokes.begin(), strokes.end()) - strokes.begin(), 20);
}

}  // namespace
}  // namespace ringside::plot
