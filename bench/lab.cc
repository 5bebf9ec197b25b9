// bench-lab: what a guest costs: `ringside lab run -- true` from its start to its end, five times.
#include <fmt/format.h>

#include <chrono>
#include <filesystem>

#include "lab/kernels/kernels.hh"
#include "user/bench/results.hh"
#include "user/kimage/image.hh"
#include "user/process/process.hh"

namespace ringside::bench {
namespace {

constexpr int kRuns = 5;

Outcome<double> seconds_of_a_run(const std::string& ringside, const std::string& kernel) {
  auto start = std::chrono::steady_clock::now();
  TRY(output_of(
      {{ringside, "lab", "run", "--accel", "tcg", "--kernel", kernel, "--", "true"}, {}, {}}));
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
}

Outcome<Nothing> run(const std::string& name, Context context) {
  auto ringside = std::filesystem::read_symlink("/proc/self/exe").parent_path() / "ringside";
  auto image = TRY(kimage::Image::open(TRY(lab::find_kernel(name)).image));
  context.kernel = image.release();
  context.build_id = image.build_id();
  context.accelerator = "tcg";
  Measure measure{"either", "lab run -- true", "time", "s", {{"runs", kRuns}}, {}};
  for (int each = 0; each < kRuns; ++each)
    measure.samples.push_back(TRY(seconds_of_a_run(ringside.string(), name)));
  fmt::print("{}\n", to_json(context, measure).dump());
  return ok;
}

}  // namespace
}  // namespace ringside::bench

int main(int argc, char** argv) {
  std::string kernel = argc > 1 ? argv[1] : "6.1";
  auto outcome = ringside::bench::run(kernel, ringside::bench::this_context("lab", argc, argv));
  if (!outcome) fmt::print(stderr, "bench-lab: {}\n", outcome.error().message);
  return outcome ? 0 : outcome.error().status;
}
