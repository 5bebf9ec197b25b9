// What a console line says about the kernel, and the end of a console.
#include "lab/console.hh"

#include <gtest/gtest.h>

namespace ringside::lab {
namespace {

TEST(LabConsole, OopsesAreKnown) {
  for (const char* line :
       {"[    3.1] BUG: kernel NULL pointer dereference, address: 0000000000000000",
        "[    3.193816] BUG: unable to handle page fault for address: ffffffffc0000000",
        "[ 1234.567890] general protection fault, probably for non-canonical address 0x1: 0000 "
        "[#1]",
        "[    1.0] invalid opcode: 0000 [#1] PREEMPT SMP NOPTI",
        "[    1.0] Oops: invalid opcode: 0000 [#1] PREEMPT SMP NOPTI",
        "[    1.0] Oops: 0002 [#1] PREEMPT SMP NOPTI", "Oops: 0002 [#1] SMP",
        "[    1.0][    T1] kernel BUG at fs/ext4/inode.c:1!",
        "[    1.0] int3: 0000 [#1] PREEMPT SMP NOPTI",
        "[    1.0] BUG: scheduling while atomic: insmod/77/0x00000002",
        "[    1.0] BUG: KASAN: slab-out-of-bounds in f+0x1/0x2 [m]",
        "[    1.0] WARNING: possible circular locking dependency detected",
        "[    1.0] WARNING: suspicious RCU usage", "[    1.0] [ BUG: Invalid wait context ]",
        "[    1.0] UBSAN: shift-out-of-bounds in fs/x.c:1:2",
        "[    1.0] kmemleak: 1 new suspected memory leaks (see /sys/kernel/debug/kmemleak)"})
    EXPECT_EQ(ailment_of(line), Ailment::kOops) << line;
}

TEST(LabConsole, WhatOnlyLooksLikeOneIsNone) {
  for (const char* line :
       {"", "[", "[    1.0]", "[    1.0] WARNING: CPU: 0 PID: 1 at kernel/x.c:1 f+0x1/0x2",
        "[    1.0] kmemleak: Kernel memory leak detector initialized (mem pool available: 1)",
        "[   28.1] watchdog: BUG: soft lockup - CPU#0 stuck for 22s!",
        "[    1.0] BUG: workqueue lockup - pool cpus=0 node=0", "[    1.0] rcu: INFO: stall",
        "[    1.0] audit: text BUG: quoted", "[ok] Oops is a word", "debug: Oops: inside"})
    EXPECT_EQ(ailment_of(line), Ailment::kNone) << line;
}

TEST(LabConsole, PanicAndEndOfTrace) {
  EXPECT_EQ(ailment_of("[    2.1] Kernel panic - not syncing: Attempted to kill init!"),
            Ailment::kPanic);
  EXPECT_EQ(ailment_of("[    2.1] ---[ end trace 0000000000000000 ]---"), Ailment::kOopsEnd);
}

TEST(LabConsole, TellsABreakpointThatNobodySet) {
  for (const char* line : {"[    1.0] int3: 0000 [#1] PREEMPT SMP NOPTI\n",
                           "[    1.896676] Oops: int3: 0000 [#2] PREEMPT SMP NOPTI\n"}) {
    Console console;
    console.feed(line);
    EXPECT_TRUE(console.breakpoint()) << line;
  }
  Console console;
  console.feed("[    1.0] invalid opcode: 0000 [#1] SMP\n[    1.0] int3: 0000 is a word\n");
  EXPECT_FALSE(console.breakpoint());
}

TEST(LabConsole, LinesMayComeInPieces) {
  Console console;
  console.feed("[    1.0] fine\r\n[    2.0] Oo");
  EXPECT_FALSE(console.oops());
  console.feed("ps: 0002 [#1] SMP\r");
  EXPECT_FALSE(console.oops());
  console.feed("\n");
  EXPECT_TRUE(console.oops());
  EXPECT_FALSE(console.oops_complete());
  EXPECT_EQ(console.first_line(), "Oops: 0002 [#1] SMP");
  console.feed("[    2.1] ---[ end trace 0 ]---\n");
  EXPECT_TRUE(console.oops_complete());
  console.forget_oops();
  EXPECT_FALSE(console.oops());
}

TEST(LabConsole, TailIsTheLastLines) {
  Console console;
  console.feed("a\r\nb\r\nc");
  EXPECT_EQ(console.tail(1), "c");
  EXPECT_EQ(console.tail(2), "b\nc");
  EXPECT_EQ(console.tail(9), "a\nb\nc");
  console.feed("\n");
  EXPECT_EQ(console.tail(2), "b\nc\n");
}

TEST(LabConsole, EndlessLinesAndOutputStayBounded) {
  Console console;
  std::string noise(1 << 20, 'x');
  console.feed(noise);
  console.feed("\nend\n");
  EXPECT_EQ(console.tail(1), "end\n");
  EXPECT_LT(console.tail(1000).size(), noise.size());
}

}  // namespace
}  // namespace ringside::lab
