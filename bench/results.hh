// Results: what every bench writes, one JSON object a line, and all that a report may read.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include <nlohmann/json.hpp>

namespace ringside::bench {

inline constexpr int kSchema = 1;

// What all results of one run share. `machine` is the host's processor, `accelerator` what ran the
// guest ("native", "tcg", "tcg-count", "kvm"), `command` repeats the run, `commit` is the source's.
struct Context {
  std::string service, kernel, build_id, machine, accelerator, command, commit;
};

// One measured quantity. `samples` are single measurements in `unit`; `peer` says that the figure
// is another program's or the kernel's own, not ours.
struct Measure {
  std::string placement, operation, metric, unit;
  nlohmann::json parameters = nlohmann::json::object();
  std::vector<double> samples;
  bool peer = false;
};

// Middle sample; 0 where there is none.
double median(std::vector<double> samples);

// (largest - smallest) / median: how far the samples spread.
double spread(const std::vector<double>& samples);

nlohmann::json to_json(const Context& context, const Measure& measure);

// Fills what a machine can tell: its processor, the command line, the commit it was built from.
Context this_context(std::string service, int argc, char** argv);

}  // namespace ringside::bench
