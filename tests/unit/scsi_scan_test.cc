// core/scsi: targets scanned, by their lists and without, many at once; and from whoever means no
// good.
#include <algorithm>

#include "tests/unit/scsi_simulator.hh"

namespace ringside::scsi {
namespace {

using namespace test;

bool is_list(const Command& command) {
  return command.cdb.bytes[0] == 0xa0;
}
std::size_t lists_in(const std::vector<Command>& sent) {
  return static_cast<std::size_t>(std::count_if(sent.begin(), sent.end(), is_list));
}
std::vector<Lun> sorted(std::vector<Lun> luns) {
  std::sort(luns.begin(), luns.end());
  return luns;
}
std::vector<Lun> sequence(Lun count) {
  std::vector<Lun> luns(count);
  for (Lun i = 0; i < count; ++i) luns[i] = i;
  return luns;
}

TEST(ScsiAddress, LunsAreCountedAsLinuxDoes) {
  EXPECT_EQ(lun_of({0, 5, 0, 0, 0, 0, 0, 0}), 5u);
  EXPECT_EQ(lun_of({0x41, 0, 0, 0, 0, 0, 0, 0}), 0x4100u);
  EXPECT_EQ(lun_of({0xd2, 4, 0x0b, 3, 0, 0, 0, 0}), 0x0b03'd204u);
  EXPECT_EQ(lun_of({0xc1, 1, 0, 0, 0, 0, 0, 0}), kReportLunsLun);
  for (Lun lun : {Lun{0}, Lun{0x4100}, Lun{0x0b03'd204}, ~Lun{0}, Lun{0x0123'4567'89ab'cdef}})
    EXPECT_EQ(lun_of(bytes_of(lun)), lun);
}

TEST(ScsiAddress, EveryMethodIsTold) {
  auto parts = parts_of(0x0007);
  EXPECT_TRUE(parts.method == Method::kPeripheral && parts.bus == 0 && parts.number == 7);
  parts = parts_of(0x0307);
  EXPECT_TRUE(parts.method == Method::kPeripheral && parts.bus == 3 && parts.number == 7);
  parts = parts_of(0x4000 | 1023);
  EXPECT_TRUE(parts.method == Method::kFlat && parts.number == 1023 && !parts.is_nested);
  parts = parts_of(0x8000 | 5 << 8 | 2 << 5 | 9);
  EXPECT_TRUE(parts.method == Method::kLogicalUnit && parts.target == 5 && parts.bus == 2 &&
              parts.number == 9);
  parts = parts_of(lun_of({0xd2, 0x12, 0x34, 0x56, 0, 0, 0, 0}));
  EXPECT_TRUE(parts.method == Method::kExtended && parts.number == 0x123456);
  EXPECT_TRUE(is_well_known(0xc101) && is_well_known(0xc102) && !is_well_known(0xd101));
  EXPECT_TRUE(parts_of(0x0001'4001).is_nested);
}

TEST(ScsiScan, AListIsFollowedInItsOrder) {
  Simulator simulator;
  auto& target = simulator.target(0);
  for (Lun lun : {0u, 1u, 5u, 0x4100u, 0x8123u}) target.units[lun] = disk();
  target.list = report_data({5, 0, 0x8123, 1, 0x4100});
  auto outcome = run(simulator);
  EXPECT_EQ(outcome.luns(), (std::vector<Lun>{0, 5, 0x8123, 1, 0x4100}));
  EXPECT_EQ(outcome.summaries[0].way, Way::kReported);
  EXPECT_EQ(outcome.summaries[0].devices, 5u);
  EXPECT_EQ(outcome.devices[1].inquiry.size(), 96u);
}

TEST(ScsiScan, ManyTargetsAreAskedAtOnce) {
  Settings settings;
  settings.goals.clear();
  settings.slots = 64;
  Simulator simulator;
  for (std::uint32_t id = 0; id < 16; ++id) {
    settings.goals.push_back({0, id});
    for (Lun lun = 0; lun < 64; ++lun) simulator.target(id).units[lun] = disk();
  }
  for (unsigned seed : {0u, 1u, 2u, 3u}) {
    settings.seed = seed;
    auto outcome = run(simulator, settings);
    EXPECT_EQ(outcome.devices.size(), 1024u);
    EXPECT_EQ(outcome.most_out, 64u) << "no slot stays empty while there is something to ask";
  }
}

TEST(ScsiScan, AbsentTargetsCostOneCommand) {
  Simulator simulator;
  Settings settings;
  settings.goals = {{0, 0}, {0, 1}, {1, 0}};
  simulator.target(1).units[0] = disk();
  auto outcome = run(simulator, settings);
  EXPECT_EQ(outcome.devices.size(), 1u);
  EXPECT_EQ(outcome.summaries[0].way, Way::kAbsent);
  EXPECT_EQ(outcome.summaries[2].way, Way::kAbsent);
  EXPECT_EQ(simulator.sent.size(), 2 + 3u);
  EXPECT_EQ(outcome.others.size(), 2u);
}

TEST(ScsiScan, WithoutLun0TheListIsAskedAllTheSame) {
  Simulator simulator;
  simulator.target(0).units[3] = disk();
  auto outcome = run(simulator);
  EXPECT_EQ(outcome.luns(), std::vector<Lun>{3});
  EXPECT_EQ(outcome.summaries[0].way, Way::kReported);
  EXPECT_EQ(outcome.others.size(), 1u) << "LUN 0 said that it is none";
}

TEST(ScsiScan, WhereLun0CannotBeReachedTheWellKnownUnitIsAsked) {
  Simulator simulator;
  auto& target = simulator.target(0);
  target.units[3] = disk();
  target.units[kReportLunsLun] = inquiry_data(0x1e, 6, "RINGSIDE", "WLUN");
  target.list = report_data({3});
  target.fault = [](const Command& command) -> std::optional<Answer> {
    if (command.address.lun == 0) return Answer{Delivery::kNotAddressable};
    EXPECT_TRUE(!is_list(command) || command.address.lun == kReportLunsLun);
    return {};
  };
  auto outcome = run(simulator);
  EXPECT_EQ(outcome.luns(), std::vector<Lun>{3}) << "the well-known unit itself is no finding";
  EXPECT_TRUE(outcome.others.empty());
  target.list = report_data({3, 0});
  outcome = run(simulator);
  ASSERT_EQ(outcome.others.size(), 1u) << "but a LUN 0 that stands in the list is one";
  EXPECT_TRUE(outcome.others[0].is_listed);
  EXPECT_EQ(outcome.others[0].delivery, Delivery::kNotAddressable);
  target.units.erase(kReportLunsLun);
  target.fault = [](const Command&) { return Answer{Delivery::kNotAddressable}; };
  EXPECT_EQ(run(simulator).summaries[0].way, Way::kAbsent);
}

TEST(ScsiScan, ALongListIsAskedForAgain) {
  Simulator simulator;
  for (Lun lun = 0; lun < 1000; ++lun)
    simulator.target(0).units[lun < 256 ? lun : 0x4000 | lun] = disk();
  auto outcome = run(simulator);
  EXPECT_EQ(outcome.devices.size(), 1000u);
  EXPECT_FALSE(outcome.summaries[0].is_cut);
  EXPECT_EQ(lists_in(simulator.sent), 2u);
}

TEST(ScsiScan, AListThatKeepsGrowingIsCut) {
  Simulator simulator;
  auto& target = simulator.target(0);
  target.units[0] = disk();
  std::uint32_t says = 4096;
  target.fault = [&](const Command& command) -> std::optional<Answer> {
    if (!is_list(command)) return {};
    Data data = report_data({0, 1, 2});
    says += 8;
    for (unsigned i = 0; i < 4; ++i) data[i] = static_cast<std::uint8_t>(says >> (24 - 8 * i));
    return Answer{Delivery::kAnswered, 0, data};
  };
  auto outcome = run(simulator);
  EXPECT_EQ(lists_in(simulator.sent), 4u);
  EXPECT_TRUE(outcome.summaries[0].is_cut);
  EXPECT_EQ(outcome.others.size(), 2u);
}

TEST(ScsiScan, ListsHaveALimit) {
  Simulator simulator;
  auto& target = simulator.target(0);
  target.units[0] = disk();
  std::vector<Lun> luns;
  for (Lun lun = 0; lun < 20000; ++lun) luns.push_back(lun << 16 | 0x4001);
  target.list = report_data(luns);
  target.absent = nothing_there();
  auto outcome = run(simulator);
  EXPECT_TRUE(outcome.summaries[0].is_cut);
  EXPECT_EQ(outcome.others.size(), 16384u);
  for (const auto& command : simulator.sent) EXPECT_LE(command.reply_bytes, 8u * 16385);
  auto header = Data{0xff, 0xff, 0xff, 0xff, 0, 0, 0, 0};
  target.list = header;
  outcome = run(simulator);
  EXPECT_TRUE(outcome.summaries[0].is_cut);
  EXPECT_EQ(outcome.devices.size(), 1u);
}

TEST(ScsiScan, EachLunIsAskedOnce) {
  Simulator simulator;
  auto& target = simulator.target(0);
  for (Lun lun : {0u, 1u, 2u}) target.units[lun] = disk();
  target.list = report_data({1, 0, 2, 2, 1, 1, 0});
  auto outcome = run(simulator);
  EXPECT_EQ(outcome.luns(), (std::vector<Lun>{0, 1, 2}));
  EXPECT_EQ(outcome.summaries[0].duplicates, 4u);
}

TEST(ScsiScan, LunsBeyondTheHostsAreLeftOut) {
  Simulator simulator;
  for (Lun lun : {0u, 8u, 9u, 0x4001u}) simulator.target(0).units[lun] = disk();
  Settings settings;
  settings.rules.largest = 8;
  auto outcome = run(simulator, settings);
  EXPECT_EQ(outcome.luns(), (std::vector<Lun>{0, 8}));
  EXPECT_EQ(outcome.summaries[0].beyond, 2u);
}

TEST(ScsiScan, AUnitAttentionDoesNotHideTheList) {
  for (unsigned attentions : {1u, 2u, 3u}) {
    Simulator simulator;
    auto& target = simulator.target(0);
    for (Lun lun : {0u, 1u, 3u}) target.units[lun] = disk();
    unsigned left = attentions;
    target.fault = [&](const Command& command) {
      return is_list(command) && left > 0 ? (--left, std::optional(check(kPowerOn))) : std::nullopt;
    };
    auto outcome = run(simulator);
    EXPECT_EQ(outcome.summaries[0].way, attentions < 3 ? Way::kReported : Way::kSequence);
    EXPECT_EQ(outcome.devices.size(), attentions < 3 ? 3u : 2u);
  }
}

TEST(ScsiScan, WithoutAListLunsAreAskedUpToTheFirstHole) {
  Simulator simulator;
  auto& target = simulator.target(0);
  target.knows_list = false;
  for (Lun lun : {0u, 1u, 2u, 4u}) target.units[lun] = disk();
  auto outcome = run(simulator);
  EXPECT_EQ(outcome.luns(), (std::vector<Lun>{0, 1, 2}));
  EXPECT_EQ(lists_in(simulator.sent), 1u);
  EXPECT_EQ(simulator.sent.back().address.lun, 3u);
}

TEST(ScsiScan, ANewerStandardGivesMoreLuns) {
  for (auto [version, last] : {std::pair<std::uint8_t, Lun>{0, 7}, {1, 7}, {2, 7}, {3, 255}}) {
    Simulator simulator;
    auto& target = simulator.target(0);
    target.knows_list = false;
    for (Lun lun = 0; lun < 300; ++lun) target.units[lun] = disk(version);
    auto outcome = run(simulator);
    EXPECT_EQ(outcome.luns(), sequence(last + 1)) << unsigned{version};
    EXPECT_EQ(lists_in(simulator.sent), version >= 3 ? 1u : 0u);
  }
}

// What a flag of LUN 0's makes of eight units with holes, of a SCSI-2 target that knows lists.
std::vector<Lun> found_with(Flags flags, std::uint8_t version, std::uint8_t type = 0) {
  Simulator simulator;
  for (Lun lun : {0u, 1u, 3u, 5u, 7u, 9u, 300u})
    simulator.target(0).units[lun] = inquiry_data(type, version, "RINGSIDE", "DISK");
  Settings settings;
  settings.quirks = {{"RINGSIDE", "", flags}};
  settings.rules.largest = 400;
  return sorted(run(simulator, settings).luns());
}

TEST(ScsiScan, QuirksChangeTheWay) {
  std::vector<Lun> all = {0, 1, 3, 5, 7, 9, 300};
  EXPECT_EQ(found_with(0, 2), (std::vector<Lun>{0, 1}));
  EXPECT_EQ(found_with(0, 5), all);
  EXPECT_EQ(found_with(kNoLun, 2), std::vector<Lun>{0});
  EXPECT_EQ(found_with(kNoLun, 5), std::vector<Lun>{0});
  EXPECT_EQ(found_with(kNoReportLuns, 5), (std::vector<Lun>{0, 1}));
  EXPECT_EQ(found_with(kReportLuns2, 2), all);
  EXPECT_EQ(found_with(kReportLuns2, 1), (std::vector<Lun>{0, 1}));
  EXPECT_EQ(found_with(kSparseLun, 2), (std::vector<Lun>{0, 1, 3, 5, 7}));
  EXPECT_EQ(found_with(kSparseLun | kLargeLun, 2), (std::vector<Lun>{0, 1, 3, 5, 7, 9}));
  EXPECT_EQ(found_with(kSparseLun | kMax5Lun, 2), (std::vector<Lun>{0, 1, 3}));
}

TEST(ScsiScan, CdRomsAreNotTrustedWithLists) {
  EXPECT_EQ(found_with(0, 5, 5), (std::vector<Lun>{0, 1}));
  EXPECT_EQ(found_with(0, 5, 0x0e), (std::vector<Lun>{0, 1}));
  EXPECT_EQ(found_with(kReportLuns2, 5, 5).size(), 7u);
  EXPECT_EQ(found_with(kIsRom, 5), (std::vector<Lun>{0, 1}));
}

TEST(ScsiScan, OneLunAlone) {
  Simulator simulator;
  for (Lun lun : {0u, 1u, 3u}) simulator.target(0).units[lun] = disk();
  Settings settings;
  settings.goals = {{0, 0, 3}};
  auto outcome = run(simulator, settings);
  EXPECT_EQ(outcome.luns(), std::vector<Lun>{3});
  EXPECT_EQ(outcome.summaries[0].way, Way::kOne);
  settings.goals = {{0, 0, 2}};
  EXPECT_TRUE(run(simulator, settings).devices.empty());
}

TEST(ScsiScan, ATargetThatHangsEndsInBoundedTime) {
  Simulator simulator;
  for (Lun lun = 0; lun < 1000; ++lun) simulator.target(0).units[0x4000 | lun] = disk();
  simulator.target(0).units[0] = disk();
  simulator.target(1).units[0] = disk();
  simulator.target(0).fault = [](const Command& command) -> std::optional<Answer> {
    if (command.address.lun == 0 || is_list(command)) return {};
    return Answer{Delivery::kTimedOut};
  };
  Settings settings;
  settings.goals = {{0, 0}, {0, 1}};
  for (unsigned seed : {0u, 1u, 2u}) {
    settings.seed = seed;
    simulator.sent.clear();
    auto outcome = run(simulator, settings);
    EXPECT_EQ(outcome.devices.size(), 2u);
    EXPECT_TRUE(outcome.summaries[0].gave_up);
    EXPECT_FALSE(outcome.summaries[1].gave_up);
    EXPECT_LT(simulator.sent.size(), 60u);
  }
}

TEST(ScsiScan, OneUnitThatHangsHidesNoOther) {
  Simulator simulator;
  for (Lun lun = 0; lun < 40; ++lun) simulator.target(0).units[lun] = disk();
  simulator.target(0).fault = [](const Command& command) -> std::optional<Answer> {
    return command.address.lun % 4 == 2 ? std::optional(Answer{Delivery::kTimedOut}) : std::nullopt;
  };
  auto outcome = run(simulator);
  EXPECT_EQ(outcome.devices.size(), 30u);
  EXPECT_EQ(outcome.summaries[0].silent, 10u);
  EXPECT_FALSE(outcome.summaries[0].gave_up);
}

TEST(ScsiScan, ATargetResetInBetweenIsScannedAllTheSame) {
  Simulator simulator;
  for (Lun lun = 0; lun < 40; ++lun) simulator.target(0).units[lun] = disk();
  std::map<Lun, int> seen;
  simulator.target(0).fault = [&](const Command& command) {
    return seen[command.address.lun]++ == 0 ? std::optional(check(kPowerOn)) : std::nullopt;
  };
  EXPECT_EQ(run(simulator).devices.size(), 40u);
}

TEST(ScsiScan, ALackOfMemoryIsSaid) {
  Simulator simulator;
  for (Lun lun = 0; lun < 500; ++lun) simulator.target(0).units[lun] = disk();
  Settings settings;
  settings.rules.listed = 511;
  settings.memory = 10 << 10;
  auto outcome = run(simulator, settings);
  EXPECT_TRUE(outcome.summaries[0].no_memory);
  EXPECT_EQ(outcome.devices.size(), 1u);
  std::vector<std::byte> memory(1000);
  Arena arena(memory);
  EXPECT_FALSE(Scan::create({settings.goals, {}, {}, 8}, arena));
}

TEST(ScsiScan, OrdersThatCannotBeAreRefused) {
  std::vector<std::byte> memory(1 << 20);
  Arena arena(memory);
  EXPECT_FALSE(Scan::create({{}, {}, {}, 0}, arena));
  Rules rules;
  rules.listed = 510;
  EXPECT_FALSE(Scan::create({{}, {}, rules, 1}, arena));
  auto empty = Scan::create({}, arena);
  EXPECT_TRUE(empty && empty->is_over() && !empty->next());
}

TEST(ScsiScan, RepliesOutOfTurnChangeNothing) {
  std::vector<std::byte> memory(1 << 20);
  Arena arena(memory);
  const std::vector<Goal> goals = {{0, 0}};
  auto scan = Scan::create({goals, {}, {}, 2}, arena);
  ASSERT_TRUE(scan);
  auto reply = Answer{Delivery::kAnswered, 0, disk()};
  for (std::uint32_t slot : {0u, 1u, 2u, ~0u}) EXPECT_FALSE(scan->replied(slot, reply.reply(36)));
  auto command = scan->next();
  ASSERT_TRUE(command);
  EXPECT_FALSE(scan->next());
  EXPECT_FALSE(scan->replied(1 - command->slot, reply.reply(36)));
  EXPECT_FALSE(scan->replied(command->slot, reply.reply(36)));  // the second pass is due
  EXPECT_FALSE(scan->replied(command->slot, reply.reply(36)));  // twice: not sent yet
  EXPECT_EQ(scan->next()->reply_bytes, 96u);
}

// Anything may come back: the scan ends, and what it calls a device has been said to be one.
TEST(ScsiScan, GarbageEndsInBoundedWork) {
  for (unsigned seed = 1; seed <= 300; ++seed) {
    std::mt19937 random(seed);
    Simulator simulator;
    simulator.target(0).fault = [&](const Command& command) {
      Answer answer;
      answer.delivery = static_cast<Delivery>(random() % 8 < 5 ? 0 : random() % 5);
      answer.status = random() % 3 ? 0 : static_cast<std::uint8_t>(random());
      answer.data.resize(random() % 5 ? command.reply_bytes : random() % (command.reply_bytes + 1));
      for (auto& byte : answer.data) byte = static_cast<std::uint8_t>(random() % 3 ? 0 : random());
      if (is_list(command) && answer.data.size() > 4) answer.data[0] = answer.data[1] = 0;
      answer.sense =
          random() % 2 ? kPowerOn : Data(random() % 20, static_cast<std::uint8_t>(random()));
      return std::optional(answer);
    };
    Settings settings;
    settings.seed = seed;
    auto outcome = run(simulator, settings);
    for (const auto& device : outcome.devices) {
      EXPECT_GE(device.inquiry.size(), 36u);
      EXPECT_EQ(judge(bytes_in(device.inquiry), device.address.lun), Verdict::kDevice);
    }
    auto luns = sorted(outcome.luns());
    EXPECT_EQ(std::adjacent_find(luns.begin(), luns.end()), luns.end());
  }
}

}  // namespace
}  // namespace ringside::scsi
