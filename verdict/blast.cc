// Blast radius: the same faults in the same place on either side. A side is contained where the
// guest lived through each, everybody else still answered, and the service was back soon, without a
// reboot, and so was the memory.
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

#include "verdict/point.hh"

namespace ringside::verdict {
namespace {

constexpr const char* kFaults[] = {"null", "loop", "leak", "stack", "garbage"};

constexpr double kLostMib = 512;  // of a leak of 1,024; the rest is what a guest needs meanwhile

struct Contained {
  std::size_t measured = 0, contained = 0;
};

const Row* fault_row(const Question& question, const char* placement, const std::string& fault) {
  return question.find(
      {question.service.name, placement, "fault " + fault, nlohmann::json::object()}, "s");
}

std::string down_text(const Row& row) {
  std::string text;
  for (const auto& service : row.parameter("down"))
    text += (text.empty() ? "" : ", ") + service.get<std::string>();
  return text;
}

bool is_contained(const Question& question, const Row& row) {
  return row.parameters.value("guest", "") == "lives" && down_text(row).empty() &&
         row.parameters.value("lost_mib", 0.0) < kLostMib && row.parameters.value("back", false) &&
         row.median <= question.limits.back_seconds;
}

std::string reason_of(const std::string& placement, const std::string& fault, const Row& row) {
  std::string guest = row.parameters.value("guest", "unknown");
  auto down = down_text(row);
  auto back = row.parameters.value("back", false)
                  ? fmt::format("anew after {:.1f} s", row.median)
                  : fmt::format("back only by a reboot, {:.0f} s", row.median);
  double lost = row.parameters.value("lost_mib", 0.0);
  if (row.parameters.value("oops", false)) guest += " after an oops";
  return fmt::format("{}, {}: the guest {}{}; {}{}", placement, fault, guest,
                     down.empty() ? "" : ", down: " + down, back,
                     lost < kLostMib ? "" : fmt::format(", without {} MiB", lost));
}

void note_missing(const Question& question, const char* placement,
                  const std::vector<std::string>& faults, Point& point) {
  if (!faults.empty())
    point.missing.push_back(fmt::format(
        "faults in the {} placement on {}: no result of {}; verdict/measure/lab provokes them",
        placement, question.kernel, fmt::join(faults, ", ")));
}

Contained judge_side(const Question& question, const char* placement, Point& point) {
  Contained side;
  std::vector<std::string> missing;
  for (const auto* fault : kFaults) {
    const auto* row = fault_row(question, placement, fault);
    if (!row) {
      missing.push_back(fault);
      continue;
    }
    ++side.measured;
    if (is_contained(question, *row)) ++side.contained;
    point.figures.push_back(figure_of(*row, fmt::format("{}: until it is back", fault), placement));
    point.reasons.push_back(reason_of(placement, fault, *row));
  }
  note_missing(question, placement, missing, point);
  return side;
}

}  // namespace

Point judge_blast(const Question& question) {
  Point point("blast radius");
  auto user = judge_side(question, "user", point);
  auto kernel = judge_side(question, "kernel", point);
  if (!point.missing.empty()) return point;
  std::ranges::stable_sort(point.figures, {}, [](const Figure& figure) {
    return std::ranges::find_if(kFaults,
                                [&](const char* fault) { return figure.what.starts_with(fault); });
  });  // each fault's two sides beside each other
  point.reasons.insert(point.reasons.begin(),
                       fmt::format("of {} faults, {} are contained in user space and {} in the "
                                   "kernel",
                                   user.measured, user.contained, kernel.contained));
  if (user.contained == kernel.contained)
    point.side = Side::kEven;
  else
    point.side = user.contained > kernel.contained ? Side::kUser : Side::kKernel;
  point.changes.push_back("as many contained in the kernel as in user space, or more");
  return point;
}

}  // namespace ringside::verdict
