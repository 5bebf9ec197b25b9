// Hostile calls on /dev/ringside: each is refused with its errno, and the load that was parked goes
// on as if nothing had been.
#include <gtest/gtest.h>
#include <sched.h>
#include <sys/wait.h>

#include "tests/guest/loader_fixture.hh"

namespace ringside::guest {
namespace {

constexpr std::uint64_t kKernelText = 0xffff'ffff'8000'0000;

using HandOverRefuses = LoaderModule;

TEST_F(HandOverRefuses, EveryFieldThatTheAbiDoesNotKnow) {
  LoaderFile file;
  auto arm = [&](auto change) {
    auto call = loader_call<rs_loader_arm>();
    call.mode = RS_LOADER_USER, call.timeout_ms = 1000;
    change(call);
    return file.call(RS_LOADER_IOC_ARM, call);
  };
  EXPECT_EQ(arm([](auto& call) { call.size = 8; }), EINVAL);
  EXPECT_EQ(arm([](auto& call) { call.size = UINT32_MAX; }), EINVAL);
  EXPECT_EQ(arm([](auto& call) { call.version = 0; }), EINVAL);
  EXPECT_EQ(arm([](auto& call) { call.version = 2; }), EINVAL);
  EXPECT_EQ(arm([](auto& call) { call.mode = 0; }), EINVAL);
  EXPECT_EQ(arm([](auto& call) { call.mode = 4; }), EINVAL);
  EXPECT_EQ(arm([](auto& call) { call.timeout_ms = 0; }), EINVAL);
  EXPECT_EQ(arm([](auto& call) { call.timeout_ms = RS_LOADER_TIMEOUT_MAX + 1; }), EINVAL);
  EXPECT_EQ(arm([](auto& call) { call.reserved = 1; }), EINVAL);
  auto disarm = loader_call<rs_loader_disarm>();
  disarm.reserved = 1;
  EXPECT_EQ(file.call(RS_LOADER_IOC_DISARM, disarm), EINVAL);
  auto status = loader_call<rs_loader_status>();
  status.reserved = 1;
  EXPECT_EQ(file.call(RS_LOADER_IOC_STATUS, status), EINVAL);
  auto load = loader_call<rs_loader_load>();
  load.reserved = 1;
  EXPECT_EQ(file.call(RS_LOADER_IOC_WAIT, load), EINVAL);
  auto table = loader_call<rs_loader_table>();
  table.reserved = 1;
  EXPECT_EQ(file.call(RS_LOADER_IOC_SECTIONS, table), EINVAL);
  EXPECT_EQ(file.complete(0), EINVAL);
  EXPECT_EQ(file.complete(4), EINVAL);
  EXPECT_EQ(file.complete(RS_LOADER_FAIL, 0), EINVAL);
  EXPECT_EQ(file.complete(RS_LOADER_FAIL, 4096), EINVAL);
  EXPECT_EQ(file.complete(RS_LOADER_DONE, EIO), EINVAL);
  EXPECT_EQ(file.call(0x12345678, status), ENOTTY);
  EXPECT_EQ(ioctl(file.fd(), RS_LOADER_IOC_ARM, 8), -1);
  EXPECT_EQ(errno, EFAULT);
}

TEST_F(HandOverRefuses, WhatNeedsAParkedLoad) {
  LoaderFile file, impatient(O_NONBLOCK);
  char byte = 0;
  rs_loader_load load;
  auto refuses = [&](const LoaderFile& which) {
    auto table = loader_call<rs_loader_table>();
    table.count = 1;
    EXPECT_EQ(which.call(RS_LOADER_IOC_SECTIONS, table), ENODATA);
    EXPECT_EQ(which.call(RS_LOADER_IOC_SYMBOLS, table), ENODATA);
    EXPECT_EQ(which.complete(RS_LOADER_DONE), ENODATA);
    EXPECT_EQ(which.read(1, 0, &byte, 1), ENODATA);
    EXPECT_EQ(which.write(1, 0, &byte, 1), ENODATA);
  };
  refuses(file);
  EXPECT_EQ(file.wait(load), ENODATA);
  ASSERT_EQ(impatient.arm(RS_LOADER_USER), 0);
  refuses(impatient);
  EXPECT_EQ(impatient.wait(load), EAGAIN);
  EXPECT_EQ(impatient.disarm(), 0);
  EXPECT_EQ(impatient.wait(load), ENODATA);
}

TEST_F(HandOverRefuses, EveryCallOnALoadThatIsCompleted) {
  Parked parked(kSmall);
  EXPECT_EQ(parked.file.arm(RS_LOADER_USER), EALREADY);
  EXPECT_EQ(parked.file.disarm(), EBUSY);
  EXPECT_EQ(parked.finish(), 0);
  char byte = 0;
  EXPECT_EQ(parked.file.complete(RS_LOADER_DONE), ENODATA);
  EXPECT_EQ(parked.file.write(1, 0, &byte, 1), ENODATA);
  EXPECT_EQ(parked.file.read(1, 0, &byte, 1), ENODATA);
  EXPECT_EQ(delete_module(kSmall), 0);
}

// Sections that nobody may write, and ranges that are not there.
TEST_F(HandOverRefuses, WritesOutsideTheModulesOwnSections) {
  Parked parked(kSmall);
  const auto& file = parked.file;
  auto sections = file.table<rs_loader_section>(RS_LOADER_IOC_SECTIONS, parked.load.sections);
  ASSERT_EQ(sections.size(), parked.load.sections);
  std::vector<char> bytes(1 << 20);
  EXPECT_EQ(file.write(0, 0, bytes.data(), 1), EINVAL);
  EXPECT_EQ(file.write(parked.load.sections, 0, bytes.data(), 1), EINVAL);
  EXPECT_EQ(file.write(0x7fff'ffff, 0, bytes.data(), 1), EINVAL);
  for (std::uint32_t each = 1; each < sections.size(); ++each) {
    auto size = static_cast<std::uint32_t>(sections[each].bytes);
    EXPECT_EQ(file.write(each, size, bytes.data(), 1), EINVAL) << each;
    EXPECT_EQ(file.write(each, 0, bytes.data(), size + 1), EINVAL) << each;
    EXPECT_EQ(file.write(each, UINT32_MAX, bytes.data(), 2), EINVAL) << each;
    EXPECT_EQ(file.read(each, size, bytes.data(), 1), EINVAL) << each;
    if (sections[each].address == 0) {
      EXPECT_EQ(file.read(each, 0, bytes.data(), 1), EINVAL);
    }
  }
  auto strings = parked.module.object().string_section();
  EXPECT_EQ(file.write(parked.load.symbol_section, 24, bytes.data(), 24), EPERM);
  EXPECT_EQ(file.write(strings, 1, bytes.data(), 1), EPERM);
  EXPECT_EQ(parked.finish(), 0);
  EXPECT_EQ(delete_module(kSmall), 0);
}

TEST_F(HandOverRefuses, WritesToStructModuleButTheEntryWords) {
  Parked parked("loop");
  auto words = entry_words(parked.load, parked.module.object());
  ASSERT_EQ(words.size(), 2u);
  auto section = parked.load.module_section;
  auto size = parked.module.object().sections()[section].size;
  std::vector<char> bytes(size);
  EXPECT_EQ(parked.file.write(section, 0, bytes.data(), size), EPERM);
  for (std::uint32_t at = 0; at + 8 <= size; at += 8) {
    bool entry = at == words[0] || at == words[1];
    EXPECT_EQ(parked.file.write(section, at, bytes.data(), 8), entry ? 0 : EPERM) << at;
  }
  for (auto at : words) EXPECT_EQ(parked.file.write(section, at + 4, bytes.data(), 8), EPERM);
  EXPECT_EQ(parked.finish(), 0);
  EXPECT_EQ(delete_module("loop"), 0);
}

TEST_F(HandOverRefuses, WritesToAShownLoad) {
  Parked parked(kSmall, RS_LOADER_SHADOW);
  char byte = 0;
  for (std::uint32_t each = 1; each < parked.load.sections; ++each)
    EXPECT_NE(parked.file.write(each, 0, &byte, 1), 0) << each;
  EXPECT_EQ(parked.file.complete(RS_LOADER_DONE), 0);
  EXPECT_EQ(parked.handed.result(), 0);
  EXPECT_EQ(delete_module(kSmall), 0);
}

TEST_F(HandOverRefuses, ForeignPointers) {
  Parked parked(kSmall);
  const auto& file = parked.file;
  auto sections = file.table<rs_loader_section>(RS_LOADER_IOC_SECTIONS, parked.load.sections);
  std::uint32_t text = 1;
  while (sections[text].address == 0 || sections[text].bytes < 16) ++text;
  const std::uint64_t text_address = sections[text].address;
  for (auto bad : {std::uint64_t{0}, std::uint64_t{8}, text_address, kKernelText}) {
    auto pointer = reinterpret_cast<void*>(bad);
    EXPECT_EQ(file.write(text, 0, pointer, 16), EFAULT);
    EXPECT_EQ(file.read(text, 0, pointer, 16), EFAULT);
    auto table = loader_call<rs_loader_table>();
    table.count = 1, table.records = bad;
    EXPECT_EQ(file.call(RS_LOADER_IOC_SECTIONS, table), EFAULT);
    table.count = UINT32_MAX;
    EXPECT_EQ(file.call(RS_LOADER_IOC_SYMBOLS, table), EFAULT);
  }
  auto table = loader_call<rs_loader_table>();
  table.first = parked.load.symbols, table.count = 5;
  EXPECT_EQ(file.call(RS_LOADER_IOC_SYMBOLS, table), 0);
  EXPECT_EQ(table.count, 0u);
  EXPECT_EQ(parked.finish(), 0);
  EXPECT_EQ(delete_module(kSmall), 0);
}

// In a child with fewer rights: 0, or the errno of open(2).
template <class Drop>
int open_after(Drop drop) {
  pid_t child = fork();
  if (child == 0) {
    drop();
    _exit(open(RS_LOADER_DEVICE, O_RDWR) < 0 ? errno : 0);
  }
  int status = 0;
  waitpid(child, &status, 0);
  return WEXITSTATUS(status);
}

TEST_F(HandOverRefuses, ThoseWhoMayNotLoadModules) {
  EXPECT_EQ(open_after([] {}), 0);
  EXPECT_EQ(open_after([] { (void)!setgid(65534), (void)!setuid(65534); }), EACCES);
  EXPECT_EQ(open_after([] { (void)!unshare(CLONE_NEWUSER); }), EPERM);
}

}  // namespace
}  // namespace ringside::guest
