// One flat object a result; median and spread are worked out here, so that no bench does it its own
// way.
#include "user/bench/results.hh"

#include <sys/utsname.h>

#include <algorithm>
#include <cctype>
#include <cstdlib>
#include <ctime>
#include <fstream>

#include "user/kimage/image.hh"

namespace ringside::bench {
namespace {

// In a guest the lab's caller passes on what only the host knows.
std::string from_environment(const char* name, const std::string& otherwise) {
  const char* value = std::getenv(name);
  return value && *value ? value : otherwise;
}

std::string processor() {
  std::ifstream file("/proc/cpuinfo");
  for (std::string line; std::getline(file, line);)
    if (line.starts_with("model name")) return line.substr(line.find(':') + 2);
  return "unknown";
}

}  // namespace

double now() {
  timespec time{};
  clock_gettime(CLOCK_MONOTONIC, &time);
  return static_cast<double>(time.tv_sec) * 1e9 + static_cast<double>(time.tv_nsec);
}

double median(std::vector<double> samples) {
  if (samples.empty()) return 0;
  auto middle = samples.begin() + static_cast<std::ptrdiff_t>(samples.size() / 2);
  std::nth_element(samples.begin(), middle, samples.end());
  return *middle;
}

double spread(const std::vector<double>& samples) {
  if (samples.empty()) return 0;
  auto [least, most] = std::minmax_element(samples.begin(), samples.end());
  double middle = median(samples);
  return middle == 0 ? 0 : (*most - *least) / middle;
}

bool begins_release(const std::string& beginning, const std::string& release) {
  if (!release.starts_with(beginning)) return false;
  bool cut = release.size() > beginning.size() && !beginning.empty();
  return !cut || !std::isdigit(static_cast<unsigned char>(release[beginning.size()]));
}

nlohmann::json to_json(const Context& context, const Measure& measure) {
  return {
      {"schema", kSchema},
      {"service", context.service},
      {"placement", measure.placement},
      {"operation", measure.operation},
      {"parameters", measure.parameters.is_null() ? nlohmann::json::object() : measure.parameters},
      {"kernel", context.kernel},
      {"build_id", context.build_id},
      {"machine", context.machine},
      {"accelerator", context.accelerator},
      {"metric", measure.metric},
      {"unit", measure.unit},
      {"samples", measure.samples},
      {"median", median(measure.samples)},
      {"spread", spread(measure.samples)},
      {"peer", measure.peer.empty() ? nlohmann::json() : nlohmann::json(measure.peer)},
      {"command", context.command},
      {"commit", context.commit}};
}

Context this_context(std::string service, int argc, char** argv) {
  Context context;
  context.service = std::move(service);
  context.machine = from_environment("RINGSIDE_MACHINE", processor());
  context.accelerator = from_environment("RINGSIDE_ACCELERATOR", "native");
  context.commit = from_environment("RINGSIDE_COMMIT", "unknown");
  for (int each = 0; each < argc; ++each)
    context.command += (each ? " " : "") + std::string(argv[each]);
  context.command = from_environment("RINGSIDE_COMMAND", context.command);
  return context;
}

void name_running_kernel(Context& context) {
  utsname system{};
  uname(&system);
  context.kernel = system.release;
  if (auto id = kimage::running_build_id()) context.build_id = *id;
}

}  // namespace ringside::bench
