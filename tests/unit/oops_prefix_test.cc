// What stands before a kernel's message, in every way that people paste it.
#include <gtest/gtest.h>

#include "core/oops/prefix.hh"

namespace ringside::oops {
namespace {

TEST(Prefix, IsTakenOffInEveryForm) {
  const char* const lines[] = {
      "RIP: 0010:acme+0x1/0x2",
      "[   12.345678] RIP: 0010:acme+0x1/0x2",
      "[12345.678901] RIP: 0010:acme+0x1/0x2\r",
      "<4>[   12.345678] RIP: 0010:acme+0x1/0x2",
      "<4>RIP: 0010:acme+0x1/0x2",
      "[   12.345678][ T4711] RIP: 0010:acme+0x1/0x2",
      "[   12.345678] [    C3] RIP: 0010:acme+0x1/0x2",
      "kern  :warn  : [   12.345678] RIP: 0010:acme+0x1/0x2",
      "[  +0.000012] RIP: 0010:acme+0x1/0x2",
      "[Mon Nov  9 10:19:35 2020] RIP: 0010:acme+0x1/0x2",
      "Nov  9 10:19:35 anvil kernel: RIP: 0010:acme+0x1/0x2",
      "Nov  9 10:19:35 anvil kernel: [   12.345678] RIP: 0010:acme+0x1/0x2",
      "Nov 09 10:19:35.123456 anvil kernel[0]: RIP: 0010:acme+0x1/0x2",
      "2024-05-30T10:20:30.123456+02:00 anvil kernel: RIP: 0010:acme+0x1/0x2",
      "2024-05-30T10:20:30+0200 anvil kernel: [   12.345678] RIP: 0010:acme+0x1/0x2",
      "2024-05-30T10:20:30.123456Z [   12.345678] RIP: 0010:acme+0x1/0x2",
      "2024-05-30 10:20:30 RIP: 0010:acme+0x1/0x2",
      "Thu 2024-05-30 10:20:30 CEST anvil kernel: RIP: 0010:acme+0x1/0x2",
      "[   12.345678] anvil kernel: RIP: 0010:acme+0x1/0x2",
      "[   12.345678] kernel: RIP: 0010:acme+0x1/0x2",
      "[Nov30 10:19] RIP: 0010:acme+0x1/0x2",
      "1700000000.123456 anvil kernel: RIP: 0010:acme+0x1/0x2",
      "4,123,100000000,-;RIP: 0010:acme+0x1/0x2",
      "4,123,100000000,-,caller=T12;RIP: 0010:acme+0x1/0x2",
      "<4>1 2024-05-30T10:20:30.123456Z anvil kernel - - - RIP: 0010:acme+0x1/0x2",
      "kernel: RIP: 0010:acme+0x1/0x2",
      "anvil kernel: RIP: 0010:acme+0x1/0x2",
      "\x1b[32m[   12.345678] \x1b[0m\x1b[31mRIP: 0010:acme+0x1/0x2\x1b[0m",
      "> RIP: 0010:acme+0x1/0x2",
      "> > >> [   12.345678] RIP: 0010:acme+0x1/0x2",
      ">>>>RIP: 0010:acme+0x1/0x2",
      "| [   12.345678] RIP: 0010:acme+0x1/0x2",
      ">> +RIP: 0010:acme+0x1/0x2",
      "> 12.345678] RIP: 0010:acme+0x1/0x2",
      "\x1b[32m[   12.345678] \x1b[0mRIP: 0010:acme+0x1/0x2",
      "root@anvil:~# ls /[   12.345678] RIP: 0010:acme+0x1/0x2",
  };
  for (const auto* line : lines) {
    auto prefix = strip_prefix(line);
    EXPECT_EQ(prefix.message, "RIP: 0010:acme+0x1/0x2") << line;
    EXPECT_FALSE(prefix.foreign) << line;
  }
}

TEST(Prefix, KeepsTheMessagesOwnBlanks) {
  EXPECT_EQ(strip_prefix("[   12.345678]  acme+0x1/0x2").message, " acme+0x1/0x2");
  EXPECT_EQ(strip_prefix("Nov  9 10:19:35 anvil kernel:  <TASK>").message, " <TASK>");
  EXPECT_EQ(strip_prefix(">  acme+0x1/0x2").message, " acme+0x1/0x2");
}

// With a year it is no syslog's date, so no host and program follow.
TEST(Prefix, OfCtimeNamesNoProgram) {
  auto prefix = strip_prefix("Mon Nov  9 10:19:35 2020 Hardware name: Acme");
  EXPECT_EQ(prefix.message, "Hardware name: Acme");
  EXPECT_FALSE(prefix.foreign);
}

TEST(Prefix, TellsTheCaller) {
  EXPECT_EQ(strip_prefix("[    1.000000][ T4711] x").caller, (Caller{'T', 4711}));
  EXPECT_EQ(strip_prefix("<6>[    1.000000][    C3] x").caller, (Caller{'C', 3}));
  EXPECT_EQ(strip_prefix("[    1.000000] x").caller, Caller());
}

TEST(Prefix, TellsOtherProgramsOfALog) {
  for (const auto* line : {"Nov  9 10:19:35 anvil sshd[12]: WARNING: CPU: 1 PID: 2 at x.c:1",
                           "2024-05-30T10:20:30+02:00 anvil systemd[1]: Call Trace:",
                           "Nov  9 10:19:35 anvil smithd: general protection fault"})
    EXPECT_TRUE(strip_prefix(line).foreign) << line;
}

TEST(Prefix, LeavesBracketsOfMessagesAlone) {
  for (const auto* message :
       {"[<ffffffff81000000>] acme+0x1/0x2", "[ INFO: possible recursive locking detected ]",
        "[00508ae4] *pgd=fb0c2835", "[c000000010f930b0] [c000000008068df8] .acme+0x1/0x2"})
    EXPECT_EQ(strip_prefix(std::string("[    1.000000] ") + message).message, message);
}

}  // namespace
}  // namespace ringside::oops
