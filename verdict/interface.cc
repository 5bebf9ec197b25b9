// Interface stability: what each side stands on. The kernel glue imports symbols, which kernels
// change, stop exporting, or never did; user space makes system calls, which stay, and opens files,
// of which only debugfs and tracefs are nobody's promise.
#include <fmt/format.h>

#include <algorithm>

#include "verdict/point.hh"

namespace ringside::verdict {
namespace {

Selector imports_of(const Question& question) {
  return {question.service.name, "kernel", "imports", nlohmann::json::object()};
}

const Row* imports_row(const Question& question, const std::string& kernel) {
  Question of_kernel{question.service, question.limits, question.rows, kernel, {}};
  return of_kernel.find(imports_of(question), "symbols");
}

Symbol symbol_of(const nlohmann::json& value) {
  return {value.value("crc", ""), value.value("prototype", ""), value.value("exported", "absent"),
          value.value("imported", false)};
}

Matrix matrix_of(const std::vector<const Row*>& rows) {
  Matrix matrix;
  for (const auto* row : rows) {
    for (const auto& [name, value] : row->parameter("symbols").items()) {
      auto& across = matrix.symbols[name];
      across.resize(matrix.kernels.size(), {"", "", "absent", false});
      across.push_back(symbol_of(value));
    }
    matrix.kernels.push_back(row->kernel);
    for (auto& [name, across] : matrix.symbols)
      across.resize(matrix.kernels.size(), {"", "", "absent", false});
  }
  return matrix;
}

std::vector<const Row*> all_imports(const Question& question, Point& point) {
  std::vector<const Row*> rows;
  for (const auto& kernel : question.kernels)
    if (const auto* row = imports_row(question, kernel))
      rows.push_back(row);
    else
      point.missing.push_back(
          fmt::format("the symbols that the kernel glue imports, as {} has "
                      "them: no result; verdict-imports looks them up",
                      kernel));
  if (rows.size() == 1 && question.kernels.size() == 1)
    point.missing.push_back("a second kernel to compare with: name one by --kernel");
  return rows;
}

std::map<Change, std::size_t> counts_of(const Matrix& matrix) {
  std::map<Change, std::size_t> counts;
  for (const auto& [name, across] : matrix.symbols) ++counts[change_of(across)];
  return counts;
}

bool is_promised(const std::string& file) {
  return !file.starts_with("/sys/kernel/debug") && !file.starts_with("/sys/kernel/tracing");
}

// Whether user space stands on what may change; false and a missing result where nobody knows.
bool judge_user(const Question& question, Point& point) {
  const auto* row = question.find(
      {question.service.name, "user", "system calls", nlohmann::json::object()}, "calls");
  if (!row) {
    point.missing.push_back(fmt::format(
        "the system calls of user space on {}: no result; verdict/measure/lab traces them",
        question.kernel));
    return false;
  }
  for (const auto& [call, times] : row->parameter("calls").items()) point.calls.push_back(call);
  for (const auto& file : row->parameter("files")) point.files.push_back(file);
  point.figures.push_back(figure_of(*row, "system calls, different ones", "user"));
  auto loose = static_cast<std::size_t>(
      std::count_if(point.files.begin(), point.files.end(),
                    [](const std::string& file) { return !is_promised(file); }));
  point.reasons.push_back(
      fmt::format("user space makes {} and opens {} of /sys, /proc and /dev, {} of them in debugfs "
                  "or tracefs, which nobody promises",
                  count_text(point.calls.size(), "different system call"),
                  count_text(point.files.size(), "file"), loose));
  return loose > 0;
}

bool judge_kernel(const Question& question, Point& point) {
  auto counts = counts_of(point.matrix);
  double all = static_cast<double>(point.matrix.symbols.size());
  double rewritten = static_cast<double>(counts[Change::kPrototype] + counts[Change::kAbsent]);
  point.reasons.push_back(fmt::format(
      "of {} imported symbols over {}, {} have another CRC (to be built anew), {} another "
      "prototype "
      "and {} are not in every kernel (to be written anew), {} are not exported",
      all, count_text(point.matrix.kernels.size(), "kernel"), counts[Change::kCrc],
      counts[Change::kPrototype], counts[Change::kAbsent], counts[Change::kUnexported]));
  double limit = question.limits.changed_share;
  bool loose = rewritten > limit * all || counts[Change::kUnexported] > 0;
  point.changes.push_back(
      loose ? fmt::format("{:.0f} or fewer symbols that change or are not exported by all",
                          limit * all)
            : fmt::format("more than {:.0f} symbols that change, or one that is not exported",
                          limit * all));
  return loose;
}

}  // namespace

Point judge_interface(const Question& question) {
  Point point("interface stability");
  auto rows = all_imports(question, point);
  point.matrix = matrix_of(rows);
  for (const auto* row : rows)
    point.figures.push_back(figure_of(*row, "imported symbols, " + row->kernel, "kernel"));
  bool kernel_loose = !rows.empty() && judge_kernel(question, point);
  bool user_loose = judge_user(question, point);
  if (!point.missing.empty()) return point;
  if (kernel_loose == user_loose)
    point.side = Side::kEven;
  else
    point.side = kernel_loose ? Side::kUser : Side::kKernel;
  return point;
}

}  // namespace ringside::verdict
