// Results: what every bench writes, one JSON object a line, and all that a report may read. The
// fields are explained in docs/results.md.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include <nlohmann/json.hpp>

namespace ringside::bench {

inline constexpr int kSchema = 1;

// What all results of one run share. `machine` is the host's processor, `accelerator` what ran the
// guest ("native", "tcg", "tcg-count", "kvm"), `command` repeats the run, `commit` is the working
// tree's when the bench was started, "unknown" where no script said so.
struct Context {
  std::string service, kernel, build_id, machine, accelerator, command, commit;
};

// One measured quantity. `parameters` is an object, `samples` are single measurements in `unit`, or
// one median where there would be thousands. `peer` names whose figure it is where it is not ours:
// another program ("depmod") or a part of the kernel ("kallsyms").
struct Measure {
  std::string placement, operation, metric, unit;
  nlohmann::json parameters = nlohmann::json::object();
  std::vector<double> samples;
  std::string peer = {};
};

// Nanoseconds of the monotonic clock.
double now();

// Middle sample; 0 where there is none.
double median(std::vector<double> samples);

// (largest - smallest) / median: how far the samples spread.
double spread(const std::vector<double>& samples);

// Whether `beginning` begins `release`: "6.1" begins 6.1.0-57-amd64, and not 6.12; "" begins all.
bool begins_release(const std::string& beginning, const std::string& release);

// The line of one measure: an object of schema kSchema.
nlohmann::json to_json(const Context& context, const Measure& measure);

// Fills machine, accelerator, command and commit from RINGSIDE_MACHINE, RINGSIDE_ACCELERATOR,
// RINGSIDE_COMMAND and RINGSIDE_COMMIT in the environment: a guest cannot tell them, bench/run can.
// Where they are not set: this processor, "native", argv, "unknown". Kernel and build_id stay
// empty.
Context this_context(std::string service, int argc, char** argv);

// Sets kernel and build_id to the running kernel's; no build-id where that cannot be read.
void name_running_kernel(Context& context);

}  // namespace ringside::bench
