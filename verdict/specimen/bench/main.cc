// What a digest costs on each side, by size; in a guest, with specimen.ko. Writes results, a JSON
// object a line, as Ringside's docs/results.md describes them. Where instructions are counted
// (ringside lab run --count) a nanosecond is one.
#include <fcntl.h>
#include <sys/utsname.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <string>
#include <vector>

#include "core/specimen.hh"

namespace {

constexpr int kRounds = 5, kTimes = 200;

double now() {
  timespec time{};
  clock_gettime(CLOCK_MONOTONIC, &time);
  return static_cast<double>(time.tv_sec) * 1e9 + static_cast<double>(time.tv_nsec);
}

std::string given(const char* name, const char* otherwise) {
  const char* value = std::getenv(name);
  return value ? value : otherwise;
}

template <class Work>
std::vector<double> measure(Work work) {
  std::vector<double> samples;
  for (int round = 0; round < kRounds; ++round) {
    double begin = now();
    for (int time = 0; time < kTimes; ++time) work();
    samples.push_back((now() - begin) / kTimes);
  }
  return samples;
}

void print(const char* placement, unsigned long bytes, std::vector<double> samples) {
  utsname system{};
  uname(&system);
  auto accelerator = given("RINGSIDE_ACCELERATOR", "native");
  bool counted = accelerator == "tcg-count";
  std::string list;
  for (double each : samples) list += (list.empty() ? "" : ", ") + std::to_string(each);
  std::sort(samples.begin(), samples.end());
  double median = samples[samples.size() / 2];
  std::printf(
      "{\"schema\": 1, \"service\": \"specimen\", \"placement\": \"%s\", \"operation\": \"digest "
      "%lu "
      "B\", \"parameters\": {\"bytes\": %lu}, \"kernel\": \"%s\", \"build_id\": \"\", \"machine\": "
      "\"%s\", \"accelerator\": \"%s\", \"metric\": \"%s\", \"unit\": \"%s\", \"samples\": [%s], "
      "\"median\": %f, \"spread\": %f, \"peer\": null, \"command\": \"make bench\", \"commit\": "
      "\"unknown\"}\n",
      placement, bytes, bytes, system.release, given("RINGSIDE_MACHINE", "unknown").c_str(),
      accelerator.c_str(), counted ? "instructions" : "time", counted ? "instructions" : "ns",
      list.c_str(), median, (samples.back() - samples.front()) / median);
}

}  // namespace

int main() {
  int device = open("/dev/specimen", O_RDWR | O_CLOEXEC);
  if (device < 0) return std::perror("/dev/specimen"), 2;
  for (unsigned long bytes : {64ul, 1024ul, 4096ul, 65536ul}) {
    std::vector<unsigned char> room(bytes, 'x');
    specimen_service::Digest digest;
    print("user", bytes, measure([&] { digest.feed(room.data(), bytes); }));
    print("kernel", bytes, measure([&] {
            if (write(device, room.data(), bytes) != static_cast<long>(bytes)) std::abort();
          }));
    if (digest.value() == 0) std::abort();  // so that nothing is optimised away
  }
  return 0;
}
