#include "user/costs/advise.hh"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <optional>

namespace ringside::costs {
namespace {

using channels::Ability;
using channels::Kind;
using channels::Loss;

Service service_of(Direction direction) {
  switch (direction) {
    case Direction::kToUser:
      return Service::kStream;
    case Direction::kToKernel:
      return Service::kSink;
    case Direction::kBoth:
      return Service::kEcho;
    case Direction::kEvent:
      break;
  }
  return Service::kNotify;
}

const char* what_it_lacks(Direction direction) {
  switch (direction) {
    case Direction::kToUser:
      return "carries no data to user space";
    case Direction::kToKernel:
      return "carries no data to the kernel";
    case Direction::kBoth:
      return "answers no requests";
    case Direction::kEvent:
      break;
  }
  return "wakes nobody up";
}

const char* what_it_loses(Loss loss) {
  return loss == Loss::kNewest ? "loses what has no room, and counts it"
                               : "loses what was not taken in time, and counts it";
}

// The measured sizes around one, of a channel's service in batches of `batch`.
class Curve {
 public:
  Curve(const std::vector<Cost>& costs, std::string_view channel, Service service, bool batched) {
    for (const auto& cost : costs)
      if (cost.channel == channel && cost.point.service == service &&
          (cost.point.batch > 1) == batched) {
        points_.emplace_back(static_cast<double>(cost.point.bytes), cost.median);
        batch_ = cost.point.batch;
      }
    std::sort(points_.begin(), points_.end());
  }
  // Between two sizes by a straight line, beyond the last by the last step's slope.
  std::optional<double> at(double bytes) const {
    if (points_.empty()) return std::nullopt;
    if (points_.size() == 1 || bytes <= points_[0].first) return points_[0].second;
    std::size_t next = 1;
    while (next + 1 < points_.size() && points_[next].first < bytes) ++next;
    auto [x0, y0] = points_[next - 1];
    auto [x1, y1] = points_[next];
    return y0 + (y1 - y0) * (bytes - x0) / (x1 - x0);
  }
  unsigned batch() const { return batch_; }

 private:
  std::vector<std::pair<double, double>> points_;
  unsigned batch_ = 1;
};

struct Price {
  double cost = 0;
  double batch = 1;  // messages with one system call, at this rate
};

// What a system call costs beside its messages is shared by as many as come within kMostDelay.
std::optional<Price> price_of(const Need& need, const std::vector<Cost>& costs,
                              std::string_view channel) {
  auto service = service_of(need.direction);
  auto bytes = static_cast<double>(need.bytes);
  auto single = Curve(costs, channel, service, false).at(bytes);
  if (!single) return std::nullopt;
  Curve batches(costs, channel, service, true);
  auto shared = batches.at(bytes);
  double batch = std::min<double>(batches.batch(), std::max(1.0, need.rate * kMostDelay));
  if (!shared || batch <= 1) return Price{*single, 1};
  return Price{*shared + std::max(0.0, *single - *shared) / batch, batch};
}

// Empty where nothing is against the channel.
std::string why_not(const Need& need, const Kind& kind) {
  const auto& ability = kind.ability;
  if (kind.lab) return "is for the lab alone";
  if (!can(ability, service_of(need.direction))) return what_it_lacks(need.direction);
  if (need.direction != Direction::kEvent && need.bytes > ability.most)
    return fmt::format("carries {} bytes at most", ability.most);
  if (need.direction == Direction::kToUser && !need.loss && ability.loss != Loss::kNone)
    return what_it_loses(ability.loss);
  return {};
}

Advice priced(const Need& need, const std::vector<Cost>& costs, std::string_view channel) {
  auto price = price_of(need, costs, channel);
  if (!price) return {std::string(channel), false, 0, "was not measured"};
  auto reason = fmt::format("{:.0f} {} a message, {:.3g} million a second", price->cost,
                            costs[0].unit, price->cost * need.rate / 1e6);
  if (price->batch > 1)
    reason += fmt::format(", {:.0f} messages with one system call", price->batch);
  return {std::string(channel), true, price->cost, reason};
}

Advice judged(const Need& need, const std::vector<Cost>& costs, const Kind& kind) {
  auto reason = why_not(need, kind);
  if (!reason.empty()) return {std::string(kind.name), false, 0, reason};
  return priced(need, costs, kind.name);
}

}  // namespace

std::vector<Advice> advise(const Need& need, const std::vector<Cost>& costs) {
  std::vector<Advice> all;
  for (const auto& kind : channels::kinds()) all.push_back(judged(need, costs, kind));
  auto weight = [&](const Advice& advice) {
    double a_second = advice.cost * need.rate;
    return !advice.fits ? HUGE_VAL : a_second < kNoMatter ? 0.0 : a_second;
  };
  std::stable_sort(all.begin(), all.end(),
                   [&](const Advice& a, const Advice& b) { return weight(a) < weight(b); });
  return all;
}

}  // namespace ringside::costs
