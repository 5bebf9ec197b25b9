// Clients of version 1, as somebody compiled them against the first headers: numbers of calls,
// sizes and offsets are written out, so that they stay what they were whatever the headers become.
// Whoever changes the ABI adds a client of the new version beside these, and leaves these alone.
#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/ioctl.h>

#include <array>
#include <cerrno>
#include <cstring>

#include "tests/guest/module.hh"
#include "user/base/unique_fd.hh"

namespace ringside::guest {
namespace {

template <std::size_t kSize>
struct Call {
  std::array<unsigned char, kSize> bytes{};

  Call() { put(0, kSize), put(4, 1); }
  void put(std::size_t at, std::uint32_t value) { std::memcpy(&bytes[at], &value, sizeof(value)); }
  std::uint32_t get(std::size_t at) const {
    std::uint32_t value;
    std::memcpy(&value, &bytes[at], sizeof(value));
    return value;
  }
  int on(const UniqueFd& fd, unsigned long number) {
    return ioctl(fd.get(), number, bytes.data()) == 0 ? 0 : errno;
  }
};

UniqueFd open_device(const char* name) {
  return UniqueFd(open(name, O_RDWR | O_CLOEXEC));
}

TEST(VersionOne, TheLoadersClientArmsAndDisarms) {
  ASSERT_TRUE(load("ringside_loader"));
  {
    auto device = open_device("/dev/ringside");
    ASSERT_TRUE(device);
    Call<24> arm;
    arm.put(8, 3);      // SHADOW
    arm.put(12, 1000);  // ms
    EXPECT_EQ(arm.on(device, 0xc0185220), 0);
    EXPECT_EQ(arm.on(device, 0xc0185220), EALREADY);
    Call<16> disarm;
    EXPECT_EQ(disarm.on(device, 0xc0105221), 0);
    EXPECT_EQ(disarm.get(8), 1u) << "ARMED";
  }
  EXPECT_TRUE(soon([] { return unload("ringside_loader"); }));
}

// What the device of a module that was just loaded says of its state.
template <std::size_t kSize>
Call<kSize> state_of(const std::string& module, const char* name, unsigned long number) {
  Call<kSize> status;
  EXPECT_TRUE(load(module));
  {
    auto device = open_device(name);
    EXPECT_TRUE(device) << name;
    EXPECT_EQ(status.on(device, number), 0);
  }
  EXPECT_TRUE(unload(module));
  return status;
}

TEST(VersionOne, TheSymbolTablesClientAsksForItsState) {
  auto status = state_of<72>("ringside_ksyms", "/dev/ringside-ksyms", 0xc0485212);
  EXPECT_EQ(status.get(8), 0u) << "no table";
  EXPECT_EQ(status.get(32), 20u) << "bytes of the kernel's build-id";
}

TEST(VersionOne, TheParsersClientAsksForItsState) {
  auto status = state_of<56>("ringside_html", "/dev/ringside-html", 0xc0385291);
  EXPECT_EQ(status.get(8), 0u) << "nothing was read";
}

}  // namespace
}  // namespace ringside::guest
