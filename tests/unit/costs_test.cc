// user/costs: what is measured, results read back, and the advice that comes of them.
#include "user/costs/costs.hh"

#include <gtest/gtest.h>

#include <cstdio>
#include <filesystem>
#include <fstream>

#include "user/costs/advise.hh"

namespace ringside::costs {
namespace {

using channels::Loss;

Cost cost(std::string channel, Service service, std::size_t bytes, double median,
          unsigned batch = 1) {
  return {"6.1.0", "tcg-count", "instructions", std::move(channel), {service, bytes, batch},
          median};
}

std::string line_of(const Cost& cost) {
  bench::Context context{"channels", cost.kernel, "", "", cost.accelerator, "", ""};
  return bench::to_json(context, to_measure(cost.channel, cost.point, {cost.median},
                                            cost.unit == "instructions"))
      .dump();
}

Outcome<std::vector<Cost>> parsed(const std::vector<std::string>& lines) {
  return parse_costs(lines, "FILE");
}

TEST(CostsPoints, AreEverySizeThatAChannelCarries) {
  channels::Ability all{true, true, true, true};
  auto points = points_of(all);
  EXPECT_EQ(points.size(), 3 * kSizes.size() + 1);
  for (const auto& point : points) EXPECT_EQ(point.batch, 1u);
  all.most = 4096 - 16;
  EXPECT_EQ(points_of(all).size(), 3 * 3 + 1u) << "8 B, 64 B, 1 KiB";
  EXPECT_EQ(points_of({false, false, false, true, 0}).size(), 1u);
  EXPECT_TRUE(points_of({}).empty());
}

TEST(CostsPoints, AreSingleAndInBatchesWhereAChannelMakesThem) {
  channels::Ability ring{true, true, true, true, 1000, Loss::kNone, 128, 16};
  std::vector<unsigned> echo, stream, sink;
  for (const auto& point : points_of(ring)) {
    if (point.service == Service::kEcho) echo.push_back(point.batch);
    if (point.service == Service::kStream) stream.push_back(point.batch);
    if (point.service == Service::kSink) sink.push_back(point.batch);
  }
  EXPECT_EQ(echo, (std::vector<unsigned>{1, 1})) << "a request waits for its reply";
  EXPECT_EQ(stream, (std::vector<unsigned>{1, 128, 1, 128}));
  EXPECT_EQ(sink, (std::vector<unsigned>{1, 16, 1, 16}));
}

TEST(CostsResults, ComeBackAsTheyWereWritten) {
  auto written = cost("ring", Service::kSink, 1024, 123.5, 128);
  auto read = parsed({line_of(written)});
  ASSERT_TRUE(read) << read.error().message;
  ASSERT_EQ(read->size(), 1u);
  const auto& only = read->front();
  EXPECT_EQ(only.kernel, "6.1.0");
  EXPECT_EQ(only.accelerator, "tcg-count");
  EXPECT_EQ(only.unit, "instructions");
  EXPECT_EQ(only.channel, "ring");
  EXPECT_EQ(only.point.service, Service::kSink);
  EXPECT_EQ(only.point.bytes, 1024u);
  EXPECT_EQ(only.point.batch, 128u);
  EXPECT_EQ(only.median, 123.5);
}

TEST(CostsResults, OfOtherServicesAndBareCallsAreLeftOut) {
  bench::Context context;
  context.service = "ksyms";
  auto other = bench::to_json(context, to_measure("ring", {}, {1}, true)).dump();
  context.service = "channels";
  auto call = bench::to_json(context, {"call", "getppid", "time", "ns", {}, {1}, {}}).dump();
  auto read = parsed({other, line_of(cost("ioctl", Service::kEcho, 8, 1)), call});
  ASSERT_TRUE(read) << read.error().message;
  EXPECT_EQ(read->size(), 1u);
}

TEST(CostsResults, TheLaterOfTwoEqualPointsCounts) {
  auto first = cost("ioctl", Service::kEcho, 64, 700), other = first, again = first;
  other.kernel = "6.12.0", again.median = 600;
  auto batch = cost("ioctl", Service::kEcho, 64, 100, 128);
  auto read = parsed({line_of(first), line_of(other), line_of(batch), line_of(again)});
  ASSERT_TRUE(read);
  ASSERT_EQ(read->size(), 3u);
  EXPECT_EQ((*read)[0].median, 600) << "in the first one's place";
  EXPECT_EQ((*read)[1].median, 700);
  EXPECT_EQ((*read)[2].median, 100);
}

TEST(CostsResults, AMalformedLineIsNamed) {
  auto good = line_of(cost("ioctl", Service::kEcho, 8, 1));
  auto broken = [&](const std::string& from, const std::string& to) {
    auto line = good;
    auto at = line.find(from);
    EXPECT_NE(at, std::string::npos) << from;
    return line.replace(at, from.size(), to);
  };
  for (const auto& line :
       {std::string("{"), std::string(), std::string("[]"), std::string("{}"),
        broken("\"echo\"", "\"shout\""), broken("\"median\":1.0", "\"median\":\"one\""),
        broken("\"placement\":\"ioctl\"", "\"placement\":7"), broken("\"bytes\":8", "\"bytes\":{}"),
        broken("\"kernel\":\"6.1.0\",", "")}) {
    auto read = parsed({good, good, line});
    ASSERT_FALSE(read) << line;
    EXPECT_EQ(read.error().message.find("FILE: line 3: "), 0u) << read.error().message;
    EXPECT_EQ(read.error().message.find('\n'), std::string::npos) << read.error().message;
  }
}

TEST(CostsResults, AFileThatIsNotThereIsSaid) {
  auto read = read_costs("/no/such/file");
  ASSERT_FALSE(read);
  EXPECT_NE(read.error().message.find("/no/such/file"), std::string::npos);
  auto path = testing::TempDir() + "costs_test.jsonl";
  std::ofstream(path) << line_of(cost("ioctl", Service::kEcho, 8, 1)) << '\n';
  EXPECT_EQ(read_costs(path)->size(), 1u);
  std::filesystem::remove(path);
}

TEST(CostsOfKernel, IsOneKernelAndOneClock) {
  std::vector<Cost> costs(6, cost("ioctl", Service::kEcho, 8, 1));
  costs[0].kernel = costs[1].kernel = "6.1.0-57-amd64";
  costs[2].kernel = costs[3].kernel = "6.12.117-amd64";
  costs[1].accelerator = costs[3].accelerator = "tcg", costs[1].unit = costs[3].unit = "ns";
  costs[4].kernel = costs[5].kernel = "6.6.1";
  costs[4].accelerator = "tcg", costs[5].accelerator = "kvm", costs[4].unit = costs[5].unit = "ns";
  auto of = [&](const char* kernel) { return of_kernel(costs, kernel); };
  ASSERT_EQ(of("6.1").size(), 1u) << "not 6.12, and instructions before time";
  EXPECT_EQ(of("6.1")[0].kernel, "6.1.0-57-amd64");
  EXPECT_EQ(of("6.1")[0].unit, "instructions");
  EXPECT_EQ(of("6.12")[0].kernel, "6.12.117-amd64");
  ASSERT_EQ(of("").size(), 1u);
  EXPECT_EQ(of("")[0].accelerator, "kvm") << "the last, where none counts";
  EXPECT_EQ(of("6.12.117-amd64").size(), 1u);
  EXPECT_TRUE(of("5.10").empty());
  EXPECT_TRUE(of_kernel({}, "").empty());
  EXPECT_EQ(kernels_of(costs),
            (std::vector<std::string>{"6.1.0-57-amd64", "6.12.117-amd64", "6.6.1"}));
}

TEST(CostsTable, HasARowForEachServiceAndSizeAndAColumnForEachChannel) {
  auto table = to_table(
      {cost("ioctl", Service::kEcho, 8, 1234.4), cost("ring", Service::kEcho, 8, 99.6),
       cost("ring", Service::kStream, 1u << 20, 7, 128), cost("ioctl", Service::kNotify, 0, 5)});
  EXPECT_EQ(table,
            "instructions a message       ioctl      ring\n"
            "echo 8 B                      1234       100\n"
            "stream 1 MiB, batches                      7\n"
            "notify                           5          \n");
}

TEST(CostsTable, SizesAreTextForAPerson) {
  EXPECT_EQ(size_text(8), "8 B");
  EXPECT_EQ(size_text(1024), "1 KiB");
  EXPECT_EQ(size_text(1025), "1025 B");
  EXPECT_EQ(size_text(65536), "64 KiB");
  EXPECT_EQ(size_text(1u << 20), "1 MiB");
}

// Costs of every channel for every service, dear ones but for those that a test names.
std::vector<Cost> dear_but(const std::vector<Cost>& cheap) {
  auto costs = cheap;
  for (const auto& kind : channels::kinds())
    for (const auto& point : points_of(kind.ability)) {
      auto is_it = [&](const Cost& cost) {
        return cost.channel == kind.name && cost.point.service == point.service;
      };
      if (std::none_of(cheap.begin(), cheap.end(), is_it))
        costs.push_back(cost(std::string(kind.name), point.service, point.bytes, 9e5, point.batch));
    }
  return costs;
}

const Advice& of_channel(const std::vector<Advice>& all, std::string_view channel) {
  return *std::find_if(all.begin(), all.end(),
                       [&](const Advice& advice) { return advice.channel == channel; });
}

TEST(CostsAdvice, SaysOfEveryChannelWhetherItFits) {
  auto all = advise({64, 1000, Direction::kBoth, false}, dear_but({}));
  EXPECT_EQ(all.size(), channels::kinds().size());
  bool fits = true;
  for (const auto& advice : all) {
    EXPECT_FALSE(advice.reason.empty()) << advice.channel;
    EXPECT_LE(advice.fits, fits) << "those that fit come first";
    fits = advice.fits;
  }
}

TEST(CostsAdvice, WhatIsForTheLabIsNotForDrivers) {
  auto all = advise({64, 1, Direction::kBoth, true}, dear_but({}));
  EXPECT_EQ(of_channel(all, "syscall").reason, "is for the lab alone");
  EXPECT_EQ(all[0].channel, "ioctl");
}

TEST(CostsAdvice, ADirectionIsAService) {
  auto costs = dear_but({});
  auto reason = [&](Direction direction, const char* channel) {
    auto all = advise({64, 1000, direction, true}, costs);
    auto advice = of_channel(all, channel);
    return advice.fits ? "fits" : advice.reason;
  };
  EXPECT_EQ(reason(Direction::kToUser, "relay"), "fits");
  EXPECT_EQ(reason(Direction::kToKernel, "relay"), "carries no data to the kernel");
  EXPECT_EQ(reason(Direction::kBoth, "relay"), "answers no requests");
  EXPECT_EQ(reason(Direction::kEvent, "relay"), "wakes nobody up");
  EXPECT_EQ(reason(Direction::kToUser, "eventfd"), "carries no data to user space");
  EXPECT_EQ(reason(Direction::kEvent, "eventfd"), "fits") << "whatever the size";
  EXPECT_EQ(reason(Direction::kEvent, "procfs"), "wakes nobody up");
}

TEST(CostsAdvice, WhatIsTooLargeDoesNotFit) {
  auto costs = dear_but({});
  auto fits = [&](std::size_t bytes, const char* channel) {
    return of_channel(advise({bytes, 1000, Direction::kBoth, false}, costs), channel).fits;
  };
  EXPECT_TRUE(fits(4080, "sysfs"));
  EXPECT_FALSE(fits(4081, "sysfs"));
  EXPECT_TRUE(fits(1u << 20, "ioctl"));
  auto all = advise({(1u << 20) + 1, 1000, Direction::kBoth, false}, costs);
  for (const auto& advice : all) EXPECT_FALSE(advice.fits) << advice.channel;
  EXPECT_EQ(of_channel(all, "ioctl").reason, "carries 1048576 bytes at most");
}

TEST(CostsAdvice, LossIsForThoseWhoAllowIt) {
  auto costs = dear_but({});
  auto strict = advise({64, 1000, Direction::kToUser, false}, costs);
  EXPECT_EQ(of_channel(strict, "relay").reason, "loses what has no room, and counts it");
  EXPECT_EQ(of_channel(strict, "bpf").reason, "loses what has no room, and counts it");
  EXPECT_EQ(of_channel(strict, "recorder").reason,
            "loses what was not taken in time, and counts it");
  EXPECT_TRUE(of_channel(strict, "ioctl").fits);
  auto lax = advise({64, 1000, Direction::kToUser, true}, costs);
  for (const char* channel : {"relay", "recorder", "bpf"})
    EXPECT_TRUE(of_channel(lax, channel).fits) << channel;
}

TEST(CostsAdvice, ALossyStreamMayStillTellEvents) {
  EXPECT_TRUE(of_channel(advise({0, 1, Direction::kEvent, false}, dear_but({})), "bpf").fits);
}

TEST(CostsAdvice, WhatWasNotMeasuredDoesNotFit) {
  auto all = advise({64, 1e6, Direction::kBoth, false}, {cost("ioctl", Service::kEcho, 64, 700)});
  EXPECT_TRUE(all[0].fits);
  EXPECT_EQ(all[0].channel, "ioctl");
  EXPECT_EQ(of_channel(all, "ring").reason, "was not measured");
  EXPECT_FALSE(advise({64, 1e6, Direction::kBoth, false}, {})[0].fits);
}

TEST(CostsAdvice, TheCheapestComesFirstWhereItMatters) {
  auto costs =
      dear_but({cost("netlink", Service::kEcho, 64, 500), cost("procfs", Service::kEcho, 64, 400)});
  auto all = advise({64, 1e6, Direction::kBoth, false}, costs);
  EXPECT_EQ(all[0].channel, "procfs");
  EXPECT_EQ(all[0].cost, 400);
  EXPECT_EQ(all[0].reason, "400 instructions a message, 400 million a second");
  EXPECT_EQ(all[1].channel, "netlink");
}

TEST(CostsAdvice, BelowAShareOfACpuTheSimplestComesFirst) {
  auto costs =
      dear_but({cost("ioctl", Service::kEcho, 64, 999), cost("netlink", Service::kEcho, 64, 500),
                cost("procfs", Service::kEcho, 64, 400)});
  auto rare = advise({64, 1000, Direction::kBoth, false}, costs);
  EXPECT_EQ(rare[0].channel, "ioctl") << "0.999 million a second: nobody minds";
  EXPECT_EQ(rare[1].channel, "procfs") << "before netlink among the kinds";
  auto often = advise({64, 1002, Direction::kBoth, false}, costs);
  EXPECT_EQ(often[0].channel, "procfs") << "ioctl's are 1.001 million now";
  EXPECT_EQ(often[1].channel, "netlink");
  EXPECT_EQ(often[2].channel, "ioctl");
}

TEST(CostsAdvice, SizesBetweenAndBeyondThoseMeasuredAreOnALine) {
  std::vector<Cost> costs{cost("ioctl", Service::kSink, 1000, 1000),
                          cost("ioctl", Service::kSink, 100, 100),
                          cost("ioctl", Service::kSink, 2000, 3000)};
  auto at = [&](std::size_t bytes) {
    return of_channel(advise({bytes, 1, Direction::kToKernel, false}, costs), "ioctl").cost;
  };
  EXPECT_DOUBLE_EQ(at(10), 100) << "below the least: as the least";
  EXPECT_DOUBLE_EQ(at(100), 100);
  EXPECT_DOUBLE_EQ(at(550), 550);
  EXPECT_DOUBLE_EQ(at(1000), 1000);
  EXPECT_DOUBLE_EQ(at(1500), 2000);
  EXPECT_DOUBLE_EQ(at(3000), 5000) << "beyond: the last step's slope";
}

// 1000 alone, 100 in batches of 128: what comes within kMostDelay shares a call.
TEST(CostsAdvice, AQuickRateIsWorthBatches) {
  std::vector<Cost> costs{cost("uring", Service::kSink, 64, 1000),
                          cost("uring", Service::kSink, 64, 100, 128)};
  auto at = [&](double rate) {
    return of_channel(advise({64, rate, Direction::kToKernel, false}, costs), "uring");
  };
  EXPECT_DOUBLE_EQ(at(1).cost, 1000);
  EXPECT_DOUBLE_EQ(at(1 / kMostDelay).cost, 1000) << "one within the delay";
  EXPECT_EQ(at(1).reason.find("system call"), std::string::npos);
  EXPECT_DOUBLE_EQ(at(10 / kMostDelay).cost, 100 + 900.0 / 10);
  EXPECT_NE(at(10 / kMostDelay).reason.find("10 messages with one system call"), std::string::npos);
  EXPECT_DOUBLE_EQ(at(1e9).cost, 100 + 900.0 / 128) << "no more than a batch has";
}

}  // namespace
}  // namespace ringside::costs
