// bench-firmware FOLDER: what a driver waits for its firmware, in a guest with ringside_firmware
// loaded and `ringside firmware serve --dir FOLDER` running: `user` is that server, `kernel` our
// core in ring 0, `stock` the kernel's own loader. Every question has a name of its own.
#include <fcntl.h>
#include <fmt/format.h>
#include <sys/ioctl.h>

#include <cstring>
#include <filesystem>
#include <fstream>

#include "include/ringside/uapi/firmware.h"
#include "user/base/failure.hh"
#include "user/base/unique_fd.hh"
#include "user/bench/results.hh"

namespace ringside::bench {
namespace {

constexpr int kSamples = 15;
constexpr std::size_t kSizes[] = {4u << 10, 64u << 10, 1u << 20, 16u << 20};
const std::filesystem::path kStock = "/lib/firmware";

struct Way {
  const char* placement;
  std::uint32_t way;
  std::filesystem::path folder;  // where its files are
};

std::string size_text(std::size_t bytes) {
  return bytes < 1u << 20 ? fmt::format("{} KiB", bytes >> 10) : fmt::format("{} MiB", bytes >> 20);
}

// Nanoseconds from the question to the answer, which is looked at: all of the file came.
Outcome<double> ask(const Way& way, const std::string& name, std::size_t bytes) {
  UniqueFd device(open(RS_FIRMWARE_DEVICE, O_RDWR | O_CLOEXEC));
  if (!device) return system_failure("open", RS_FIRMWARE_DEVICE);
  rs_firmware_ask ask{};
  ask.size = sizeof ask, ask.version = RS_FIRMWARE_VERSION, ask.way = way.way;
  name.copy(ask.name, sizeof ask.name - 1);
  if (way.way == RS_FIRMWARE_READ) way.folder.native().copy(ask.folder, sizeof ask.folder - 1);
  if (ioctl(device.get(), RS_FIRMWARE_IOC_ASK, &ask) != 0) return system_failure("ask for", name);
  if (ask.error != 0)
    return Failure{fmt::format("{} for {}: {}", name, way.placement,
                               std::strerror(static_cast<int>(ask.error)))};
  if (ask.bytes != bytes)
    return Failure{fmt::format("{}: {} bytes, expected {}", name, ask.bytes, bytes)};
  return static_cast<double>(ask.elapsed_ns);
}

Outcome<std::vector<double>> samples_of(const Way& way, std::size_t bytes) {
  auto first = way.folder / fmt::format("bench-{}-{}", way.placement, bytes);
  std::ofstream(first, std::ios::binary) << std::string(bytes, 'f');
  std::vector<double> samples;
  for (int sample = -1; sample < kSamples; ++sample) {  // the first one warms up
    auto name = fmt::format("{}-{}", first.filename().native(), sample + 1);
    std::filesystem::create_hard_link(first, way.folder / name);
    auto elapsed = TRY(ask(way, name, bytes));
    std::filesystem::remove(way.folder / name);
    if (sample >= 0) samples.push_back(elapsed);
  }
  std::filesystem::remove(first);
  return samples;
}

Outcome<Nothing> run(Context context, const std::filesystem::path& folder) {
  name_running_kernel(context);
  bool counted = context.accelerator.ends_with("-count");
  const Way ways[] = {{"user", RS_FIRMWARE_REQUEST, folder},
                      {"kernel", RS_FIRMWARE_READ, folder},
                      {"stock", RS_FIRMWARE_REQUEST, kStock}};
  for (const auto& way : ways)
    for (auto bytes : kSizes) {
      auto samples = TRY(samples_of(way, bytes));
      Measure measure{way.placement,
                      "firmware of " + size_text(bytes),
                      counted ? "instructions" : "time",
                      counted ? "instructions" : "ns",
                      {{"bytes", bytes}},
                      std::move(samples)};
      fmt::print("{}\n", to_json(context, measure).dump());
    }
  return ok;
}

}  // namespace
}  // namespace ringside::bench

int main(int argc, char** argv) {
  using namespace ringside;
  if (argc != 2) {
    fmt::print(stderr, "usage: bench-firmware FOLDER, which `ringside firmware serve` serves\n");
    return kUsage;
  }
  auto done = bench::run(bench::this_context("firmware", argc, argv), argv[1]);
  if (done) return 0;
  fmt::print(stderr, "bench-firmware: {}\n", done.error().message);
  return kUnknown;
}
