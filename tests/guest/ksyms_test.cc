// ringside_ksyms.ko in a stock kernel: what it answers, what it refuses, and that it comes and goes
// without a trace. Runs as root in a guest; RINGSIDE_KERNEL names the kernel that runs there.
#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <csignal>
#include <filesystem>
#include <fstream>
#include <thread>

#include "lab/kernels/kernels.hh"
#include "tests/guest/module.hh"
#include "user/ksyms/device.hh"
#include "user/ksyms/symbols.hh"

namespace ringside::ksyms {
namespace {

constexpr std::uint64_t kKernelBase = 0xffff'ffff'8000'0000;

class KsymsModule : public ::testing::Test {
 protected:
  static void SetUpTestSuite() {
    ASSERT_TRUE(guest::load("ringside_ksyms"));
    auto kernel = lab::find_kernel(guest::kernel_name());
    ASSERT_TRUE(kernel) << kernel.error().message;
    auto image = kimage::Image::open(kernel->image);
    ASSERT_TRUE(image) << image.error().message;
    auto symbols = Symbols::open(*image);
    ASSERT_TRUE(symbols) << symbols.error().message;
    symbols_ = new Symbols(*std::move(symbols));
  }
  static void TearDownTestSuite() {
    delete symbols_;
    EXPECT_TRUE(guest::unload("ringside_ksyms"));
  }

  static const Table& table() { return symbols_->table(); }
  static Device device() {
    auto device = Device::open();
    EXPECT_TRUE(device) << device.error().message;
    return *std::move(device);
  }
  static Device device_with_table() {
    auto handed = device();
    auto taken = handed.take(table().bytes());
    EXPECT_TRUE(taken) << taken.error().message;
    return handed;
  }
  static std::vector<std::byte> copy_of_table() {
    auto bytes = table().bytes();
    return {bytes.begin(), bytes.end()};
  }

 private:
  static inline Symbols* symbols_ = nullptr;
};

// Link-time addresses spread over all symbols, the same ones on every run.
std::vector<std::uint64_t> vectors(const Table& table, std::size_t count) {
  std::vector<std::uint64_t> addresses;
  Scratch scratch;
  for (std::uint64_t state = 7; addresses.size() < count;) {
    state = state * 6364136223846793005u + 1442695040888963407u;
    auto match = table.at(static_cast<std::uint32_t>((state >> 33) % table.size()), scratch);
    if (match && match->address >= kKernelBase)
      addresses.push_back(match->address + (match->size ? (state >> 20) % match->size : 0));
  }
  return addresses;
}

std::vector<rs_ksyms_record> records_for(const std::vector<std::uint64_t>& addresses,
                                         std::uint64_t offset) {
  std::vector<rs_ksyms_record> records(addresses.size());
  for (std::size_t each = 0; each < records.size(); ++each)
    records[each].address = addresses[each] + offset;
  return records;
}

std::string text_of(const rs_ksyms_record& record) {
  return {record.text, record.length};
}

TEST_F(KsymsModule, TellsTheRunningBuildAndTheKaslrOffset) {
  auto handed = device_with_table();
  auto status = handed.status();
  ASSERT_TRUE(status);
  EXPECT_EQ(status->symbols, table().size());
  EXPECT_EQ(status->table_bytes, table().bytes().size());
  EXPECT_EQ(kimage::to_hex(std::as_bytes(std::span(status->build_id, status->build_id_bytes))),
            *kimage::running_build_id());
  EXPECT_EQ(status->kaslr_offset, *running_offset(table()));
}

TEST_F(KsymsModule, AnswersTheSameVectorsAsTheCoreHereAndTheKernelItself) {
  auto handed = device_with_table();
  auto offset = handed.status()->kaslr_offset;
  auto addresses = vectors(table(), 20'000);
  auto ours = records_for(addresses, offset), stock = ours;
  ASSERT_TRUE(handed.look_up(RS_KSYMS_FORMAT, ours));
  ASSERT_TRUE(handed.look_up(RS_KSYMS_STOCK, stock));
  Scratch scratch;
  for (std::size_t each = 0; each < addresses.size(); ++each) {
    auto match = table().find(addresses[each], scratch);
    ASSERT_EQ(match.has_value(), ours[each].found) << std::hex << addresses[each];
    if (!match) continue;
    auto here = format(*match, addresses[each] - match->address);
    ASSERT_EQ(here, text_of(ours[each])) << std::hex << addresses[each];
    ASSERT_EQ(here, text_of(stock[each])) << std::hex << addresses[each];
  }
}

TEST_F(KsymsModule, FindsByNameWhatTheCoreFindsHere) {
  auto handed = device_with_table();
  auto offset = handed.status()->kaslr_offset;
  Scratch scratch;
  for (std::uint32_t index = 0; index < table().size(); index += 997) {
    std::string name(table().at(index, scratch)->name);
    auto cursor = table().names(name);
    for (std::uint32_t nth = 0; nth < 3; ++nth) {
      auto match = table().next(cursor, scratch);
      rs_ksyms_record record{};
      record.length = static_cast<__u32>(name.copy(record.text, sizeof(record.text)));
      record.nth = nth;
      ASSERT_TRUE(handed.look_up(RS_KSYMS_NAME, {&record, 1}));
      ASSERT_EQ(match.has_value(), record.found) << name;
      if (!match) break;
      auto moved = match->address >= kKernelBase ? offset : 0;
      EXPECT_EQ(record.symbol_address, match->address + moved) << name;
      EXPECT_EQ(record.type, match->type) << name;
    }
  }
}

TEST_F(KsymsModule, FindsNothingWhereNothingIs) {
  auto handed = device_with_table();
  auto records = records_for({0, 1, 0x1000, kKernelBase, UINT64_MAX}, 0);
  ASSERT_TRUE(handed.look_up(RS_KSYMS_FIND, records));
  for (const auto& record : records) EXPECT_FALSE(record.found) << std::hex << record.address;
}

TEST_F(KsymsModule, RefusesATableOfAnotherKernel) {
  auto bytes = copy_of_table();
  auto id = table().build_id();
  auto at = static_cast<std::size_t>(id.data() - table().bytes().data());
  bytes[at] ^= std::byte{1};
  auto taken = device_with_table().take(bytes);
  ASSERT_FALSE(taken);
  EXPECT_NE(taken.error().message.find("another kernel"), std::string::npos);
}

TEST_F(KsymsModule, RefusesDamageAndKeepsTheTableThatItHad) {
  auto handed = device_with_table();
  std::uint64_t state = 1;
  int refused = 0;
  for (int round = 0; round < 60; ++round) {
    auto bytes = copy_of_table();
    state = state * 6364136223846793005u + 1442695040888963407u;
    if (round % 3 == 0)
      bytes.resize(state % bytes.size());
    else
      bytes[(state >> 20) % (round % 3 == 1 ? 168 : bytes.size())] ^= std::byte{0x40};
    refused += !handed.take(bytes);  // a flipped bit in a name is no damage that shows
  }
  EXPECT_GE(refused, 30);
  EXPECT_EQ(handed.status()->symbols, table().size());
}

template <class Call>
int call_errno(unsigned long command, Call call) {
  UniqueFd fd(open(RS_KSYMS_DEVICE, O_RDWR | O_CLOEXEC));
  return ioctl(fd.get(), command, &call) == 0 ? 0 : errno;
}

rs_ksyms_lookup lookup_call() {
  rs_ksyms_lookup lookup{};
  lookup.size = sizeof(lookup);
  lookup.version = RS_KSYMS_VERSION;
  return lookup;
}

TEST_F(KsymsModule, RefusesEveryFieldThatTheAbiDoesNotKnow) {
  auto handed = device_with_table();
  auto wrong = [](auto change) {
    auto lookup = lookup_call();
    change(lookup);
    return call_errno(RS_KSYMS_IOC_LOOKUP, lookup);
  };
  EXPECT_EQ(wrong([](auto&) {}), 0);
  EXPECT_EQ(wrong([](auto& call) { call.size = 8; }), EINVAL);
  EXPECT_EQ(wrong([](auto& call) { call.size = UINT32_MAX; }), EINVAL);
  EXPECT_EQ(wrong([](auto& call) { call.version = 0; }), EINVAL);
  EXPECT_EQ(wrong([](auto& call) { call.version = 99; }), EINVAL);
  EXPECT_EQ(wrong([](auto& call) { call.op = 99; }), EINVAL);
  EXPECT_EQ(wrong([](auto& call) { call.reserved = 1; }), EINVAL);
  EXPECT_EQ(wrong([](auto& call) { call.count = RS_KSYMS_BATCH_MAX + 1; }), EINVAL);
  EXPECT_EQ(wrong([](auto& call) { call.count = UINT32_MAX; }), EINVAL);
  EXPECT_EQ(wrong([](auto& call) { call.count = 1; }), EFAULT);
  EXPECT_EQ(wrong([](auto& call) { call.count = 1, call.records = 8; }), EFAULT);
  EXPECT_EQ(wrong([](auto& call) { call.count = 1, call.records = kKernelBase; }), EFAULT);
  rs_ksyms_record record{};
  record.reserved[5] = 1;
  EXPECT_EQ(wrong([&](auto& call) {
              call.count = 1, call.records = reinterpret_cast<std::uintptr_t>(&record);
            }),
            EINVAL);
  EXPECT_EQ(wrong([&](auto& call) {
              record = {};
              record.nth = RS_KSYMS_NTH_MAX;
              call.op = RS_KSYMS_NAME, call.count = 1;
              call.records = reinterpret_cast<std::uintptr_t>(&record);
            }),
            EINVAL);
  EXPECT_EQ(wrong([&](auto& call) {
              record = {};
              record.length = RS_KSYMS_TEXT_MAX + 1;
              call.op = RS_KSYMS_NAME, call.count = 1;
              call.records = reinterpret_cast<std::uintptr_t>(&record);
            }),
            EINVAL);
  EXPECT_EQ(call_errno(0x12345678, lookup_call()), ENOTTY);
}

TEST_F(KsymsModule, RefusesHostileTables) {
  auto wrong = [](auto change) {
    rs_ksyms_take take{};
    take.size = sizeof(take);
    take.version = RS_KSYMS_VERSION;
    take.table = reinterpret_cast<std::uintptr_t>(table().bytes().data());
    take.table_bytes = table().bytes().size();
    change(take);
    return call_errno(RS_KSYMS_IOC_TAKE, take);
  };
  EXPECT_EQ(wrong([](auto&) {}), 0);
  EXPECT_EQ(wrong([](auto& call) { call.reserved = 1; }), EINVAL);
  EXPECT_EQ(wrong([](auto& call) { call.table_bytes = 0; }), EINVAL);
  EXPECT_EQ(wrong([](auto& call) { call.table_bytes = RS_KSYMS_TABLE_MAX + 1; }), E2BIG);
  EXPECT_EQ(wrong([](auto& call) { call.table_bytes = UINT64_MAX; }), E2BIG);
  EXPECT_EQ(wrong([](auto& call) { call.table = 0; }), EFAULT);
  EXPECT_EQ(wrong([](auto& call) { call.table = kKernelBase; }), EFAULT);
}

TEST_F(KsymsModule, IsForRootAlone) {
  pid_t child = fork();
  if (child == 0) {
    if (setgid(65534) != 0 || setuid(65534) != 0) _exit(99);
    _exit(open(RS_KSYMS_DEVICE, O_RDWR) < 0 && errno == EACCES ? 0 : 1);
  }
  int status = -1;
  ASSERT_EQ(waitpid(child, &status, 0), child);
  EXPECT_EQ(status, 0);
}

TEST_F(KsymsModule, CannotBeUnloadedWhileItIsOpen) {
  auto open_device = device();
  EXPECT_FALSE(guest::unload("ringside_ksyms"));
}

TEST_F(KsymsModule, LooksUpWhileTablesAreReplaced) {
  auto handed = device_with_table();
  auto offset = handed.status()->kaslr_offset;
  auto addresses = vectors(table(), 512);
  std::atomic<bool> stop{false};
  std::thread replacer([&] {
    auto other = device();
    while (!stop) EXPECT_TRUE(other.take(table().bytes()));
  });
  for (int round = 0; round < 20; ++round) {
    auto records = records_for(addresses, offset);
    ASSERT_TRUE(handed.look_up(RS_KSYMS_FIND, records));
    for (const auto& record : records) ASSERT_TRUE(record.found || !record.length);
  }
  stop = true;
  replacer.join();
}

TEST_F(KsymsModule, ALookUpThatIsKilledEndsAtOnce) {
  auto handed = device_with_table();
  pid_t child = fork();
  if (child == 0) {
    std::vector<rs_ksyms_record> records(RS_KSYMS_BATCH_MAX);
    for (;;) (void)handed.look_up(RS_KSYMS_FIND, records);
  }
  usleep(50'000);  // lets the child get into the kernel; the test holds wherever it is by then
  kill(child, SIGKILL);
  int status = 0;
  ASSERT_EQ(waitpid(child, &status, 0), child);
  EXPECT_TRUE(WIFSIGNALED(status));
}

TEST(KsymsModuleLife, ComesAndGoesWithoutATrace) {
  for (int round = 0; round < 20; ++round) {
    ASSERT_TRUE(guest::load("ringside_ksyms"));
    ASSERT_TRUE(std::filesystem::exists(RS_KSYMS_DEVICE));
    ASSERT_TRUE(guest::unload("ringside_ksyms"));
    ASSERT_FALSE(std::filesystem::exists("/sys/module/ringside_ksyms"));
  }
}

}  // namespace
}  // namespace ringside::ksyms
