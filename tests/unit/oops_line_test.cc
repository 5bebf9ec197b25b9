// Every shape of a line that names places in code, on every architecture that prints its own.
#include <gtest/gtest.h>

#include "core/oops/line.hh"

namespace ringside::oops {

void PrintTo(const Frame& frame, std::ostream* out) {
  *out << frame.symbol << "+" << frame.offset << "/" << frame.size << " [" << frame.module << "] @"
       << frame.address << " role " << static_cast<int>(frame.role);
}

namespace {

struct Place {
  Role role;
  std::string symbol;
  std::uint64_t offset = 0, size = 0, address = 0;
  std::string module = {};
  bool guess = false, unreliable = false;
};

struct Shape {
  std::string line;
  std::vector<Place> places;
};

constexpr std::uint64_t kAddress = 0xffffffff81234567;

const Shape kShapes[] = {
    // x86, since 4.10 and before
    {" acme_run+0x1c/0x80", {{Role::kCall, "acme_run", 0x1c, 0x80}}},
    {" ? acme_run+0x1c/0x80", {{Role::kCall, "acme_run", 0x1c, 0x80, 0, "", true}}},
    {" acme_run+0x1c/0x80 [acme]", {{Role::kCall, "acme_run", 0x1c, 0x80, 0, "acme"}}},
    {" acme_run.isra.0+0x1c/0x80 [acme_core 00112233445566778899aabbccddeeff00112233]",
     {{Role::kCall, "acme_run.isra.0", 0x1c, 0x80, 0, "acme_core"}}},
    {" [<ffffffff81234567>] acme_run+0x1c/0x80 [acme]",
     {{Role::kCall, "acme_run", 0x1c, 0x80, kAddress, "acme"}}},
    {" [<ffffffff81234567>] ? acme_run+0x1c/0x80",
     {{Role::kCall, "acme_run", 0x1c, 0x80, kAddress, "", true}}},
    {" [<ffffffff81234567>]", {{Role::kCall, "", 0, 0, kAddress}}},
    {" [<ffffffff81234567>] 0xffffffff81234567", {{Role::kCall, "", 0, 0, kAddress}}},
    {" ? 0xffffffff81234567", {{Role::kCall, "", 0, 0, kAddress, "", true}}},
    {" 0xffffffff81234567", {{Role::kCall, "", 0, 0, kAddress}}},
    {"  <NMI>  [<ffffffff81234567>] ? acme_run+0x1c/0x80",
     {{Role::kCall, "acme_run", 0x1c, 0x80, kAddress, "", true}}},
    {"RIP: 0010:acme_run+0x1c/0x80 [acme]", {{Role::kFault, "acme_run", 0x1c, 0x80, 0, "acme"}}},
    {"RIP: 0010:[<ffffffff81234567>]  [<ffffffff81234567>] acme_run+0x1c/0x80",
     {{Role::kFault, "acme_run", 0x1c, 0x80, kAddress}}},
    {"RIP  [<ffffffff81234567>] acme_run+0x1c/0x80",
     {{Role::kFault, "acme_run", 0x1c, 0x80, kAddress}}},
    {"EIP: 0060:[<c1234567>] EFLAGS: 00010246 CPU: 1", {{Role::kFault, "", 0, 0, 0xc1234567}}},
    {"EIP is at acme_run+0x1c/0x80 [acme]", {{Role::kFault, "acme_run", 0x1c, 0x80, 0, "acme"}}},
    {"EIP: acme_run+0x1c/0x80", {{Role::kFault, "acme_run", 0x1c, 0x80}}},
    {"IP: [<c1234567>] acme_run+0x1c/0x80", {{Role::kFault, "acme_run", 0x1c, 0x80, 0xc1234567}}},
    // arm, before 5.18 and since; arm64
    {"[<c0014318>] (acme_run) from [<c001457c>] (acme_top+0x24/0x2c [acme])",
     {{Role::kCall, "acme_top", 0x24, 0x2c, 0xc001457c, "acme"},
      {Role::kCallee, "acme_run", 0, 0, 0xc0014318}}},
    {"[<c0014318>] (acme_run+0x8/0x10) from [<c001457c>] (acme_top+0x24/0x2c)",
     {{Role::kCall, "acme_top", 0x24, 0x2c, 0xc001457c},
      {Role::kCallee, "acme_run", 8, 0x10, 0xc0014318}}},
    {" acme_run from acme_top+0x24/0x2c",
     {{Role::kCall, "acme_top", 0x24, 0x2c}, {Role::kCallee, "acme_run"}}},
    {"PC is at acme_run+0x1c/0x80", {{Role::kFault, "acme_run", 0x1c, 0x80}}},
    {"LR is at acme_run+0x1c/0x80", {{Role::kLink, "acme_run", 0x1c, 0x80}}},
    {"pc : [<c0333330>]    lr : [<c0333200>]    psr: 80070113",
     {{Role::kFault, "", 0, 0, 0xc0333330}, {Role::kLink, "", 0, 0, 0xc0333200}}},
    {"pc : acme_run+0x1c/0x80", {{Role::kFault, "acme_run", 0x1c, 0x80}}},
    {"lr : acme_run+0x1c/0x80 [acme]", {{Role::kLink, "acme_run", 0x1c, 0x80, 0, "acme"}}},
    {" acme_run+0x1c/0x80 (P)", {{Role::kCall, "acme_run", 0x1c, 0x80}}},
    // powerpc
    {"[c000000010f930b0] [c000000008068df8] .acme_run+0x1c/0x80 (unreliable)",
     {{Role::kCall, ".acme_run", 0x1c, 0x80, 0xc000000008068df8, "", false, true}}},
    {"NIP [c000000008068dfc] .acme_run+0x1c/0x80",
     {{Role::kFault, ".acme_run", 0x1c, 0x80, 0xc000000008068dfc}}},
    {"LR [c000000008068dfc] .acme_run+0x1c/0x80",
     {{Role::kLink, ".acme_run", 0x1c, 0x80, 0xc000000008068dfc}}},
    // s390
    {"Krnl PSW : 0704f00180000000 000003ff8086d03a (acme_run+0x1c/0x80 [acme])",
     {{Role::kFault, "acme_run", 0x1c, 0x80, 0x3ff8086d03a, "acme"}}},
    {"([<000003ff8086d036>] acme_run+0x1c/0x80 [acme])",
     {{Role::kCall, "acme_run", 0x1c, 0x80, 0x3ff8086d036, "acme", false, true}}},
    // mips, riscv, sparc, parisc, alpha, ia64
    {"epc   : ffffffff8067f8f8 acme_run+0x1c/0x80",
     {{Role::kFault, "acme_run", 0x1c, 0x80, 0xffffffff8067f8f8}}},
    {"ra    : ffffffff8067f8f8 acme_run+0x1c/0x80",
     {{Role::kLink, "acme_run", 0x1c, 0x80, 0xffffffff8067f8f8}}},
    {"epc : acme_run+0x1c/0x80 ra : acme_top+0x2/0x4",
     {{Role::kFault, "acme_run", 0x1c, 0x80}, {Role::kLink, "acme_top", 2, 4}}},
    {"[<0000000000607a08>] acme_run+0x1c/0x80", {{Role::kCall, "acme_run", 0x1c, 0x80, 0x607a08}}},
    {" [0000000000607a08] acme_run+0x1c/0x80", {{Role::kCall, "acme_run", 0x1c, 0x80, 0x607a08}}},
    {"TPC: <acme_run+0x1c/0x80 [acme]>", {{Role::kFault, "acme_run", 0x1c, 0x80, 0, "acme"}}},
    {"I7: <acme_run+0x1c/0x80>", {{Role::kLink, "acme_run", 0x1c, 0x80}}},
    {"Caller[0000000000607a08]: acme_run+0x1c/0x80",
     {{Role::kCopy, "acme_run", 0x1c, 0x80, 0x607a08}}},
    {"             TPC[acme_run+0x1c/0x80] O7[acme_top+0x2/0x4] I7[0xf774ee3c]",
     {{Role::kFault, "acme_run", 0x1c, 0x80}, {Role::kLink, "acme_top", 2, 4}}},
    {" IAOQ[0]: acme_run+0x1c/0x80", {{Role::kFault, "acme_run", 0x1c, 0x80}}},
    {" RP(r2): acme_run+0x1c/0x80", {{Role::kLink, "acme_run", 0x1c, 0x80}}},
    {"pc is at acme_run+0x1c/0x80", {{Role::kFault, "acme_run", 0x1c, 0x80}}},
    {"ip is at acme_run+0x1c/0x80", {{Role::kFault, "acme_run", 0x1c, 0x80}}},
    // headlines and locks
    {"WARNING: CPU: 1 PID: 2 at acme/run.c:12 acme_run+0x1c/0x80 [acme]",
     {{Role::kNamed, "acme_run", 0x1c, 0x80, 0, "acme"}}},
    {"BUG: KASAN: slab-out-of-bounds in acme_run+0x1c/0x80",
     {{Role::kNamed, "acme_run", 0x1c, 0x80}}},
    {"ffff888012345678 (&acme->lock){+.+.}-{3:3}, at: acme_run+0x1c/0x80",
     {{Role::kLock, "acme_run", 0x1c, 0x80}}},
    {" #0:  (&acme->lock){+.+.+.}, at: [<ffffffff81234567>] acme_run+0x1c/0x80",
     {{Role::kLock, "acme_run", 0x1c, 0x80, kAddress}}},
    // already decoded
    {" acme_run+0x1c/0x80 acme/run.c:12", {{Role::kCall, "acme_run", 0x1c, 0x80}}},
    {" acme_run (acme/run.c:12 acme/run.h:3 (discriminator 2)) acme",
     {{Role::kCall, "acme_run", 0, 0, 0, "acme"}}},
    {" ? acme_run (acme/run.c:12) ", {{Role::kCall, "acme_run", 0, 0, 0, "", true}}},
    {"Trace; c013f6c0 <acme_run+1c/80>", {{Role::kCopy, "acme_run", 0x1c, 0x80, 0xc013f6c0}}},
    // C++ and Rust
    {" _ZN4acme3runEi+0x1c/0x80", {{Role::kCall, "_ZN4acme3runEi", 0x1c, 0x80}}},
    {" _RNvCs1234_7mycrate3foo+0x1c/0x80", {{Role::kCall, "_RNvCs1234_7mycrate3foo", 0x1c, 0x80}}},
};

TEST(OopsLine, NamesThePlacesInEveryShape) {
  for (const auto& shape : kShapes) {
    Line line;
    classify(shape.line, true, line);
    ASSERT_EQ(line.frame_count, shape.places.size()) << shape.line;
    for (std::size_t at = 0; at < shape.places.size(); ++at) {
      const auto& frame = line.frames[at];
      const auto& place = shape.places[at];
      EXPECT_EQ(frame.role, place.role) << shape.line;
      EXPECT_EQ(frame.symbol, place.symbol) << shape.line;
      EXPECT_EQ(frame.offset, place.offset) << shape.line;
      EXPECT_EQ(frame.size, place.size) << shape.line;
      EXPECT_EQ(frame.address, place.address) << shape.line;
      EXPECT_EQ(frame.module, place.module) << shape.line;
      EXPECT_EQ(frame.guess, place.guess) << shape.line;
      EXPECT_EQ(frame.unreliable, place.unreliable) << shape.line;
    }
  }
}

TEST(OopsLine, KnowsWhichAddressesAreExact) {
  auto exact = [](std::string_view text) {
    Line line;
    classify(text, true, line);
    return line.frame_count > 0 && line.frames[0].exact;
  };
  EXPECT_TRUE(exact("RIP: 0010:acme_run+0x1c/0x80"));
  EXPECT_TRUE(exact("WARNING: CPU: 1 PID: 2 at acme/run.c:12 acme_run+0x1c/0x80"));
  EXPECT_TRUE(exact(" acme_run+0x0/0x80")) << "no call ends before a function";
  EXPECT_FALSE(exact(" acme_run+0x80/0x80")) << "a call that does not return";
  EXPECT_FALSE(exact("LR is at acme_run+0x1c/0x80"));
}

TEST(OopsLine, ReadsBuildIdAndSource) {
  Line line;
  classify(" acme_run+0x1/0x2 [acme 00112233445566778899aabbccddeeff00112233]", true, line);
  EXPECT_EQ(line.frames[0].build_id, "00112233445566778899aabbccddeeff00112233");
  classify(" acme_run+0x1/0x2 acme/run.c:12", true, line);
  EXPECT_EQ(line.frames[0].source, "acme/run.c:12");
  classify(" acme_run acme/run.c:12 [inline]", true, line);
  ASSERT_EQ(line.frame_count, 1);
  EXPECT_TRUE(line.frames[0].inlined);
}

TEST(OopsLine, OrdinaryLinesAreNone) {
  for (const auto* text :
       {"usb 1-1: new high-speed USB device number 2 using xhci_hcd", "Call me: +0x1/0x2",
        "random: acme called from acme_alloc+0x120/0x258 with crng_init=0", "WARNING: read this",
        "[20240530] acme started", "Linux version 6.9.1", "acme from home", "CPU: Acme Anvil"}) {
    Line line;
    classify(text, false, line);
    EXPECT_EQ(line.kind, LineKind::kOther) << text;
  }
}

struct Head {
  const char* text;
  Kind kind;
};

TEST(OopsLine, TellsTheKindByTheHeadline) {
  const Head heads[] = {
      {"BUG: kernel NULL pointer dereference, address: 0000000000000018", Kind::kNullDereference},
      {"Unable to handle kernel NULL pointer dereference at virtual address 00000009",
       Kind::kNullDereference},
      {"BUG: unable to handle page fault for address: ffffc90000000000", Kind::kPageFault},
      {"CPU 1 Unable to handle kernel paging request at virtual address 00000208, epc == 80100000",
       Kind::kPageFault},
      {"Oops: general protection fault, probably for non-canonical address 0xdead: 0000 [#1] SMP",
       Kind::kProtectionFault},
      {"general protection fault: 0000 [#1] SMP", Kind::kProtectionFault},
      {"kernel BUG at acme/run.c:12!", Kind::kBug},
      {"Kernel bug detected[#1]:", Kind::kBug},
      {"BUG: failure at acme/run.c:12/acme_run()!", Kind::kBug},
      {"WARNING: CPU: 0 PID: 1 at acme/run.c:12 acme_run+0x1/0x2", Kind::kWarning},
      {"WARNING: at acme/run.c:12 acme_run+0x1/0x2()", Kind::kWarning},
      {"WARNING: acme/run.c:12 at acme_run+0x1/0x2, CPU#7: acmed/12", Kind::kWarning},
      {"WARNING: possible circular locking dependency detected", Kind::kLockdep},
      {"[ INFO: possible recursive locking detected ]", Kind::kLockdep},
      {"WARNING: suspicious RCU usage", Kind::kRcuUsage},
      {"BUG: KASAN: use-after-free in acme_run+0x1/0x2", Kind::kKasan},
      {"BUG: KFENCE: memory corruption in acme_run+0x1/0x2", Kind::kKfence},
      {"BUG: KCSAN: data-race in acme_run / acme_top", Kind::kKcsan},
      {"UBSAN: shift-out-of-bounds in acme/run.c:12:3", Kind::kUbsan},
      {"INFO: task acmed:12 blocked for more than 120 seconds.", Kind::kHungTask},
      {"rcu: INFO: rcu_preempt self-detected stall on CPU", Kind::kRcuStall},
      {"INFO: rcu_sched detected stalls on CPUs/tasks:", Kind::kRcuStall},
      {"watchdog: BUG: soft lockup - CPU#1 stuck for 22s! [acmed:12]", Kind::kSoftLockup},
      {"NMI watchdog: Watchdog detected hard LOCKUP on cpu 3", Kind::kHardLockup},
      {"watchdog: CPU3: Watchdog detected hard LOCKUP on cpu 3", Kind::kHardLockup},
      {"BUG: workqueue lockup - pool cpus=1 node=0 flags=0x0 nice=0 stuck for 46s!",
       Kind::kWorkqueueLockup},
      {"BUG: sleeping function called from invalid context at acme/run.c:12", Kind::kAtomicSleep},
      {"BUG: scheduling while atomic: acmed/12/0x00000002", Kind::kAtomicSleep},
      {"BUG: spinlock bad magic on CPU#0, acmed/12", Kind::kSpinlock},
      {"BUG kmalloc-64 (Not tainted): Poison overwritten", Kind::kSlab},
      {"BUG: Bad page state in process acmed  pfn:12345", Kind::kBadPage},
      {"list_del corruption. next->prev should be ffff, but was 0000", Kind::kListCorruption},
      {"BUG: TASK stack guard page was hit at ffffc90000000000", Kind::kStackOverflow},
      {"acmed: page allocation failure: order:4, mode:0x40cc0", Kind::kAllocation},
      {"Kernel panic - not syncing: VFS: Unable to mount root fs", Kind::kPanic},
      {"acmed[12]: NaT consumption 17179869216 [1]", Kind::kOops},
      {"acmed(12): Oops 0", Kind::kOops},
      {"illegal operation: 0001 [#1] SMP", Kind::kOops},
  };
  for (const auto& head : heads) {
    Line line;
    classify(head.text, false, line);
    bool begins = line.kind == LineKind::kHeadline || line.kind == LineKind::kDie ||
                  line.kind == LineKind::kPanic;
    EXPECT_TRUE(begins) << head.text;
    EXPECT_EQ(line.report, head.kind) << head.text << ": " << name_of(line.report);
  }
}

}  // namespace
}  // namespace ringside::oops
