// bench-handover: what the hand-over costs a load that has nothing to do with it. One module is
// loaded and unloaded the stock way: without our module, with one hook of the stock tracer, with
// our module, and while another load is parked (our hook stands). Runs in a guest; under the lab's
// --count a nanosecond is an instruction.
#include <fmt/format.h>

#include <fstream>
#include <functional>

#include "tests/guest/loader_client.hh"
#include "user/bench/results.hh"

namespace ringside::bench {
namespace {

using namespace ringside::guest;

constexpr int kRepeats = 15;
constexpr std::array kNames = {"loop", "dm_mod", "tun"};

struct Bench {
  Context context;
  std::string metric, unit;

  // The cost of init_module(2) alone; the first round warms caches and is not counted.
  bool measure(const char* state, const std::string& name) const {
    StockModule module(dependencies_of(name).path);
    Measure result{"stock",      name + " while " + state, metric, unit, {{"module", name}}, {},
                   "init_module"};
    for (int repeat = 0; repeat <= kRepeats; ++repeat) {
      auto start = now();
      if (init_module(module.bytes()) != 0) return false;
      if (repeat > 0) result.samples.push_back(now() - start);
      if (delete_module(name) != 0) return false;
    }
    fmt::print("{}\n", to_json(context, result).dump());
    return true;
  }
  bool measure_all(const char* state) const {
    return std::all_of(kNames.begin(), kNames.end(),
                       [&](const char* name) { return measure(state, name); });
  }
};

bool with_a_parked_load(const std::function<bool()>& then) {
  StockModule module(dependencies_of("ts_kmp").path);
  LoaderFile file;
  HandedLoad handed(file, module.bytes(), RS_LOADER_USER, RS_LOADER_TIMEOUT_MAX);
  rs_loader_load load;
  if (handed.arm() != 0 || file.wait(load) != 0) return false;
  bool good = then();
  file.complete(RS_LOADER_FAIL, ECANCELED);
  return handed.result() == ECANCELED && good;
}

bool put(const char* file, const char* text) {
  return bool(std::ofstream(std::string("/sys/kernel/tracing/") + file) << text << std::flush);
}

// What any hook of ftrace costs: the stock function tracer stands on one function that nobody calls
// here. Ours can cost no less while it stands.
bool with_a_stock_hook(const std::function<bool()>& then) {
  bool good = put("set_ftrace_filter", "kernel_power_off") && put("current_tracer", "function");
  good = good && then();
  return put("current_tracer", "nop") && put("set_ftrace_filter", "") && good;
}

int main(int argc, char** argv) {
  Bench bench{this_context("handover", argc, argv), "time", "ns"};
  if (bench.context.accelerator == "tcg-count") bench.metric = bench.unit = "instructions";
  name_running_kernel(bench.context);
  bool good = bench.measure_all("our module is absent") &&
              with_a_stock_hook([&] { return bench.measure_all("stock traces a function"); }) &&
              load("ringside_loader") && bench.measure_all("our module is there") &&
              with_a_parked_load([&] { return bench.measure_all("another load is parked"); });
  return good ? 0 : 2;
}

}  // namespace
}  // namespace ringside::bench

int main(int argc, char** argv) {
  return ringside::bench::main(argc, argv);
}
