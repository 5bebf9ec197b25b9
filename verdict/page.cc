// The report: one page that loads nothing. A table of all verdicts; then a section a service, with
// a card a kernel, plots of cost against size, what is missing, all figures with how to repeat
// them, and the matrix of symbols.
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

#include "user/plot/svg.hh"
#include "verdict/page_style.hh"
#include "verdict/page_tables.hh"
#include "verdict/verdict.hh"

namespace ringside::verdict {
namespace {

std::string list_html(const std::vector<std::string>& items) {
  std::string text = "<ul>\n";
  for (const auto& item : items) text += fmt::format("<li>{}</li>\n", escaped(item));
  return text + "</ul>\n";
}

std::string heading_html(const std::vector<Verdict>& verdicts) {
  std::string text =
      "<th scope=\"col\">service</th><th scope=\"col\">kernel</th>"
      "<th scope=\"col\">belongs in</th>";
  for (const auto& point : verdicts[0].points)
    text += fmt::format("<th scope=\"col\">{}</th>", escaped(point.name));
  return text;
}

std::string summary_row(const Verdict& verdict) {
  auto text = fmt::format(
      "<tr><th scope=\"row\"><a href=\"#{0}\">{0}</a></th><td><code>{1}</code>"
      "</td><td>{2}{3}</td>",
      escaped(verdict.service), escaped(verdict.kernel), chip(verdict.recommendation),
      verdict.provisional ? " *" : "");
  for (const auto& point : verdict.points) text += fmt::format("<td>{}</td>", chip(point.side));
  return text + "</tr>\n";
}

std::string summary_html(const std::vector<Verdict>& verdicts) {
  auto text =
      "<div class=\"scroll\" tabindex=\"0\" role=\"region\" aria-label=\"All verdicts\">"
      "<table><caption>For which side each point speaks; * some results are missing"
      "</caption>\n<thead><tr>" +
      heading_html(verdicts) + "</tr></thead>\n<tbody>\n";
  for (const auto& verdict : verdicts) text += summary_row(verdict);
  return text + "</tbody></table></div>\n";
}

std::string thresholds_html(const Thresholds& limits) {
  return "<details><summary>By which thresholds</summary><div>" +
         list_html(
             {fmt::format(
                  "performance: user space may cost {} times the kernel's, or {} % of a CPU "
                  "of {} instructions a second at the rate counted on",
                  limits.cost_ratio, limits.cpu_share * 100,
                  number_text(limits.instructions_per_second)),
              fmt::format("simplicity: user glue with up to {} times the kernel glue's branches "
                          "counts as no harder",
                          limits.branch_ratio),
              fmt::format("interface stability: {} % of the imported symbols may change their "
                          "prototype, none may be unexported",
                          limits.changed_share * 100),
              fmt::format("delivery: {} files more in user space, if it is needed before the root "
                          "file system",
                          limits.files_more),
              fmt::format("blast radius: contained is what leaves the guest and all others alive, "
                          "and is back within {} s",
                          limits.back_seconds)}) +
         "<p class=\"note\">Performance and delivery decide alone where they speak for the kernel; "
         "else the side with more points has the service.</p></div></details>\n";
}

std::string card_html(const Verdict& verdict) {
  auto text = fmt::format(
      "<div class=\"card\">\n<h3><code>{}</code>{}</h3>\n<p class=\"why\">{}</p>\n<dl>\n",
      escaped(verdict.kernel), chip(verdict.recommendation),
      escaped(fmt::format("{}", fmt::join(verdict.reasons, "; "))));
  for (const auto& point : verdict.points) {
    text += fmt::format("<dt>{}{}</dt>\n", escaped(point.name), chip(point.side));
    auto shown = std::min<std::size_t>(point.reasons.size(), point.name == "blast radius" ? 1 : 4);
    for (std::size_t each = 0; each < shown; ++each)
      text += fmt::format("<dd>{}</dd>\n", escaped(point.reasons[each]));
    if (point.side == Side::kOpen) text += "<dd>not measured</dd>\n";
  }
  return text + "</dl>\n</div>\n";
}

// A plot of its own each, so that a phone shows them below each other.
std::string plot_html(const Curve& curve) {
  plot::Panel panel{"", {}};  // the figure has a title
  for (const auto& [side, points] : curve.lines) panel.series.push_back({side, points});
  auto title = fmt::format("{}, {}", curve.what, curve.kernel);
  return fmt::format("<figure>{}<figcaption><code>{}</code></figcaption></figure>\n",
                     plot::to_svg({title, curve.size, curve.unit, {panel}, 1}),
                     escaped(curve.command));
}

std::string plots_html(const std::vector<const Verdict*>& verdicts) {
  std::string text;
  for (const auto* verdict : verdicts)
    for (const auto& point : verdict->points)
      for (const auto& curve : point.curves) text += plot_html(curve);
  return text.empty() ? "" : "<div class=\"plots\">\n" + text + "</div>\n";
}

std::string lists_html(const Verdict& verdict) {
  auto text = fmt::format(
      "<details><summary>What would change it, files, faults: "
      "kernel {}</summary><div>\n",
      escaped(verdict.kernel));
  text += list_html(verdict.changes);
  const auto &delivery = verdict.points[3], &blast = verdict.points[4];
  if (!delivery.files.empty())
    text += "<h3>Files that have to be right</h3>\n" + list_html(delivery.files);
  if (blast.reasons.size() > 1) text += "<h3>Blast radius</h3>\n" + list_html(blast.reasons);
  if (!verdict.missing.empty()) text += "<h3>Missing</h3>\n" + list_html(verdict.missing);
  return text + "</div></details>\n";
}

std::string calls_html(const Verdict& verdict) {
  for (const auto& point : verdict.points)
    if (!point.calls.empty())
      return fmt::format(
          "<details><summary>System calls and files of user space, kernel {}"
          "</summary><div><p><code>{}</code></p>{}</div></details>\n",
          escaped(verdict.kernel), escaped(fmt::format("{}", fmt::join(point.calls, " "))),
          list_html(point.files));
  return "";
}

std::string section_html(const std::vector<const Verdict*>& verdicts) {
  const auto& first = *verdicts[0];
  auto text = fmt::format(
      "<section id=\"{0}\" aria-labelledby=\"{0}-head\">\n<h2 id=\"{0}-head\">{0}"
      "</h2>\n<p class=\"title\">{1}</p>\n<div class=\"cards\">\n",
      escaped(first.service), escaped(first.title));
  for (const auto* verdict : verdicts) text += card_html(*verdict);
  text += "</div>\n" + plots_html(verdicts);
  for (const auto* verdict : verdicts) text += lists_html(*verdict);
  for (const auto* verdict : verdicts) text += figures_html(*verdict);
  for (const auto* verdict : verdicts) text += calls_html(*verdict);
  return text + matrix_html(*verdicts.back()) + "</section>\n";
}

std::string sections_html(const std::vector<Verdict>& verdicts) {
  std::vector<std::string> order;
  std::map<std::string, std::vector<const Verdict*>> services;
  for (const auto& verdict : verdicts) {
    if (!services.contains(verdict.service)) order.push_back(verdict.service);
    services[verdict.service].push_back(&verdict);
  }
  std::string text;
  for (const auto& service : order) text += section_html(services[service]);
  return text;
}

}  // namespace

std::string to_html(const std::vector<Verdict>& verdicts, const Thresholds& limits) {
  return fmt::format(
      "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n<meta "
      "name=\"viewport\" content=\"width=device-width,initial-scale=1\">\n<title>Ringside: which "
      "side of the line?</title>\n<link rel=\"icon\" href=\"data:,\">\n<style>{}</style>\n</head>\n"
      "<body>\n<header>\n<h1>Which side of the line?</h1>\n<p class=\"lead\">Each service is one "
      "core, placed in the kernel and in user space, measured on stock kernels in one run. Five "
      "points say where it belongs; every figure says how to measure it again.</p>\n</header>\n"
      "<main>\n{}{}{}</main>\n<footer><p>Written by <code>ringside verdict --html</code>. "
      "Instructions are counted by QEMU; what the hardware's own traps cost is not in them.</p>"
      "</footer>\n</body>\n</html>\n",
      kPageStyle, summary_html(verdicts), thresholds_html(limits), sections_html(verdicts));
}

}  // namespace ringside::verdict
