// core/firmware: which names are answered, where they are looked for, what a transfer does next,
// what uevents and manifests say; and all of it from whoever means no good.
#include <gtest/gtest.h>

#include <random>
#include <string>
#include <vector>

#include "core/firmware/manifest.hh"
#include "core/firmware/transfer.hh"
#include "core/firmware/uevent.hh"

namespace ringside::firmware {
namespace {

using namespace std::literals;

std::string refusal(std::string_view name) {
  auto status = check_name(name);
  return status ? "" : status.error().what;
}

TEST(FirmwareName, OrdinaryNamesAreGood) {
  for (auto name :
       {"a", "iwlwifi-7260-17.ucode", "intel/ibt-11-5.sfi", "amd-ucode/microcode_amd.bin", "a..b",
        "..a", "a..", "...", "a/.b", "brcm/brcmfmac43455-sdio.Pine64,x.txt", "with space",
        "na\xc3\xafve", "a!b", "a\\b"})
    EXPECT_EQ(refusal(name), "") << name;
  EXPECT_EQ(refusal(std::string(kNameMax, 'a')), "");
}

TEST(FirmwareName, NamesThatLeadElsewhereAreRefused) {
  for (auto name : {"..", "../a", "a/..", "a/../b", ".", "./a", "a/.", "a/./b", "../../etc/shadow"})
    EXPECT_EQ(refusal(name), "component is . or ..") << name;
  for (auto name : {"a//b", "a/", "a/b/", "a///b"}) EXPECT_EQ(refusal(name), "empty component");
  for (auto name : {"/", "/a", "//a", "/../a"}) EXPECT_EQ(refusal(name), "absolute name") << name;
  for (auto name : {"a\0b"sv, "a\nb"sv, "\x01"sv, "a/\x1f"sv, "a\x7f"sv, "\0"sv, "..\n"sv})
    EXPECT_EQ(refusal(name), "control byte") << name;
  EXPECT_EQ(refusal(""), "empty name");
  EXPECT_EQ(refusal(std::string(kNameMax + 1, 'a')), "name too long");
}

TEST(FirmwareName, FoldersOfRequestsBearIt) {
  EXPECT_TRUE(is_folder_of("a!b", "a/b"));
  EXPECT_TRUE(is_folder_of("a!b", "a!b"));
  EXPECT_FALSE(is_folder_of("a!b", "a-b"));
  EXPECT_FALSE(is_folder_of("a!b", "a/bc"));
  EXPECT_FALSE(is_folder_of("a/b", "a/b"));
}

TEST(FirmwareName, EachFolderIsAskedForEachFormInOrder) {
  std::vector<std::string> order;
  for (unsigned number = 0; number < 2 * kForms; ++number) {
    auto [folder, form] = candidate(number, kForms);
    FileName room;
    auto file = file_name("x/y", form, room);
    EXPECT_EQ(room[file.size()], '\0');
    order.push_back(std::to_string(folder) + ":" + std::string(file));
  }
  EXPECT_EQ(order, (std::vector<std::string>{"0:x/y", "0:x/y.xz", "0:x/y.zst", "1:x/y", "1:x/y.xz",
                                             "1:x/y.zst"}));
  FileName room;
  EXPECT_EQ(file_name(std::string(kNameMax, 'a'), Form::kZstd, room).size(), kNameMax + 4);
}

Digest digest_of(unsigned char byte) {
  Digest digest;
  digest.fill(std::byte{byte});
  return digest;
}

Order order_of(std::string_view name, unsigned folders = 2) {
  Order order;
  order.name = name;
  order.folders = folders;
  return order;
}

Transfer copying(const Order& order = order_of("a")) {
  Transfer transfer(order);
  transfer.opened(Found::kFile);
  transfer.begun();
  return transfer;
}

TEST(FirmwareTransfer, LoadsWhatIsThere) {
  Transfer transfer(order_of("a"));
  EXPECT_EQ(transfer.step(), Step::kOpen);
  transfer.opened(Found::kFile);
  EXPECT_EQ(transfer.step(), Step::kBegin);
  transfer.begun();
  EXPECT_EQ(transfer.step(), Step::kCopy);
  transfer.copied(5);
  transfer.copied(7);
  EXPECT_EQ(transfer.step(), Step::kCopy);
  transfer.ended(nullptr);
  EXPECT_EQ(transfer.step(), Step::kCommit);
  EXPECT_EQ(transfer.verdict(), Verdict::kPending);
  transfer.committed();
  EXPECT_EQ(transfer.step(), Step::kEnd);
  EXPECT_EQ(transfer.verdict(), Verdict::kLoaded);
  EXPECT_EQ(transfer.bytes(), 12u);
}

TEST(FirmwareTransfer, LooksEverywhereBeforeItAborts) {
  Transfer transfer(order_of("a"));
  for (unsigned number = 0; number < 2 * kForms; ++number) {
    ASSERT_EQ(transfer.step(), Step::kOpen);
    EXPECT_EQ(transfer.candidate().folder, number / kForms);
    transfer.opened(Found::kNothing);
  }
  EXPECT_EQ(transfer.step(), Step::kAbort);
  transfer.aborted();
  EXPECT_EQ(transfer.step(), Step::kEnd);
  EXPECT_EQ(transfer.verdict(), Verdict::kNotFound);
  EXPECT_EQ(Transfer(order_of("a", 0)).step(), Step::kAbort);
}

TEST(FirmwareTransfer, TheKernelsPlacementAsksForPlainFilesAlone) {
  auto order = order_of("a", 2);
  order.forms = 1;
  Transfer transfer(order);
  transfer.opened(Found::kNothing);
  EXPECT_EQ(transfer.candidate().folder, 1u);
  EXPECT_EQ(transfer.candidate().form, Form::kPlain);
  transfer.opened(Found::kNothing);
  EXPECT_EQ(transfer.verdict(), Verdict::kNotFound);
}

TEST(FirmwareTransfer, WhatMayNotBeServedIsNotLookedForElsewhere) {
  for (auto found : {Found::kOutside, Found::kNotRegular}) {
    Transfer transfer(order_of("a"));
    transfer.opened(found);
    EXPECT_EQ(transfer.step(), Step::kAbort);
    EXPECT_EQ(transfer.verdict(), Verdict::kRefused);
  }
  Transfer bad(order_of("../a"));
  EXPECT_EQ(bad.step(), Step::kAbort);
  EXPECT_STREQ(bad.why(), "component is . or ..");
}

TEST(FirmwareTransfer, TheManifestDecidesAtTheEnd) {
  auto good = digest_of(1), bad = digest_of(2);
  auto order = order_of("a");
  order.listed_only = true;
  EXPECT_STREQ(Transfer(order).why(), "not in the manifest");
  order.listed = &good;
  for (const auto* digest : {&good, &bad, static_cast<Digest*>(nullptr)}) {
    auto transfer = copying(order);
    EXPECT_TRUE(transfer.wants_digest());
    transfer.copied(1);
    transfer.ended(digest);
    EXPECT_EQ(transfer.step(), digest == &good ? Step::kCommit : Step::kAbort);
  }
}

TEST(FirmwareTransfer, SizesThatKernelsCannotTakeAreRefused) {
  auto empty = copying();
  empty.ended(nullptr);
  EXPECT_EQ(empty.verdict(), Verdict::kRefused);
  auto largest = copying();
  largest.copied(kSizeMax);
  EXPECT_EQ(largest.step(), Step::kCopy);
  largest.copied(1);
  EXPECT_EQ(largest.step(), Step::kAbort);
  EXPECT_EQ(largest.verdict(), Verdict::kRefused);
  auto wrapping = copying();
  wrapping.copied(1);
  wrapping.copied(~0ull);
  EXPECT_EQ(wrapping.step(), Step::kAbort);
}

// All that can be told, in any order: a transfer that has ended stays as it is, one that is to be
// aborted is never committed, and loaded is only what went through every step.
TEST(FirmwareTransfer, NothingThatComesOutOfTurnDoesHarm) {
  std::mt19937 random(7);
  auto digest = digest_of(1);
  for (int round = 0; round < 20'000; ++round) {
    Transfer transfer(order_of("a", 1));
    bool committed = false, stopped = false;
    for (int each = 0; each < 12; ++each) {
      auto before = transfer.step();
      auto verdict = transfer.verdict();
      switch (random() % 10) {
        case 0:
        case 1:
          transfer.opened(static_cast<Found>(random() % 4));
          break;
        case 2:
          transfer.begun();
          break;
        case 3:
          transfer.copied(random());
          break;
        case 4:
          transfer.ended(&digest);
          break;
        case 5:
          committed = committed || before == Step::kCommit;
          transfer.committed();
          break;
        case 6:
          transfer.aborted();
          break;
        case 7:
          transfer.fail("x");
          break;
        case 8:
          transfer.expire();
          break;
        case 9:
          transfer.gone();
          break;
      }
      if (before == Step::kEnd) {
        ASSERT_EQ(transfer.step(), Step::kEnd);
        ASSERT_EQ(transfer.verdict(), verdict);
      }
      stopped = stopped || transfer.step() == Step::kAbort;
      ASSERT_FALSE(stopped && transfer.step() == Step::kCommit);
      ASSERT_EQ(transfer.verdict() == Verdict::kLoaded, committed);
      ASSERT_EQ(transfer.verdict() == Verdict::kPending, transfer.step() < Step::kAbort);
    }
  }
}

std::string message_of(std::vector<std::string> pairs) {
  std::string message = "add@/devices/virtual/misc/x/firmware/a!b";
  message.push_back('\0');
  for (const auto& pair : pairs) (message += pair).push_back('\0');
  return message;
}
const std::vector<std::string> kPairs = {
    "ACTION=add",         "DEVPATH=/devices/virtual/misc/x/firmware/a!b",
    "SUBSYSTEM=firmware", "FIRMWARE=a/b",
    "TIMEOUT=60",         "ASYNC=0",
    "SEQNUM=1234"};

TEST(FirmwareUevent, TellsTheRequest) {
  auto message = message_of(kPairs);
  auto request = read_uevent(message);
  ASSERT_TRUE(request && *request);
  EXPECT_EQ((*request)->device, "a!b");
  EXPECT_EQ((*request)->name, "a/b");
  EXPECT_EQ((*request)->timeout, 60u);
}

TEST(FirmwareUevent, OthersAreNotForUs) {
  auto pairs = kPairs;
  pairs[0] = "ACTION=remove";
  EXPECT_FALSE(*read_uevent(message_of(pairs)));
  pairs[0] = "ACTION=additional";
  EXPECT_FALSE(*read_uevent(message_of(pairs)));
  pairs = kPairs;
  pairs[2] = "SUBSYSTEM=net";
  EXPECT_FALSE(*read_uevent(message_of(pairs)));
  EXPECT_FALSE(*read_uevent(message_of({})));
}

TEST(FirmwareUevent, WhatDoesNotFitIsAnError) {
  for (auto [at, pair] :
       std::vector<std::pair<int, std::string>>{{3, "FIRMWARE="},
                                                {3, "FIRMWARE=a/c"},
                                                {3, "FIRMWARE=a"},
                                                {3, "OTHER=a/b"},
                                                {1, "DEVPATH=/devices/x"},
                                                {1, "DEVPATH="},
                                                {4, "TIMEOUT=-1"},
                                                {4, "TIMEOUT=6x"},
                                                {4, "TIMEOUT=2147483648"},
                                                {4, "TIMEOUT=99999999999999999999999"}}) {
    auto pairs = kPairs;
    pairs[static_cast<std::size_t>(at)] = pair;
    EXPECT_FALSE(read_uevent(message_of(pairs))) << pair;
  }
  EXPECT_FALSE(read_uevent(""));
  EXPECT_FALSE(read_uevent("add@/devices/x"));
}

TEST(FirmwareUevent, EveryPieceOfAMessageIsBorne) {
  auto message = message_of(kPairs);
  for (std::size_t size = 0; size <= message.size(); ++size) {
    auto piece = std::string(message, 0, size);  // of its own, for the sanitizers
    auto request = read_uevent(piece);
    if (!request || !*request) continue;
    EXPECT_EQ((*request)->name, "a/b");
  }
  std::mt19937 random(7);
  for (int round = 0; round < 20'000; ++round) {
    auto changed = message;
    for (int each = 0; each < 3; ++each)
      changed[random() % changed.size()] = static_cast<char>(random());
    auto request = read_uevent(changed);
    if (!request || !*request) continue;
    EXPECT_TRUE(is_folder_of((*request)->device, (*request)->name));
  }
}

TEST(FirmwareUevent, TheFileSaysTheSame) {
  auto request = read_uevent_file("a!b", "FIRMWARE=a/b\nTIMEOUT=5\nASYNC=1\n");
  ASSERT_TRUE(request);
  EXPECT_EQ(request->name, "a/b");
  EXPECT_EQ(request->timeout, 5u);
  EXPECT_FALSE(read_uevent_file("a!b", ""));
  EXPECT_FALSE(read_uevent_file("a!b", "TIMEOUT=5\n"));
  EXPECT_FALSE(read_uevent_file("a!b", "FIRMWARE=a/b")) << "cut short";
  EXPECT_FALSE(read_uevent_file("a\nTIMEOUT=0", "FIRMWARE=a\nTIMEOUT=0\nTIMEOUT=60\n"))
      << "a line feed in the name is not the end of it";
}

const std::string kSum = "0123456789abcdef0123456789ABCDEF0123456789abcdef0123456789abcdef";

std::vector<std::string> names_in(std::string_view text) {
  Manifest manifest(text);
  std::vector<std::string> names;
  for (;;) {
    auto listed = manifest.next();
    if (!listed) names.push_back("line " + std::to_string(listed.error().at));
    if (!listed || !*listed) return names;
    names.emplace_back((*listed)->name);
  }
}

TEST(FirmwareManifest, ReadsWhatSha256sumWrites) {
  auto text = kSum + "  a\n# by hand\n\n" + kSum + " *b/c\n" + kSum + "  ./d  e";
  EXPECT_EQ(names_in(text), (std::vector<std::string>{"a", "b/c", "d  e"}));
  auto listed = Manifest(text).next();
  ASSERT_TRUE(listed && *listed);
  EXPECT_EQ((*listed)->digest[0], std::byte{0x01});
  EXPECT_EQ((*listed)->digest[15], std::byte{0xef});
  EXPECT_TRUE(names_in("").empty());
  EXPECT_TRUE(names_in("\n\n#").empty());
}

TEST(FirmwareManifest, DamageIsAnErrorWithItsLine) {
  auto good = kSum + "  a\n";
  for (auto line : {kSum, kSum + "  ", kSum + " a", kSum + "xx" + "a", kSum + "a  b", "  a"s,
                    kSum.substr(1) + "   a", "\\" + kSum + "  a\\\\b", kSum + "  ../a",
                    kSum + "  /a", kSum + "  a\r", "g" + kSum.substr(1) + "  a", kSum + "  ././a"})
    EXPECT_EQ(names_in(good + line), (std::vector<std::string>{"a", "line 2"})) << line;
}

TEST(FirmwareManifest, EveryPieceOfAListIsBorne) {
  auto text = kSum + "  a\n" + kSum + " *b/c\n";
  for (std::size_t size = 0; size <= text.size(); ++size) (void)names_in(text.substr(0, size));
}

}  // namespace
}  // namespace ringside::firmware
