#include "user/costs/measure.hh"

#include <algorithm>

#include "user/bench/results.hh"

namespace ringside::costs {
namespace {

using channels::Ability;
using channels::Channel;
using namespace std::chrono_literals;

constexpr int kSamples = 5;
constexpr std::size_t kFewestMessages = 4;
constexpr std::size_t kSampleBytes = 4u << 20;

// Enough for a quiet figure, and little enough for a guest that is emulated.
std::size_t messages_of(const Point& point) {
  if (point.service == Service::kNotify) return 32;
  auto most = std::max<std::size_t>(2 * point.batch, 256);
  return std::clamp(kSampleBytes / (point.bytes + 1), kFewestMessages, most);
}

class Measurement {
 public:
  Measurement(Channel& channel, const Point& point)
      : channel_(channel),
        point_(point),
        payload_(point.bytes),
        count_(messages_of(point)),
        payloads_(count_, Bytes(payload_)) {}

  Outcome<Nothing> prepare() {
    channel_.set_batch(point_.batch);
    bool streams = point_.service == Service::kStream;
    return channel_.setup(streams ? static_cast<std::uint32_t>(point_.bytes) : 0, false);
  }
  Outcome<double> sample() {
    double began = bench::now();
    TRY(all());
    return (bench::now() - began) / static_cast<double>(count_);
  }

 private:
  Outcome<Nothing> all() {
    switch (point_.service) {
      case Service::kEcho:
        for (std::size_t each = 0; each < count_; ++each) TRY(channel_.call(payload_, reply_));
        return ok;
      case Service::kStream:
        return channel_.receive_each(count_, [](std::uint64_t, Bytes) {});
      case Service::kSink:
        TRY(channel_.send_all(payloads_));
        return channel_.flush();
      case Service::kNotify:
        break;
    }
    for (std::size_t each = 0; each < count_; ++each) TRY(one_event());
    return ok;
  }
  Outcome<Nothing> one_event() {
    TRY(channel_.notify(0us));
    if (!TRY(channel_.wait(5s))) return Failure{"no event after five seconds"};
    return ok;
  }

  Channel& channel_;
  Point point_;
  std::vector<std::byte> payload_, reply_;
  std::size_t count_;
  std::vector<Bytes> payloads_;
};

}  // namespace

bool can(const Ability& ability, Service service) {
  const bool all[] = {ability.echo, ability.stream, ability.sink, ability.notify};
  return all[static_cast<std::size_t>(service)];
}

// An echo is never in a batch: who asks waits for the answer.
static unsigned batch_of(const Ability& ability, Service service) {
  return service == Service::kStream ? ability.batch
         : service == Service::kSink ? ability.sink_batch
                                     : 1;
}

std::vector<Point> points_of(const Ability& ability) {
  std::vector<Point> points;
  for (auto service : {Service::kEcho, Service::kStream, Service::kSink}) {
    if (!can(ability, service)) continue;
    unsigned batch = batch_of(ability, service);
    for (auto bytes : kSizes) {
      if (bytes > ability.most) continue;
      points.push_back({service, bytes, 1});
      if (batch > 1) points.push_back({service, bytes, batch});
    }
  }
  if (can(ability, Service::kNotify)) points.push_back({Service::kNotify, 0, 1});
  return points;
}

Outcome<std::vector<double>> measure(Channel& channel, const Point& point) {
  Measurement measurement(channel, point);
  TRY(measurement.prepare());
  TRY(measurement.sample());  // memory is grown and touched
  std::vector<double> samples;
  for (int each = 0; each < kSamples; ++each) samples.push_back(TRY(measurement.sample()));
  return samples;
}

}  // namespace ringside::costs
