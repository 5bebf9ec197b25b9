// verdict: what follows from results, on results that were made up so that each threshold is met
// from either side; and what is said of results that are missing, cut off or of another form.
#include <gtest/gtest.h>

#include <cmath>
#include <functional>

#include "tests/unit/temporary.hh"
#include "verdict/verdict.hh"

namespace ringside::verdict {
namespace {

using nlohmann::json;

constexpr const char* kSpec = R"({
  "thresholds": {"cost_ratio": 1.1, "cpu_share": 0.01, "instructions_per_second": 1e9,
                 "branch_ratio": 1.25, "changed_share": 0.02, "files_more": 4, "back_seconds": 5,
                 "least_points": 3},
  "kernels": ["6.1", "6.12"],
  "services": [{"name": "sum", "title": "sums", "bench": "bench/sum-run build KERNEL",
    "modules": ["sum"], "glue": {"core": ["core"]}, "before_root": true,
    "pairs": [{"what": "a sum", "unit": "instructions", "accelerator": "tcg-count", "size": "bytes",
               "rate": 1000, "why": "somebody asks",
               "user": {"placement": "user", "operation": "sum *"},
               "kernel": {"placement": "kernel", "operation": "sum *"}}]}]})";

Spec spec() {
  auto parsed = parse_spec(kSpec, "spec");
  EXPECT_TRUE(parsed) << parsed.error().message;
  return *parsed;
}

// A row as a bench writes it.
json line(const std::string& placement, const std::string& operation, const std::string& unit,
          double value, json parameters = json::object(), const std::string& kernel = "6.1.0-1") {
  return {{"schema", 1},
          {"service", "sum"},
          {"placement", placement},
          {"operation", operation},
          {"parameters", parameters},
          {"kernel", kernel},
          {"build_id", ""},
          {"machine", "a machine"},
          {"accelerator", "tcg-count"},
          {"metric", "any"},
          {"unit", unit},
          {"samples", {value}},
          {"median", value},
          {"spread", 0},
          {"peer", nullptr},
          {"command", "make"},
          {"commit", "1"}};
}

json symbol(const char* crc, const char* prototype, const char* exported) {
  return {{"crc", crc}, {"prototype", prototype}, {"exported", exported}, {"imported", true}};
}

// A service of which all speaks for user space. Tests change one thing.
struct Measurements {
  double user_cost = 1000, kernel_cost = 1000, user_branches = 10, kernel_branches = 10;
  double kernel_locks = 1, user_files = 2, kernel_files = 2;
  json first = {{"kfree", symbol("0x1", "void kfree(void *)", "yes")},
                {"kmap", symbol("0x2", "void *kmap(int)", "yes")}};
  json second = {{"kfree", symbol("0x1", "void kfree(void *)", "yes")},
                 {"kmap", symbol("0x3", "void *kmap(long)", "yes")}};
  json files = {"/proc/self/stat"};
  bool kernel_contained = false, user_contained = true;

  std::vector<json> lines() const {
    std::vector<json> all = {
        line("user", "sum 64 B", "instructions", user_cost, {{"bytes", 64}}),
        line("user", "sum 64 KiB", "instructions", user_cost, {{"bytes", 65536}}),
        line("kernel", "sum 64 B", "instructions", kernel_cost, {{"bytes", 64}}),
        line("kernel", "sum 64 KiB", "instructions", kernel_cost, {{"bytes", 65536}}),
        line("kernel", "imports", "symbols", 2, {{"symbols", first}}, "6.1.0-1"),
        line("kernel", "imports", "symbols", 2, {{"symbols", second}}, "6.12.1"),
        line("user", "system calls", "calls", 1, {{"calls", {{"read", 3}}}, {"files", files}}),
        line("user", "delivery", "files", user_files, {{"files", {"sum"}}}),
        line("kernel", "delivery", "files", kernel_files, {{"files", {"sum.ko"}}})};
    for (auto [placement, branches, locks] :
         {std::tuple{"user", user_branches, 0.0}, {"kernel", kernel_branches, kernel_locks}}) {
      all.push_back(line(placement, "glue", "branches", branches));
      all.push_back(line(placement, "glue", "locks", locks));
      all.push_back(line(placement, "glue", "atomic sections", 0));
    }
    for (const char* fault : {"null", "loop", "leak", "stack", "garbage"})
      for (auto [placement, contained] :
           {std::pair{"user", user_contained}, {"kernel", kernel_contained}})
        all.push_back(line(placement, std::string("fault ") + fault, "s", 1,
                           {{"guest", contained ? "lives" : "panics"},
                            {"back", contained},
                            {"down", json::array()}}));
    return all;
  }
};

std::string text_of(const std::vector<json>& lines) {
  std::string text;
  for (const auto& each : lines) text += each.dump() + "\n";
  return text;
}

Verdict judged(const std::vector<json>& lines) {
  auto rows = parse_rows(text_of(lines), "made up");
  EXPECT_TRUE(rows) << rows.error().message;
  auto known = spec();
  return judge(known.services[0], known.thresholds, *rows, "6.1.0-1", {"6.1.0-1", "6.12.1"});
}
Verdict judged(const Measurements& measurements) {
  return judged(measurements.lines());
}

Side side(const Verdict& verdict, const std::string& name) {
  for (const auto& point : verdict.points)
    if (point.name == name) return point.side;
  return Side::kOpen;
}

bool has(const std::vector<std::string>& lines, const std::string& text) {
  for (const auto& each : lines)
    if (each.find(text) != each.npos) return true;
  return false;
}

TEST(Verdict, AllForUserSpace) {
  auto verdict = judged(Measurements{});
  EXPECT_EQ(verdict.recommendation, Side::kUser);
  EXPECT_FALSE(verdict.provisional) << verdict.missing[0];
  for (const auto& point : verdict.points) EXPECT_EQ(point.side, Side::kUser) << point.name;
}

// The difference costs 1 % of a CPU at 1,000 a second from 10,000 instructions on.
TEST(Verdict, CostTurnsItWhereItPassesTheShareOfACpu) {
  Measurements measurements;
  measurements.user_cost = 10'900;
  EXPECT_EQ(judged(measurements).recommendation, Side::kUser);
  measurements.user_cost = 11'100;
  auto verdict = judged(measurements);
  EXPECT_EQ(side(verdict, "performance"), Side::kKernel);
  EXPECT_EQ(verdict.recommendation, Side::kKernel);
  EXPECT_TRUE(has(verdict.reasons, "performance decides alone"));
  EXPECT_TRUE(has(verdict.changes, "break-even at 990.1 a second"));
}

// Both dear and alike: the ratio is what it was allowed to be.
TEST(Verdict, ADearServiceMayCostAsMuchOnEitherSide) {
  Measurements measurements;
  measurements.user_cost = 1.09e9, measurements.kernel_cost = 1e9;
  EXPECT_EQ(side(judged(measurements), "performance"), Side::kUser);
  measurements.user_cost = 1.11e9;
  EXPECT_EQ(side(judged(measurements), "performance"), Side::kKernel);
}

// What lies within the spread of both is no difference.
TEST(Verdict, NoiseIsNoDifference) {
  Measurements measurements;
  measurements.user_cost = 20'000, measurements.kernel_cost = 1000;
  auto lines = measurements.lines();
  for (auto& each : lines)
    if (each["unit"] == "instructions") {
      double value = each["median"];
      each["samples"] = {value / 30, value / 20, value, value * 20, value * 30};
    }
  auto verdict = judged(lines);
  EXPECT_EQ(side(verdict, "performance"), Side::kUser);
  EXPECT_TRUE(has(verdict.points[0].reasons, "within the spread of both"));
  for (auto& each : lines)  // one that was disturbed is no spread
    if (each["unit"] == "instructions") {
      double value = each["median"];
      each["samples"] = {value, value, value, value, value * 1000};
    }
  EXPECT_EQ(side(judged(lines), "performance"), Side::kKernel);
}

// 2 times at 64 bytes, the same at 64 KiB: 1.1 in between, both axes logarithmic.
TEST(Verdict, BreakEvenSizeIsWhereTheRatioPassesTheLimit) {
  Measurements measurements;
  auto lines = measurements.lines();
  lines[0]["samples"] = {2000};
  lines[0]["median"] = 2000;
  auto verdict = judged(lines);
  double expected = 64 * std::pow(1024, std::log(2 / 1.1) / std::log(2));
  EXPECT_TRUE(has(verdict.changes, "break-even at " + size_text(expected, "bytes")));
  EXPECT_TRUE(has(verdict.changes, "below"));
}

TEST(Verdict, BranchesTurnSimplicity) {
  Measurements measurements;
  measurements.user_branches = 12;  // within 1.25, and the kernel has a lock
  EXPECT_EQ(side(judged(measurements), "simplicity"), Side::kUser);
  measurements.kernel_locks = 0;
  EXPECT_EQ(side(judged(measurements), "simplicity"), Side::kEven);
  measurements.user_branches = 13;
  EXPECT_EQ(side(judged(measurements), "simplicity"), Side::kKernel);
}

TEST(Verdict, ChangedAndUnexportedSymbolsTurnTheInterface) {
  Measurements measurements;
  measurements.second["kmap"] = symbol("0x3", "void *kmap(int)", "yes");  // only to be built anew
  EXPECT_EQ(side(judged(measurements), "interface stability"), Side::kEven);
  measurements.second["kmap"]["exported"] = "no";
  EXPECT_EQ(side(judged(measurements), "interface stability"), Side::kUser);
  measurements.second["kmap"]["exported"] = "absent";
  EXPECT_EQ(side(judged(measurements), "interface stability"), Side::kUser);
  measurements.files = {"/sys/kernel/debug/ours"};
  EXPECT_EQ(side(judged(measurements), "interface stability"), Side::kEven);
  measurements.second = measurements.first;
  EXPECT_EQ(side(judged(measurements), "interface stability"), Side::kKernel);
}

TEST(Verdict, FilesBeforeTheRootTurnDelivery) {
  Measurements measurements;
  measurements.user_files = 6;
  EXPECT_EQ(side(judged(measurements), "delivery"), Side::kUser);
  measurements.user_files = 7;
  auto verdict = judged(measurements);
  EXPECT_EQ(side(verdict, "delivery"), Side::kKernel);
  EXPECT_EQ(verdict.recommendation, Side::kKernel);  // alone
  EXPECT_TRUE(has(verdict.reasons, "delivery decides alone"));
}

// Lost memory is none that is back.
TEST(Verdict, ALeakIsNotContained) {
  auto lines = Measurements{}.lines();
  for (auto& each : lines)
    if (each["operation"] == "fault leak") each["parameters"]["lost_mib"] = 1000;
  EXPECT_TRUE(has(judged(lines).points[4].reasons, "4 are contained in user space"));
}

TEST(Verdict, ContainedFaultsTurnTheBlastRadius) {
  Measurements measurements;
  measurements.kernel_contained = true;
  EXPECT_EQ(side(judged(measurements), "blast radius"), Side::kEven);
  measurements.user_contained = false;
  EXPECT_EQ(side(judged(measurements), "blast radius"), Side::kKernel);
}

// Simplicity, interface and blast radius against user space; what is left for it is not more.
TEST(Verdict, TheSideWithMorePointsHasIt) {
  Measurements measurements;
  measurements.user_branches = 100;
  measurements.second = measurements.first;
  measurements.files = {"/sys/kernel/debug/ours"};
  measurements.kernel_contained = true;
  EXPECT_EQ(judged(measurements).recommendation, Side::kEven);
  measurements.user_contained = false;
  EXPECT_EQ(judged(measurements).recommendation, Side::kKernel);
}

std::vector<json> without(const std::vector<json>& lines, const std::string& operation) {
  std::vector<json> rest;
  for (const auto& each : lines)
    if (!each["operation"].get<std::string>().starts_with(operation)) rest.push_back(each);
  return rest;
}

TEST(Verdict, WhatIsMissingIsNamed) {
  auto all = Measurements{}.lines();
  struct Case {
    const char *operation, *point, *said;
  };
  for (const auto& each : {Case{"sum", "performance", "placement user, operation sum *"},
                           {"glue", "simplicity", "branches"},
                           {"imports", "interface stability", "6.12.1"},
                           {"system calls", "interface stability", "system calls"},
                           {"delivery", "delivery", "files"},
                           {"fault loop", "blast radius", "loop"}}) {
    auto verdict = judged(without(all, each.operation));
    EXPECT_TRUE(verdict.provisional) << each.operation;
    EXPECT_EQ(side(verdict, each.point), Side::kOpen) << each.operation;
    EXPECT_TRUE(has(verdict.missing, each.said)) << each.operation;
  }
}

TEST(Verdict, TooFewPointsLeaveItOpen) {
  auto lines = Measurements{}.lines();
  for (const char* gone : {"glue", "imports", "fault"}) lines = without(lines, gone);
  auto verdict = judged(lines);
  EXPECT_EQ(verdict.recommendation, Side::kOpen);
  EXPECT_TRUE(has(verdict.reasons, "2 of 5"));
}

// Each member in turn is taken away or made something else.
TEST(VerdictRows, MalformedOnesAreNamedByLineAndMember) {
  auto good = line("user", "sum", "s", 1);
  for (const auto& [name, value] : good.items()) {
    if (name == "build_id") continue;
    auto bad = good;
    bad.erase(name);
    auto rows = parse_rows(text_of({good, bad}), "some.jsonl");
    ASSERT_FALSE(rows) << name;
    EXPECT_NE(rows.error().message.find("some.jsonl: line 2: no member \"" + name + "\""),
              std::string::npos)
        << rows.error().message;
    bad[name] = true;
    auto other = parse_rows(text_of({good, bad}), "some.jsonl");
    ASSERT_FALSE(other) << name;
    EXPECT_NE(other.error().message.find("line 2: \"" + name + "\""), std::string::npos)
        << other.error().message;
  }
}

TEST(VerdictRows, CutOffEmptyAndInconsistentOnesAreRefused) {
  auto good = line("user", "sum", "s", 1).dump();
  EXPECT_TRUE(parse_rows(good, "f")) << "the last line may lack its end";
  auto cut = parse_rows(good + "\n" + good.substr(0, good.size() / 2), "f");
  ASSERT_FALSE(cut);
  EXPECT_NE(cut.error().message.find("f: line 2: not JSON, or cut off"), std::string::npos);
  EXPECT_FALSE(parse_rows("", "f"));
  auto other = line("user", "sum", "s", 1);
  other["median"] = 2;
  auto wrong = parse_rows(text_of({other}), "f");
  ASSERT_FALSE(wrong);
  EXPECT_NE(wrong.error().message.find("expected 1, the samples' middle, found 2"),
            std::string::npos);
  other = line("user", "sum", "s", 1);
  other["schema"] = 2;
  EXPECT_FALSE(parse_rows(text_of({other}), "f"));
}

using VerdictFolder = TemporaryTest;
TEST_F(VerdictFolder, IsAllOfItsResults) {
  EXPECT_FALSE(read_rows(folder_)) << "none in it";
  for (const char* name : {"a.jsonl", "b.jsonl", "c.txt"})
    write(folder_ / name, line("user", name, "s", 1).dump() + "\n");
  auto rows = read_rows(folder_);
  ASSERT_TRUE(rows);
  ASSERT_EQ(rows->size(), 2u);
  EXPECT_EQ((*rows)[1].operation, "b.jsonl");
}

TEST(VerdictSpec, MisspeltAndMissingWordsAreNamed) {
  auto fails = [](std::function<void(json&)> change, const std::string& said) {
    auto value = json::parse(kSpec);
    change(value);
    auto parsed = parse_spec(value.dump(), "spec");
    ASSERT_FALSE(parsed) << said;
    EXPECT_NE(parsed.error().message.find(said), std::string::npos) << parsed.error().message;
  };
  fails([](json& spec) { spec["thresholds"].erase("cpu_share"); }, "no \"cpu_share\"");
  fails([](json& spec) { spec["threshold"] = 1; }, "\"threshold\" is not known");
  fails([](json& spec) { spec["services"][0]["pairs"][0]["user"].erase("operation"); },
        "sum, a sum, user: no \"operation\"");
  fails([](json& spec) { spec["services"][0]["before_root"] = "yes"; }, "not of its type");
  EXPECT_FALSE(parse_spec("{", "spec"));
}

TEST(Verdict, KernelsAreFoundByTheirNames) {
  std::vector<Row> rows(5);
  rows[0].kernel = "6.1.0-57-amd64", rows[1].kernel = "6.12.117+deb12-amd64";
  rows[2].kernel = "6.1.0-57-rt-amd64", rows[3].kernel = "6.1.192-kasan", rows[4].kernel = "any";
  EXPECT_EQ(release_of("6.1", rows), "6.1.0-57-amd64");
  EXPECT_EQ(release_of("6.12", rows), "6.12.117+deb12-amd64");
  EXPECT_EQ(release_of("6.1-rt", rows), "6.1.0-57-rt-amd64");
  EXPECT_EQ(release_of("6.1-kasan", rows), "6.1.192-kasan");
  EXPECT_EQ(release_of("6.1.0-57-amd64", rows), "6.1.0-57-amd64");
  EXPECT_EQ(release_of("6.1.0-56-amd64", rows), "6.1.0-56-amd64") << "another release is none";
  EXPECT_EQ(release_of("6.12-rt", rows), "6.12-rt");
}

TEST(VerdictText, NumbersAreForPeople) {
  EXPECT_EQ(number_text(0.25), "0.25");
  EXPECT_EQ(number_text(999.5), "999.5");
  EXPECT_EQ(number_text(-1234), "-1,234");
  EXPECT_EQ(number_text(1'000'007), "1,000,007");
  EXPECT_EQ(number_text(2.5e9), "2.5 G");
  EXPECT_EQ(size_text(64, "bytes"), "64 bytes");
  EXPECT_EQ(size_text(65536, "bytes"), "64 KiB");
  EXPECT_EQ(size_text(16 << 20, "bytes"), "16 MiB");
  EXPECT_EQ(size_text(2048, "luns"), "2,048 luns");
  EXPECT_EQ(number_text(12'345'678), "12.3 M");
}

TEST(VerdictText, EveryPointAndFigureIsSaid) {
  auto verdict = judged(Measurements{});
  auto text = to_text(verdict);
  for (const auto& point : verdict.points) EXPECT_NE(text.find(point.name), std::string::npos);
  auto value = to_json(verdict);
  EXPECT_EQ(value["points"].size(), 5u);
  EXPECT_EQ(value["points"][2]["matrix"]["symbols"]["kmap"]["change"], "prototype changed");
  for (const auto& point : value["points"])
    for (const auto& figure : point["figures"])
      for (const char* name : {"kernel", "machine", "accelerator", "unit", "command"})
        EXPECT_FALSE(figure[name].get<std::string>().empty()) << figure;
}

// Nothing that a result brings becomes markup, and nothing is loaded.
TEST(VerdictPage, LoadsNothingAndEscapesEverything) {
  auto lines = Measurements{}.lines();
  for (auto& each : lines) each["command"] = "<script>&\"";
  auto known = spec();
  auto page = to_html({judged(lines)}, known.thresholds);
  EXPECT_EQ(page.find("<script"), std::string::npos);
  EXPECT_NE(page.find("&lt;script&gt;&amp;&quot;"), std::string::npos);
  for (const char* loading : {"src=", "url(", "@import", "http-equiv"})
    EXPECT_EQ(page.find(std::string(" ") + loading), std::string::npos) << loading;
}

}  // namespace
}  // namespace ringside::verdict
