// /dev/ringside-scsi and callers that it must not trust. As root.
#include <fcntl.h>
#include <linux/userfaultfd.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include <csignal>
#include <cstring>
#include <thread>

#include "include/ringside/uapi/scsi.h"
#include "tests/guest/scsi_host.hh"
#include "user/base/unique_fd.hh"

namespace ringside::scsi {
namespace {

constexpr std::size_t kPage = 4096;

UniqueFd open_device() {
  return UniqueFd(open(RS_SCSI_DEVICE, O_RDWR | O_CLOEXEC));
}

template <class Call>
int error_of(unsigned long number, Call& call) {
  auto fd = open_device();
  return ioctl(fd.get(), number, &call) == 0 ? 0 : errno;
}

template <class Call>
Call call_to(unsigned host) {
  Call call{};
  call.size = sizeof call, call.version = RS_SCSI_VERSION, call.host = host;
  return call;
}

// INQUIRY, with room for a reply of its own.
rs_scsi_command inquiry(std::uint32_t target, std::uint64_t lun, void* data,
                        std::uint32_t bytes = 96) {
  rs_scsi_command command{};
  command.target = target, command.lun = lun;
  command.cdb[0] = 0x12, command.cdb[4] = 96, command.cdb_bytes = 6;
  command.timeout_ms = 20'000;
  command.data = reinterpret_cast<std::uintptr_t>(data), command.data_bytes = bytes;
  return command;
}

int send(unsigned host, rs_scsi_command* commands, std::size_t count) {
  auto call = call_to<rs_scsi_send>(host);
  call.count = static_cast<std::uint32_t>(count);
  call.commands = reinterpret_cast<std::uintptr_t>(commands);
  return error_of(RS_SCSI_IOC_SEND, call);
}

class Pages {
 public:
  explicit Pages(std::size_t count, int protection = PROT_READ | PROT_WRITE)
      : bytes_(count * kPage),
        at_(mmap(nullptr, bytes_, protection, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0)) {
    EXPECT_NE(at_, MAP_FAILED);
  }
  ~Pages() { munmap(at_, bytes_); }
  Pages(const Pages&) = delete;
  std::byte* at() const { return static_cast<std::byte*>(at_); }

 private:
  std::size_t bytes_;
  void* at_;
};

class ScsiDirect : public ::testing::Test {
 protected:
  static void SetUpTestSuite() {
    ASSERT_TRUE(guest::succeeds({"modprobe", "scsi_mod"}));
    ASSERT_TRUE(guest::succeeds({"modprobe", "sd_mod"}));
    module_ = std::make_unique<DirectModule>();
  }
  static void TearDownTestSuite() { module_.reset(); }

  static inline std::unique_ptr<DirectModule> module_;
  std::byte data_[1024]{};
};

// A host of scsi_debug that nobody has scanned.
class ScsiDirectHost : public ScsiDirect {
 protected:
  ScsiDirectHost() : hosts_("manual", {"num_tgts=2", "max_luns=4"}) {
    host_ = static_cast<unsigned>(std::stoul(first_host()));
  }
  int send_one(rs_scsi_command command) { return send(host_, &command, 1); }
  // The host's lock is free, and devices answer.
  void expect_answers() {
    auto command = inquiry(0, 1, data_);
    EXPECT_EQ(send(host_, &command, 1), 0);
    EXPECT_EQ(command.delivery, RS_SCSI_ANSWERED);
    EXPECT_EQ(command.data_bytes, 96u);
  }

  Hosts hosts_;
  unsigned host_;
};

TEST_F(ScsiDirectHost, BadCallsAreRefused) {
  auto good = call_to<rs_scsi_send>(host_);
  auto command = inquiry(0, 0, data_);
  good.count = 1, good.commands = reinterpret_cast<std::uintptr_t>(&command);
  auto refuses = [&](auto change) {
    auto call = good;
    change(call);
    return error_of(RS_SCSI_IOC_SEND, call);
  };
  EXPECT_EQ(refuses([](auto&) {}), 0);
  EXPECT_EQ(refuses([](auto& call) { call.size -= 8; }), EINVAL);
  EXPECT_EQ(refuses([](auto& call) { call.version = 2; }), EINVAL);
  EXPECT_EQ(refuses([](auto& call) { call.reserved = 1; }), EINVAL);
  EXPECT_EQ(refuses([](auto& call) { call.count = 0; }), EINVAL);
  EXPECT_EQ(refuses([](auto& call) { call.count = RS_SCSI_COMMANDS_MAX + 1; }), EINVAL);
  EXPECT_EQ(refuses([](auto& call) { call.count = ~0u; }), EINVAL);
  EXPECT_EQ(refuses([](auto& call) { call.host = 9999; }), ENODEV);
  EXPECT_EQ(refuses([](auto& call) { call.host = ~0u; }), ENODEV);
  EXPECT_EQ(error_of(_IOWR('R', 0xb3, rs_scsi_send), good), ENOTTY);
  EXPECT_EQ(error_of(_IOWR('R', 0xb0, rs_scsi_add), good), ENOTTY);
  auto limits = call_to<rs_scsi_limits>(host_);
  EXPECT_EQ(error_of(RS_SCSI_IOC_LIMITS, limits), 0);
  limits.reserved = 1;
  EXPECT_EQ(error_of(RS_SCSI_IOC_LIMITS, limits), EINVAL);
}

TEST_F(ScsiDirectHost, BadCommandsAreRefused) {
  auto refuses = [&](auto change) {
    auto command = inquiry(0, 0, data_);
    change(command);
    return send_one(command);
  };
  EXPECT_EQ(refuses([](auto& command) { command.timeout_ms = RS_SCSI_TIMEOUT_MAX_MS; }), 0);
  for (auto time : {0u, RS_SCSI_TIMEOUT_MAX_MS + 1, 0x7fffffffu, ~0u})
    EXPECT_EQ(refuses([&](auto& command) { command.timeout_ms = time; }), EINVAL) << time;
  for (auto bytes : {0u, 5u, RS_SCSI_CDB_BYTES + 1u, ~0u})
    EXPECT_EQ(refuses([&](auto& command) { command.cdb_bytes = bytes; }), EINVAL) << bytes;
  for (auto bytes : {0u, RS_SCSI_DATA_MAX + 1, ~0u})
    EXPECT_EQ(refuses([&](auto& command) { command.data_bytes = bytes; }), EINVAL) << bytes;
  EXPECT_EQ(refuses([](auto& command) { command.reserved = std::uint64_t{1} << 63; }), EINVAL);
  expect_answers();
}

TEST_F(ScsiDirectHost, AnAddressIsAskedOnceInACall) {
  std::vector<rs_scsi_command> commands;
  for (unsigned lun : {0, 1, 2, 1}) commands.push_back(inquiry(0, lun, data_));
  EXPECT_EQ(send(host_, commands.data(), 4), EINVAL);
  commands[3].target = 1;
  EXPECT_EQ(send(host_, commands.data(), 4), 0);
}

TEST_F(ScsiDirectHost, TheDataOfACallHasABound) {
  constexpr auto kMost = RS_SCSI_CALL_DATA_MAX / RS_SCSI_DATA_MAX;
  std::vector<rs_scsi_command> commands;
  for (unsigned i = 0; i < kMost; ++i)
    commands.push_back(inquiry(100 + i, 0, data_, RS_SCSI_DATA_MAX));
  EXPECT_EQ(send(host_, commands.data(), commands.size()), 0);
  for (auto& command : commands) {
    EXPECT_EQ(command.delivery, RS_SCSI_NOT_ADDRESSABLE);
    command.data_bytes = RS_SCSI_DATA_MAX;
  }
  commands.push_back(inquiry(99, 0, data_, 1));
  EXPECT_EQ(send(host_, commands.data(), commands.size()), EINVAL);
}

TEST_F(ScsiDirectHost, OnlyTheHostsOwnAddressesAreAsked) {
  auto delivery = [&](std::uint32_t channel, std::uint32_t target, std::uint64_t lun) {
    auto command = inquiry(target, lun, data_);
    command.channel = channel;
    EXPECT_EQ(send(host_, &command, 1), 0);
    return command.delivery;
  };
  EXPECT_EQ(delivery(0, 1, 3), RS_SCSI_ANSWERED);
  EXPECT_EQ(delivery(1, 0, 0), RS_SCSI_NOT_ADDRESSABLE);
  EXPECT_EQ(delivery(~0u, 0, 0), RS_SCSI_NOT_ADDRESSABLE);
  EXPECT_EQ(delivery(0, 2, 0), RS_SCSI_NOT_ADDRESSABLE);
  EXPECT_EQ(delivery(0, ~0u, 0), RS_SCSI_NOT_ADDRESSABLE);
  EXPECT_EQ(delivery(0, 0, ~std::uint64_t{0}), RS_SCSI_NOT_ADDRESSABLE);
  auto add = call_to<rs_scsi_add>(host_);
  add.target = ~0u;
  EXPECT_EQ(error_of(RS_SCSI_IOC_ADD, add), EINVAL);
}

TEST_F(ScsiDirectHost, MemoryThatIsNotThereIsFoundOut) {
  Pages none(1, PROT_NONE), sealed(1), cut(2);
  munmap(cut.at() + kPage, kPage);
  auto at = [](Pages& pages, std::size_t offset) {
    return reinterpret_cast<rs_scsi_command*>(pages.at() + offset);
  };
  EXPECT_EQ(send(host_, nullptr, 1), EFAULT);
  EXPECT_EQ(send(host_, reinterpret_cast<rs_scsi_command*>(~std::uintptr_t{0xfff}), 1), EFAULT);
  EXPECT_EQ(send(host_, at(none, 0), 1), EFAULT);
  *at(cut, kPage - sizeof(rs_scsi_command)) = inquiry(0, 0, data_);
  EXPECT_EQ(send(host_, at(cut, kPage - sizeof(rs_scsi_command)), 1), 0);
  *at(cut, kPage - sizeof(rs_scsi_command)) = inquiry(0, 0, data_);
  EXPECT_EQ(send(host_, at(cut, kPage - sizeof(rs_scsi_command)), 2), EFAULT);
  *at(sealed, 0) = inquiry(0, 0, data_);
  mprotect(sealed.at(), kPage, PROT_READ);
  EXPECT_EQ(send(host_, at(sealed, 0), 1), EFAULT);
  for (void* data : {static_cast<void*>(nullptr), static_cast<void*>(none.at()),
                     static_cast<void*>(sealed.at()), static_cast<void*>(cut.at() + kPage - 95)})
    EXPECT_EQ(send_one(inquiry(0, 0, data)), EFAULT) << data;
  expect_answers();
}

// Pages whose first fault waits until they are given.
class Withheld {
 public:
  Withheld() : fd_(static_cast<int>(syscall(SYS_userfaultfd, O_CLOEXEC))), pages_(1) {
    uffdio_api api{UFFD_API, 0, 0};
    EXPECT_EQ(ioctl(fd_.get(), UFFDIO_API, &api), 0);
    uffdio_register range{};
    range.range = {reinterpret_cast<std::uintptr_t>(pages_.at()), kPage};
    range.mode = UFFDIO_REGISTER_MODE_MISSING;
    EXPECT_EQ(ioctl(fd_.get(), UFFDIO_REGISTER, &range), 0);
  }
  std::byte* at() const { return pages_.at(); }
  void await_fault() const {
    uffd_msg message{};
    EXPECT_EQ(read(fd_.get(), &message, sizeof message), static_cast<ssize_t>(sizeof message));
  }
  void give() const {
    uffdio_zeropage zero{};
    zero.range = {reinterpret_cast<std::uintptr_t>(pages_.at()), kPage};
    EXPECT_EQ(ioctl(fd_.get(), UFFDIO_ZEROPAGE, &zero), 0);
  }

 private:
  UniqueFd fd_;
  Pages pages_;
};

TEST_F(ScsiDirectHost, APageFaultHoldsNobodyUp) {
  Withheld page;
  int error = -1;
  std::thread other([&] { error = send_one(inquiry(0, 0, page.at())); });
  page.await_fault();
  expect_answers();
  page.give();
  other.join();
  EXPECT_EQ(error, 0);
  EXPECT_EQ(std::memcmp(page.at() + 8, "Linux   ", 8), 0);
}

rs_scsi_page standard(std::uint8_t bytes, std::uint8_t says) {
  rs_scsi_page page{};
  page.bytes = bytes;
  page.data[2] = 6, page.data[3] = 2, page.data[4] = says;
  std::memcpy(page.data + 8, "HOSTILE OTHER NAME      0001", 28);
  std::memset(page.data + 36, 0xee, sizeof page.data - 36);
  return page;
}

// A page of vital product data with `says` bytes behind its head, if it is to be believed.
rs_scsi_page vital(std::uint8_t number, unsigned bytes, unsigned says, int fill) {
  rs_scsi_page page{};
  page.is_page = 1, page.page = number, page.bytes = static_cast<std::uint8_t>(bytes);
  std::memset(page.data, fill, sizeof page.data);
  page.data[0] = 0, page.data[1] = number;
  page.data[2] = static_cast<std::uint8_t>(says >> 8),
  page.data[3] = static_cast<std::uint8_t>(says);
  return page;
}

class ScsiDirectAdd : public ScsiDirectHost {
 protected:
  int add(std::uint64_t lun, const rs_scsi_page* pages, std::size_t count) {
    call_ = call_to<rs_scsi_add>(host_);
    call_.lun = lun, call_.count = static_cast<std::uint32_t>(count);
    call_.pages = reinterpret_cast<std::uintptr_t>(pages);
    return error_of(RS_SCSI_IOC_ADD, call_);
  }
  Device device() const { return Sysfs().devices(host_, {}).at(0); }

  rs_scsi_add call_{};
};

TEST_F(ScsiDirectAdd, BadPagesAreRefused) {
  auto refuses = [&](auto change) {
    auto page = standard(36, 31);
    change(page);
    return add(1, &page, 1);
  };
  EXPECT_EQ(refuses([](auto& page) { page.is_page = 2; }), EINVAL);
  EXPECT_EQ(refuses([](auto& page) { page.page = 0x80; }), EINVAL);
  EXPECT_EQ(refuses([](auto& page) { page.reserved = 1; }), EINVAL);
  for (auto page : {vital(0x83, 255, 252, 0), vital(0, 255, 0xffff, 0), vital(0x83, 3, 0, 0),
                    vital(0x83, 0, 0, 0)})
    EXPECT_EQ(add(1, &page, 1), EINVAL);
  EXPECT_EQ(refuses([](auto& page) { page = vital(0x83, 8, 4, 0), page.data[1] = 0x80; }), EINVAL);
  std::vector<rs_scsi_page> many(RS_SCSI_PAGES_MAX + 1, standard(36, 31));
  EXPECT_EQ(add(1, many.data(), many.size()), EINVAL);
  EXPECT_EQ(add(1, many.data(), ~0u), EINVAL);
  EXPECT_EQ(add(1, nullptr, 1), EFAULT);
  Pages none(1, PROT_NONE);
  EXPECT_EQ(add(1, reinterpret_cast<rs_scsi_page*>(none.at()), 1), EFAULT);
  EXPECT_TRUE(seen().empty());
}

TEST_F(ScsiDirectAdd, WhatWasNotToldIsAsked) {
  EXPECT_EQ(add(1, nullptr, 0), 0);
  EXPECT_EQ(call_.added, 1u);
  EXPECT_EQ(call_.answered, 0u);
  EXPECT_EQ(device().inquiry.substr(8, 5), "Linux");
  EXPECT_EQ(add(1, nullptr, 0), EEXIST);
}

// It says that there is more than it has.
TEST_F(ScsiDirectAdd, ShortRepliesEndInZeros) {
  auto page = standard(36, 250);
  EXPECT_EQ(add(1, &page, 1), 0);
  EXPECT_EQ(call_.added, 1u);
  EXPECT_GT(call_.answered, 0u);
  auto inquiry = device().inquiry;
  EXPECT_EQ(inquiry.substr(8, 7), "HOSTILE");
  for (std::size_t i = 36; i < inquiry.size(); ++i) EXPECT_EQ(inquiry[i], '\0') << i;
}

// Lists of the same page and descriptors that end nowhere.
TEST_F(ScsiDirectAdd, NonsenseIsOnlyAnAnswer) {
  rs_scsi_page pages[] = {standard(255, 250), vital(0, 255, 251, 0), vital(0x80, 255, 251, 0xff),
                          vital(0x83, 255, 251, 0xff), vital(0xb0, 4, 0, 0)};
  EXPECT_EQ(add(1, pages, 5), 0);
  EXPECT_EQ(call_.added, 1u);
  pages[0] = standard(0, 0), pages[1] = vital(0, 255, 251, 0x83);
  EXPECT_EQ(add(2, pages, 5), 0);
  EXPECT_TRUE(guest::soon(are_disks_made));
}

bool is_hooked() {
  std::ifstream lines("/sys/kernel/tracing/enabled_functions");
  EXPECT_TRUE(lines);
  for (std::string line; std::getline(lines, line);)
    if (line.find("scsi_execute") != line.npos) return true;
  return false;
}

TEST_F(ScsiDirectAdd, TheHookIsThereWhileDevicesAreAdded) {
  (void)mount("none", "/sys/kernel/tracing", "tracefs", 0, nullptr);
  ASSERT_TRUE(guest::soon([] { return !is_hooked(); }));
  expect_answers();
  EXPECT_FALSE(is_hooked());
  EXPECT_EQ(add(1, nullptr, 0), 0);
  EXPECT_TRUE(is_hooked());
  EXPECT_TRUE(guest::soon([] { return !is_hooked(); }));
  EXPECT_EQ(add(2, nullptr, 0), 0);
}

TEST_F(ScsiDirect, AHostMayHaveFewerTagsThanThereAreCommands) {
  Hosts hosts("manual", {"num_tgts=4", "max_luns=16", "max_queue=3"});
  std::vector<rs_scsi_command> commands;
  std::vector<std::byte> data(64 * 96);
  for (unsigned i = 0; i < 64; ++i) commands.push_back(inquiry(i / 16, i % 16, &data[i * 96]));
  EXPECT_EQ(send(static_cast<unsigned>(std::stoul(first_host())), commands.data(), 64), 0);
  for (const auto& command : commands) EXPECT_EQ(command.delivery, RS_SCSI_ANSWERED);
}

// A host with two tags whose every command takes a second: what this child sends takes two minutes.
class Sender {
 public:
  explicit Sender(unsigned host) : child_(fork()) {
    if (child_ != 0) return;
    std::vector<rs_scsi_command> commands;
    static std::byte data[96];
    for (unsigned i = 0; i < 240; ++i) commands.push_back(inquiry(i / 60, i % 60, data));
    _exit(send(host, commands.data(), commands.size()));
  }
  bool is_over() {
    if (!is_over_) is_over_ = waitpid(child_, &status_, WNOHANG) == child_;
    return is_over_;
  }
  void kill() { ::kill(child_, SIGKILL); }
  // In the call.
  bool waits() const {
    std::ifstream file("/proc/" + std::to_string(child_) + "/stat");
    std::string number, name, state;
    file >> number >> name >> state;
    return state == "D";
  }

 private:
  pid_t child_;
  bool is_over_ = false;
  int status_ = 0;
};

TEST_F(ScsiDirect, TheKilledGiveUp) {
  put("/sys/module/scsi_mod/parameters/scan", "manual");
  ASSERT_TRUE(guest::succeeds({"insmod", guest::module_file("ringside_slow"), "targets=4",
                               "luns=60", "delay_ms=1000", "tags=2"}));
  auto host = Sysfs().hosts().back();
  Sender first(host);
  EXPECT_TRUE(guest::soon([&] { return first.waits(); }));
  usleep(500'000);
  Sender second(host);
  EXPECT_TRUE(guest::soon([&] { return second.waits(); }));
  second.kill();
  EXPECT_TRUE(guest::soon([&] { return second.is_over(); }));
  EXPECT_FALSE(first.is_over());
  first.kill();
  EXPECT_TRUE(guest::soon([&] { return first.is_over(); }));
  auto command = inquiry(1, 1, data_);
  EXPECT_EQ(send(host, &command, 1), 0);
  EXPECT_EQ(command.delivery, RS_SCSI_ANSWERED);
  EXPECT_TRUE(guest::unload("ringside_slow"));
}

TEST_F(ScsiDirect, TheKernelHasNotComplained) {
  guest::expect_clean_log();
}

}  // namespace
}  // namespace ringside::scsi
