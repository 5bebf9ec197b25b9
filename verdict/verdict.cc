// What follows: performance and delivery are vetoes, for a service that is too dear or not there in
// time is in the wrong place however simple it is. Else the side with more points has it.
#include "verdict/verdict.hh"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>

#include "user/bench/results.hh"

namespace ringside::verdict {
namespace {

std::size_t count(const Verdict& verdict, Side side) {
  return static_cast<std::size_t>(
      std::count_if(verdict.points.begin(), verdict.points.end(),
                    [&](const Point& point) { return point.side == side; }));
}

const Point* veto_of(const Verdict& verdict) {
  auto found = std::find_if(verdict.points.begin(), verdict.points.end(), [](const Point& point) {
    return point.side == Side::kKernel && (point.name == "performance" || point.name == "delivery");
  });
  return found == verdict.points.end() ? nullptr : &*found;
}

std::string points_for(const Verdict& verdict, Side side) {
  std::string text;
  for (const auto& point : verdict.points)
    if (point.side == side) text += (text.empty() ? "" : ", ") + point.name;
  return text;
}

void recommend_by_count(Verdict& verdict) {
  auto user = count(verdict, Side::kUser), kernel = count(verdict, Side::kKernel);
  verdict.recommendation = user > kernel   ? Side::kUser
                           : user < kernel ? Side::kKernel
                                           : Side::kEven;
  for (auto side : {Side::kUser, Side::kKernel, Side::kEven})
    if (auto names = points_for(verdict, side); !names.empty())
      verdict.reasons.push_back(side == Side::kEven
                                    ? fmt::format("for neither side: {}", names)
                                    : fmt::format("for {}: {}",
                                                  side == Side::kUser ? "user space" : "the kernel",
                                                  names));
}

void recommend(const Thresholds& limits, Verdict& verdict) {
  auto measured = verdict.points.size() - count(verdict, Side::kOpen);
  if (static_cast<double>(measured) < limits.least_points) {
    verdict.reasons.push_back(fmt::format("only {} of {} points are measured, {} are needed",
                                          measured, verdict.points.size(), limits.least_points));
  } else if (const auto* veto = veto_of(verdict)) {
    verdict.recommendation = Side::kKernel;
    verdict.reasons.push_back(fmt::format("{} decides alone: {}", veto->name, veto->reasons[0]));
  } else {
    recommend_by_count(verdict);
  }
}

bool has_flavour(const std::string& release, const std::string& flavour) {
  return (release + "-").find("-" + flavour + "-") != release.npos;
}

// Whether a release is what "6.1", "6.1-rt" or the release itself mean; "6.1" is no flavour of it.
bool is_called(const std::string& release, const std::string& name) {
  if (release == name) return true;
  std::ptrdiff_t words = 0;
  for (const char* flavour : {"rt", "cloud", "kasan"}) {
    if (has_flavour(release, flavour) != has_flavour(name, flavour)) return false;
    words += has_flavour(name, flavour);
  }
  bool is_series = std::ranges::count(name, '-') == words;
  return is_series && bench::begins_release(name.substr(0, name.find('-')), release);
}

// What turns a point that speaks for the recommended side, or against it, may turn it.
void collect(Verdict& verdict) {
  for (const auto& point : verdict.points) {
    for (const auto& change : point.changes)
      verdict.changes.push_back(fmt::format("{}: {}", point.name, change));
    for (const auto& missing : point.missing)
      verdict.missing.push_back(fmt::format("{}: {}", point.name, missing));
  }
  verdict.provisional = !verdict.missing.empty();
}

}  // namespace

Verdict judge(const Service& service, const Thresholds& limits, const std::vector<Row>& rows,
              const std::string& kernel, const std::vector<std::string>& kernels) {
  Question question{service, limits, rows, kernel, kernels};
  Verdict verdict{service.name, service.title, kernel, {}, Side::kOpen, false, {}, {}, {}};
  verdict.points = {judge_performance(question), judge_simplicity(question),
                    judge_interface(question), judge_delivery(question), judge_blast(question)};
  recommend(limits, verdict);
  collect(verdict);
  return verdict;
}

std::string release_of(const std::string& kernel, const std::vector<Row>& rows) {
  auto found = std::find_if(rows.rbegin(), rows.rend(),
                            [&](const Row& row) { return is_called(row.kernel, kernel); });
  return found == rows.rend() ? kernel : found->kernel;
}

}  // namespace ringside::verdict
