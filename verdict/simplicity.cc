// Simplicity: whose glue is simpler? Branches are counted, as what has to be thought through; locks
// and atomic sections, which only the kernel asks for, decide where the two are near each other.
#include <fmt/format.h>
#include <fmt/ranges.h>

#include "verdict/point.hh"

namespace ringside::verdict {
namespace {

constexpr const char* kUnits[] = {"lines", "functions",       "branches",
                                  "locks", "atomic sections", "bytes of a frame"};

const Row* glue_row(const Question& question, const char* placement, const char* unit) {
  return question.find({question.service.name, placement, "glue", nlohmann::json::object()}, unit);
}

void add_figures(const Question& question, Point& point) {
  for (const auto* unit : kUnits)
    for (const auto* placement : {"user", "kernel", "core"})
      if (const auto* row = glue_row(question, placement, unit))
        point.figures.push_back(figure_of(*row, unit, placement));
}

double value_of(const Question& question, const char* placement, const char* unit) {
  const auto* row = glue_row(question, placement, unit);
  return row ? row->median : 0;
}

void note_missing(const Question& question, Point& point) {
  for (const auto* placement : {"user", "kernel"}) {
    std::vector<std::string> units;
    for (const auto* unit : {"branches", "locks", "atomic sections"})
      if (!glue_row(question, placement, unit)) units.push_back(unit);
    if (!units.empty())
      point.missing.push_back(
          fmt::format("{} glue: no result of its {}; verdict/measure/glue counts them", placement,
                      fmt::join(units, ", ")));
  }
}

Side side_of(double user, double kernel, double limit, bool constrained) {
  if (user <= kernel) return Side::kUser;
  if (user > kernel * limit) return Side::kKernel;
  return constrained ? Side::kUser : Side::kEven;
}

}  // namespace

Point judge_simplicity(const Question& question) {
  Point point("simplicity");
  add_figures(question, point);
  note_missing(question, point);
  if (!point.missing.empty()) return point;
  double user = value_of(question, "user", "branches");
  double kernel = value_of(question, "kernel", "branches");
  double locks = value_of(question, "kernel", "locks");
  double atomic = value_of(question, "kernel", "atomic sections");
  double limit = question.limits.branch_ratio;
  point.side = side_of(user, kernel, limit, locks + atomic > 0);
  point.reasons.push_back(
      fmt::format("glue of {} branches in user space, {} in the kernel (up to {:.2f} times as many "
                  "are as simple)",
                  user, kernel, limit));
  point.reasons.push_back(fmt::format(
      "in the kernel {} places take a lock and {} begin an atomic section", locks, atomic));
  double turn = kernel * limit;
  point.changes.push_back(point.side == Side::kKernel
                              ? fmt::format("user glue of {:.0f} branches or fewer", turn)
                              : fmt::format("user glue of more than {:.0f} branches", turn));
  return point;
}

}  // namespace ringside::verdict
