// Costs: what measure() found, as result lines (docs/results.md, service `channels`), and read back
// from them.
#pragma once

#include <string>

#include "user/bench/results.hh"
#include "user/costs/measure.hh"

namespace ringside::costs {

struct Cost {
  std::string kernel, accelerator, unit, channel;
  Point point;
  double median = 0;  // `unit` a message
};

// The line's content for a channel's samples: unit `instructions` where `counted`, else `ns`.
bench::Measure to_measure(std::string_view channel, const Point& point, std::vector<double> samples,
                          bool counted);

// The costs among a file of result lines, in its order; of a point that was measured twice on a
// kernel by the same accelerator, the last. Fails where the file cannot be read, and at a line that
// is no result, which the message names.
Outcome<std::vector<Cost>> read_costs(const std::string& path);
Outcome<std::vector<Cost>> parse_costs(const std::vector<std::string>& lines,
                                       const std::string& path);

// The kernels' releases in `costs`, in its order.
std::vector<std::string> kernels_of(const std::vector<Cost>& costs);

// Those of one kernel, the last in `costs` whose release begins so ("6.1" is not 6.12; "": any),
// and by one accelerator: the one that counts instructions where there is such, else the last.
std::vector<Cost> of_kernel(const std::vector<Cost>& costs, const std::string& kernel);

// A table for a person: rows are services and sizes, columns channels.
std::string to_table(const std::vector<Cost>& of_one_kernel);

// Cost against size, a panel a service, a row of them a kernel.
std::string to_svg(const std::vector<Cost>& costs);

// "64 B", "4 KiB", "1 MiB".
std::string size_text(std::size_t bytes);

}  // namespace ringside::costs
