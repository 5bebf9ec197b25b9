// Performance: is the service so critical that the way over the line counts? For each pair, at each
// size: user space may cost a little more than the kernel (cost_ratio), within the spread of the
// measurements, or little of a CPU at the rate at which it is asked (cpu_share). What is left over
// speaks for the kernel.
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <optional>

#include "verdict/point.hh"

namespace ringside::verdict {
namespace {

// One operation at one size, where there are sizes.
struct Measured {
  double size = 0;
  const Row *user = nullptr, *kernel = nullptr, *stock = nullptr;

  double ratio() const { return kernel->median == 0 ? 1 : user->median / kernel->median; }
  double difference() const { return user->median - kernel->median; }
  // The middle halves of both's samples meet: who cost more was chance.
  bool within_spread() const { return user->low <= kernel->high; }
};

double size_of(const Row& row, const std::string& name) {
  auto found = row.parameters.find(name);
  return found != row.parameters.end() && found->is_number() ? found->get<double>() : 0;
}

const Row* of_size(const std::vector<const Row*>& rows, const std::string& name, double size) {
  auto found = std::find_if(rows.rbegin(), rows.rend(),
                            [&](const Row* row) { return size_of(*row, name) == size; });
  return found == rows.rend() ? nullptr : *found;
}

std::vector<Measured> at_sizes(const Question& question, const Pair& pair) {
  auto of = [&](const Selector& selector) {
    return question.find_all(selector, pair.unit, pair.accelerator);
  };
  auto user = of(pair.user), kernel = of(pair.kernel);
  auto stock = pair.stock ? of(*pair.stock) : std::vector<const Row*>();
  std::map<double, Measured> measured;
  for (const auto* row : user) {
    double size = size_of(*row, pair.size);
    const auto* other = of_size(kernel, pair.size, size);
    if (other && size > 0)
      measured[size] = {size, of_size(user, pair.size, size), other,
                        of_size(stock, pair.size, size)};
  }
  std::vector<Measured> list;
  for (const auto& [size, each] : measured) list.push_back(each);
  return list;
}

std::vector<Measured> measured_of(const Question& question, const Pair& pair) {
  if (!pair.size.empty()) return at_sizes(question, pair);
  auto of = [&](const Selector& selector) {
    return question.find(selector, pair.unit, pair.accelerator);
  };
  Measured one{0, of(pair.user), of(pair.kernel), pair.stock ? of(*pair.stock) : nullptr};
  if (!one.user || !one.kernel) return {};
  return {one};
}

void note_missing(const Question& question, const Pair& pair, Point& point) {
  auto missing = [&](const Selector& selector, const char* side) {
    if (question.find(selector, pair.unit, pair.accelerator)) return;
    point.missing.push_back(fmt::format(
        "{}, {}: no result of service {}, placement {}, operation {}, in {} by {}, on {}; {} "
        "measures it",
        pair.what, side, selector.service, selector.placement, selector.operation, pair.unit,
        pair.accelerator, question.kernel, question.service.bench));
  };
  missing(pair.user, "user");
  missing(pair.kernel, "kernel");
  if (pair.stock) missing(*pair.stock, "stock");
}

std::string at_size(const Pair& pair, const Measured& measured) {
  if (measured.size == 0) return pair.what;
  return fmt::format("{}, {}", pair.what, size_text(measured.size, pair.size));
}

bool is_more(const Question& question, const Measured& measured) {
  return measured.ratio() > question.limits.cost_ratio && !measured.within_spread();
}

// Of a CPU, at the rate of the pair.
double share_of(const Question& question, const Pair& pair, const Measured& measured) {
  return measured.difference() * pair.rate / question.limits.instructions_per_second;
}

bool is_critical(const Question& question, const Pair& pair, const Measured& measured) {
  return is_more(question, measured) &&
         share_of(question, pair, measured) > question.limits.cpu_share;
}

// Between the two sizes of which one is more than the limit and the other is not, on a line through
// their ratios, both axes logarithmic.
double crossing(double limit, const Measured& a, const Measured& b) {
  double from = std::log(a.ratio() / limit), to = std::log(b.ratio() / limit);
  double share = from == to ? 0 : from / (from - to);
  return std::exp(std::log(a.size) + share * (std::log(b.size) - std::log(a.size)));
}

std::vector<std::string> break_even_sizes(const Question& question, const Pair& pair,
                                          const std::vector<Measured>& measured) {
  std::vector<std::string> texts;
  double limit = question.limits.cost_ratio;
  for (std::size_t each = 1; each < measured.size(); ++each) {
    const auto &a = measured[each - 1], &b = measured[each];
    bool dearer_before = a.ratio() > limit, dearer_after = b.ratio() > limit;
    if (dearer_before == dearer_after) continue;
    texts.push_back(
        fmt::format("{}: break-even at {}; user space costs more than {:.2f} times "
                    "the kernel's {} that",
                    pair.what, size_text(crossing(limit, a, b), pair.size), limit,
                    dearer_before ? "below" : "above"));
  }
  return texts;
}

std::string break_even_rate(const Question& question, const Pair& pair, const Measured& worst) {
  if (!is_more(question, worst))
    return fmt::format("{}: no rate turns it, user space costs {:.2f} times the kernel's",
                       at_size(pair, worst), worst.ratio());
  double rate =
      question.limits.cpu_share * question.limits.instructions_per_second / worst.difference();
  return fmt::format("{}: break-even at {} a second (counted on: {})", at_size(pair, worst),
                     number_text(rate), number_text(pair.rate));
}

void add_figures(const Pair& pair, const Measured& measured, Point& point) {
  auto what = at_size(pair, measured);
  point.figures.push_back(figure_of(*measured.user, what, "user"));
  point.figures.push_back(figure_of(*measured.kernel, what, "kernel"));
  if (measured.stock) point.figures.push_back(figure_of(*measured.stock, what, "stock"));
}

void add_curve(const Pair& pair, const std::vector<Measured>& measured, Point& point) {
  if (measured.size() < 2) return;
  const auto& first = *measured[0].user;
  Curve curve{pair.what, pair.unit, pair.size, first.kernel, first.command, {}};
  for (const auto& each : measured) {
    curve.lines["user"].emplace_back(each.size, each.user->median);
    curve.lines["kernel"].emplace_back(each.size, each.kernel->median);
    if (each.stock) curve.lines["stock"].emplace_back(each.size, each.stock->median);
  }
  point.curves.push_back(std::move(curve));
}

std::string reason_of(const Question& question, const Pair& pair, const Measured& worst) {
  auto costs = fmt::format("{}: user space costs {:.2f} times the kernel's", at_size(pair, worst),
                           worst.ratio());
  if (worst.ratio() <= question.limits.cost_ratio)
    return fmt::format("{} ({:.2f} is allowed)", costs, question.limits.cost_ratio);
  if (worst.within_spread()) return costs + ", within the spread of both";
  return fmt::format("{}, {:.2g} % of a CPU at {} a second ({:.2g} % is allowed): {}", costs,
                     100 * share_of(question, pair, worst), number_text(pair.rate),
                     100 * question.limits.cpu_share, pair.why);
}

// Whether the pair speaks for the kernel; no value where it was not measured.
std::optional<bool> judge_pair(const Question& question, const Pair& pair, Point& point) {
  auto measured = measured_of(question, pair);
  note_missing(question, pair, point);
  if (measured.empty()) return std::nullopt;
  auto weight = [&](const Measured& each) {
    return is_more(question, each) ? share_of(question, pair, each) + 1 : each.ratio() - 1e3;
  };
  const auto& worst =
      *std::max_element(measured.begin(), measured.end(),
                        [&](const auto& a, const auto& b) { return weight(a) < weight(b); });
  for (const auto& each : measured) add_figures(pair, each, point);
  add_curve(pair, measured, point);
  point.reasons.push_back(reason_of(question, pair, worst));
  for (auto& text : break_even_sizes(question, pair, measured))
    point.changes.push_back(std::move(text));
  point.changes.push_back(break_even_rate(question, pair, worst));
  return is_critical(question, pair, worst);
}

}  // namespace

Point judge_performance(const Question& question) {
  Point point("performance");
  bool measured = false, critical = false;
  for (const auto& pair : question.service.pairs)
    if (auto answer = judge_pair(question, pair, point)) {
      measured = true;
      critical = critical || *answer;
    }
  if (measured) point.side = critical ? Side::kKernel : Side::kUser;
  return point;
}

}  // namespace ringside::verdict
