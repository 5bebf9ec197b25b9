// core/scsi: one unit asked, what its data says, and what tells it from another.
#include "core/scsi/inquiry.hh"

#include "core/scsi/capacity.hh"
#include "core/scsi/identity.hh"
#include "tests/unit/scsi_simulator.hh"

namespace ringside::scsi {
namespace {

using namespace test;
using namespace std::literals;

// Asks a unit whose answers are given one by one; returns the lengths that were asked for.
std::vector<unsigned> lengths(Inquiry& inquiry, const std::vector<Answer>& answers,
                              std::span<const Quirk> quirks = {}) {
  std::vector<unsigned> asked;
  for (const auto& answer : answers) {
    asked.push_back(inquiry.wanted());
    if (inquiry.replied(answer.reply(inquiry.wanted()), quirks)) {
      EXPECT_EQ(asked.size(), answers.size()) << "it ended early";
      return asked;
    }
  }
  ADD_FAILURE() << "it did not end";
  return asked;
}
Answer sends(const Data& bytes) {
  return {Delivery::kAnswered, 0, bytes};
}

TEST(ScsiInquiry, ThereIsASecondPassWhereThereIsMore) {
  Inquiry inquiry;
  EXPECT_EQ(lengths(inquiry, {sends(disk()), sends(disk())}), (std::vector<unsigned>{36, 96}));
  EXPECT_EQ(inquiry.verdict(), Verdict::kDevice);
  EXPECT_EQ(inquiry.data().size(), 96u);
  EXPECT_EQ(trimmed(vendor_of(inquiry.data())), "RINGSIDE");
  EXPECT_EQ(trimmed(model_of(inquiry.data())), "DISK");
}

TEST(ScsiInquiry, ShortDataIsEnough) {
  for (std::size_t size : {5u, 20u, 36u}) {
    Inquiry inquiry;
    auto bytes = disk();
    bytes[4] = static_cast<std::uint8_t>(size - 5);
    EXPECT_EQ(lengths(inquiry, {sends(bytes)}), std::vector<unsigned>{36});
    EXPECT_EQ(inquiry.data().size(), 36u) << "the first 36 bytes count whatever it says";
  }
}

TEST(ScsiInquiry, AFailedSecondPassGoesBack) {
  Inquiry inquiry;
  EXPECT_EQ(lengths(inquiry, {sends(disk()), {Delivery::kFailed}, sends(disk())}),
            (std::vector<unsigned>{36, 96, 36}));
  EXPECT_EQ(inquiry.verdict(), Verdict::kDevice);
  EXPECT_EQ(inquiry.data().size(), 36u);
  Inquiry dead;
  EXPECT_EQ(lengths(dead, {sends(disk()), {Delivery::kFailed}, {Delivery::kFailed}}),
            (std::vector<unsigned>{36, 96, 36}));
  EXPECT_EQ(dead.verdict(), Verdict::kSilent);
  EXPECT_TRUE(dead.data().empty());
}

TEST(ScsiInquiry, AnAbsurdLengthIsNotBelieved) {
  for (unsigned length : {251u, 255u}) {
    Inquiry inquiry;
    auto bytes = disk();
    bytes[4] = static_cast<std::uint8_t>(length);
    EXPECT_EQ(lengths(inquiry, {sends(bytes)}), std::vector<unsigned>{36});
  }
  Inquiry inquiry;
  auto bytes = disk();
  bytes[4] = 250;
  EXPECT_EQ(lengths(inquiry, {sends(bytes), sends(bytes)}), (std::vector<unsigned>{36, 255}));
  EXPECT_EQ(inquiry.data().size(), 255u);
}

TEST(ScsiInquiry, UnitAttentionsPassThreeTimes) {
  auto changed = check(fixed_sense(6, 0x28, 0)), other = check(fixed_sense(6, 0x3f, 0x0e));
  Inquiry inquiry;
  lengths(inquiry, {check(kPowerOn), changed, sends(disk()), changed, changed, sends(disk())});
  EXPECT_EQ(inquiry.verdict(), Verdict::kDevice);
  Inquiry thrice;
  lengths(thrice, {check(kPowerOn), check(kPowerOn), check(kPowerOn)});
  EXPECT_EQ(thrice.verdict(), Verdict::kSilent);
  Inquiry complaining;
  lengths(complaining, {other});
  EXPECT_EQ(complaining.verdict(), Verdict::kSilent);
}

TEST(ScsiInquiry, WhatSendsNothingIsAskedThreeTimes) {
  Inquiry inquiry;
  lengths(inquiry, {sends({}), sends({}), sends(disk()), sends(disk())});
  EXPECT_EQ(inquiry.verdict(), Verdict::kDevice);
  Inquiry mute;
  lengths(mute, {sends({}), sends({}), sends({})});
  EXPECT_EQ(mute.verdict(), Verdict::kSilent) << "zeros are no device";
}

TEST(ScsiInquiry, TimeRunsOutTwice) {
  Inquiry inquiry;
  lengths(inquiry, {{Delivery::kTimedOut}, {Delivery::kTimedOut}});
  EXPECT_EQ(inquiry.verdict(), Verdict::kSilent);
  EXPECT_EQ(inquiry.delivery(), Delivery::kTimedOut);
  Inquiry nobody;
  lengths(nobody, {{Delivery::kNobody}});
  EXPECT_EQ(nobody.delivery(), Delivery::kNobody);
}

TEST(ScsiInquiry, QualifiersAndTypesThatMeanNothingIsThere) {
  auto verdict = [](std::uint8_t first, Lun lun) {
    auto bytes = disk();
    bytes[0] = first;
    return judge(bytes_in(bytes), lun);
  };
  EXPECT_EQ(verdict(0x00, 0), Verdict::kDevice);
  EXPECT_EQ(verdict(0x20, 0), Verdict::kDevice) << "not connected, but Linux adds it";
  EXPECT_EQ(verdict(0x1f, 0), Verdict::kDevice) << "LUN 0 of many arrays";
  EXPECT_EQ(verdict(0x3f, 1), Verdict::kNoDevice);
  EXPECT_EQ(verdict(0x60, 0), Verdict::kNoDevice);
  EXPECT_EQ(verdict(0x7f, 0), Verdict::kNoDevice);
  EXPECT_EQ(verdict(0x7f, kReportLunsLun), Verdict::kNoDevice);
  EXPECT_EQ(verdict(0x3f, kReportLunsLun), Verdict::kDevice);
}

TEST(ScsiInquiry, TextsBecomePrintable) {
  auto bytes = inquiry_data(0, 6,
                            "A\x01\xff"
                            "B",
                            "model\0junk"s, 36);
  Inquiry inquiry;
  lengths(inquiry, {sends(bytes)});
  EXPECT_EQ(vendor_of(inquiry.data()), "A  B    ");
  EXPECT_EQ(model_of(inquiry.data()), "model           ");
}

TEST(ScsiInquiry, DataThatWasNotSentIsZero) {
  auto bytes = disk();
  bytes.resize(20);
  Inquiry inquiry;
  lengths(inquiry, {sends(bytes), sends(disk())});
  Inquiry cut;
  lengths(cut, {sends(disk()), sends(bytes)});
  EXPECT_EQ(trimmed(model_of(cut.data())), "DISK");
  EXPECT_EQ(revision_of(cut.data()), "    ");
}

TEST(ScsiInquiry, LevelsAreLinuxs) {
  auto level = [](std::uint8_t version, std::uint8_t format) {
    auto bytes = disk(version);
    bytes[3] = format;
    return level_of(bytes_in(bytes));
  };
  EXPECT_EQ(level(0, 2), 0u);
  EXPECT_EQ(level(1, 0), 1u);
  EXPECT_EQ(level(1, 1), 2u);
  EXPECT_EQ(level(2, 2), kScsi2);
  EXPECT_EQ(level(3, 2), kScsi3);
  EXPECT_EQ(level(7, 2), 8u);
}

TEST(ScsiInquiry, QuirksFitByWholeVendorAndBeginningOfModel) {
  const std::vector<Quirk> quirks = {
      {"RINGSIDE", "DISK 2", kNoLun}, {"RINGSIDE", "DISK", kInquiry36}, {"RING", "", kIsRom}};
  auto flags = [&](const std::string& vendor, const std::string& model) {
    return flags_of(quirks, bytes_in(inquiry_data(0, 6, vendor, model)));
  };
  EXPECT_EQ(flags("RINGSIDE", "DISK"), Flags{kInquiry36});
  EXPECT_EQ(flags("RINGSIDE", "DISK 25"), Flags{kNoLun});
  EXPECT_EQ(flags("RINGSIDE", "DIS"), 0u);
  EXPECT_EQ(flags(" RING", "anything"), Flags{kIsRom});
  EXPECT_EQ(flags("RINGSIDES", "DISK"), Flags{kInquiry36}) << "eight bytes";
  EXPECT_EQ(flags("ring", "x"), 0u);
  Inquiry inquiry;
  EXPECT_EQ(lengths(inquiry, {sends(disk())}, quirks), std::vector<unsigned>{36});
  EXPECT_EQ(type_of(bytes_in(disk()), 0, kIsRom), 5);
  EXPECT_EQ(type_of(bytes_in(disk()), kReportLunsLun, 0), 0x1e);
}

TEST(ScsiSense, BothFormatsAreRead) {
  auto descriptor = Data{0x72, 6, 0x29, 1, 0, 0, 0, 0};
  auto sense = read_sense(bytes_in(descriptor));
  EXPECT_TRUE(sense.is_valid && sense.key == 6 && sense.asc == 0x29 && sense.ascq == 1);
  sense = read_sense(bytes_in(kIllegalRequest));
  EXPECT_TRUE(sense.is_valid && sense.key == 5 && sense.asc == 0x20);
  auto short_fixed = fixed_sense(6, 0x29, 0);
  short_fixed[7] = 4;  // it ends before the code
  EXPECT_EQ(read_sense(bytes_in(short_fixed)).asc, 0);
  for (const auto& bad : {Data{}, Data{0}, Data{0x7f, 6}, Data{0x74, 6}})
    EXPECT_FALSE(read_sense(bytes_in(bad)).is_valid);
  for (std::size_t size = 1; size < 18; ++size)
    EXPECT_TRUE(read_sense(bytes_in(kPowerOn).first(size)).is_valid);
}

Data page(std::uint8_t code, const std::vector<Data>& parts) {
  Data bytes = {0, code, 0, 0};
  for (const auto& part : parts) bytes.insert(bytes.end(), part.begin(), part.end());
  bytes[3] = static_cast<std::uint8_t>(bytes.size() - 4);
  return bytes;
}
const Data kVendorName = {2, 1, 0, 3, 'a', 'b', 'c'};
const Data kPortNaa = {1, 0x13, 0, 8, 9, 9, 9, 9, 9, 9, 9, 9};
const Data kNaa = {1, 3, 0, 8, 0x50, 2, 3, 4, 5, 6, 7, 8};
const Data kEui = {1, 2, 0, 8, 1, 1, 1, 1, 1, 1, 1, 1};

TEST(ScsiIdentity, TheUnitsOwnStrongestDesignatorCounts) {
  auto best = [](const std::vector<Data>& parts) {
    return identity_of(bytes_in(page(0x83, parts)));
  };
  EXPECT_EQ(best({kVendorName, kPortNaa, kEui, kNaa})->type, 3);
  EXPECT_EQ(best({kNaa, kEui})->value.size(), 8u);
  EXPECT_EQ(best({kVendorName, kEui})->type, 2);
  EXPECT_TRUE(best({kVendorName})->is_text);
  EXPECT_FALSE(best({kPortNaa}));
  EXPECT_FALSE(best({}));
  EXPECT_FALSE(identity_of(bytes_in(page(0x80, {kNaa}))));
}

TEST(ScsiIdentity, DamageEndsTheList) {
  auto whole = page(0x83, {kVendorName, kNaa});
  for (std::size_t size = 0; size < whole.size(); ++size) {
    auto best = identity_of(bytes_in(whole).first(size));
    EXPECT_EQ(best.has_value(), size >= 11) << size;
    EXPECT_EQ(best ? best->type : 1, 1);
  }
  whole[14] = 200;  // the second designator's length
  EXPECT_EQ(identity_of(bytes_in(whole))->type, 1);
}

TEST(ScsiIdentity, SerialsAreTrimmed) {
  auto serial = [](const Data& bytes) {
    auto found = serial_of(bytes_in(bytes));
    return std::string(reinterpret_cast<const char*>(found.data()), found.size());
  };
  EXPECT_EQ(serial(page(0x80, {{' ', '4', '2', ' ', 0}})), "42");
  EXPECT_EQ(serial(page(0x80, {{' ', ' '}})), "");
  EXPECT_EQ(serial(page(0x83, {{'4', '2'}})), "");
  EXPECT_EQ(serial({0, 0x80}), "");
  EXPECT_EQ(serial({0, 0x80, 0xff, 0xff, 'x'}), "x");
}

TEST(ScsiCapacity, BothFormsAreRead) {
  auto small = read_short(bytes_in({0, 0, 0x3f, 0xff, 0, 0, 2, 0}));
  EXPECT_EQ(small->blocks, 0x4000u);
  EXPECT_EQ(small->block_bytes, 512u);
  EXPECT_EQ(read_short(bytes_in({0xff, 0xff, 0xff, 0xff, 0, 0, 2, 0}))->blocks, 0u);
  EXPECT_FALSE(read_short(bytes_in({0, 0, 0, 0, 0, 0, 0, 0})));
  EXPECT_FALSE(read_short(bytes_in({0, 0, 0, 0, 0, 0, 2})));
  Data large(32, 0);
  large[3] = 1, large[10] = 0x10;
  EXPECT_EQ(read_long(bytes_in(large))->blocks, 0x1'0000'0001u);
  EXPECT_EQ(read_long(bytes_in(large))->block_bytes, 4096u);
  std::fill(large.begin(), large.begin() + 8, 0xff);
  EXPECT_FALSE(read_long(bytes_in(large)));
  large[7] = 0xfe;
  EXPECT_FALSE(read_long(bytes_in(large))) << "more bytes than there can be";
}

}  // namespace
}  // namespace ringside::scsi
