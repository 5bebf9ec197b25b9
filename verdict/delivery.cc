// Delivery: what has to be right before the root file system is there. A service that nobody asks
// before that can wait on either side; then the point says nothing.
#include <fmt/format.h>
#include <fmt/ranges.h>

#include "verdict/point.hh"

namespace ringside::verdict {
namespace {

const Row* files_row(const Question& question, const char* placement) {
  return question.find({question.service.name, placement, "delivery", nlohmann::json::object()},
                       "files");
}

std::string named(const Row& row, const std::string& placement) {
  std::vector<std::string> files = row.parameter("files");
  return fmt::format("{}: {}", placement, fmt::join(files, ", "));
}

std::string version_of(const Row& row) {
  auto version = row.parameters.value("version", "");
  return version.empty() ? "" : ", right for " + version;
}

}  // namespace

Point judge_delivery(const Question& question) {
  Point point("delivery");
  const auto *user = files_row(question, "user"), *kernel = files_row(question, "kernel");
  for (auto [row, placement] : {std::pair{user, "user"}, {kernel, "kernel"}}) {
    if (row) {
      point.figures.push_back(figure_of(*row, "files", placement));
      point.reasons.push_back(fmt::format("{}: {}{}", placement,
                                          count_text(static_cast<std::size_t>(row->median), "file"),
                                          version_of(*row)));
      point.files.push_back(named(*row, placement));
    } else {
      point.missing.push_back(fmt::format(
          "the files of the {} placement on {}: no result; verdict/measure/lab derives them",
          placement, question.kernel));
    }
  }
  if (!point.missing.empty()) return point;
  if (!question.service.before_root) {
    point.side = Side::kEven;
    point.reasons.insert(point.reasons.begin(), "nobody asks before the root file system is there");
    point.changes.push_back("a user before the root file system");
    return point;
  }
  double limit = kernel->median + question.limits.files_more;
  point.side = user->median <= limit ? Side::kUser : Side::kKernel;
  point.changes.push_back(point.side == Side::kUser
                              ? fmt::format("more than {} files in user space", limit)
                              : fmt::format("{} or fewer files in user space", limit));
  return point;
}

}  // namespace ringside::verdict
