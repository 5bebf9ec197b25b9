// Reports in streams: where they begin and end, what they say, who they belong to.
#include <fmt/format.h>

#include "core/oops/verdict.hh"
#include "tests/unit/oops_reports.hh"

namespace ringside::oops::test {
namespace {

TEST(OopsReader, UnderstandsAReport) {
  auto result = read_text("before\n" + null_oops() + "after\n");
  ASSERT_EQ(result.reports.size(), 1u);
  EXPECT_EQ(result.text, "before\nafter\n");
  EXPECT_EQ(lines_of(result.reports[0]), null_oops());
  const auto& report = result.reports[0].report();
  EXPECT_EQ(report.kind, Kind::kNullDereference);
  EXPECT_EQ(report.arch, Arch::kX86_64);
  EXPECT_EQ(report.release, "6.9.1-acme");
  EXPECT_EQ(report.comm, "acmed");
  EXPECT_EQ(report.pid, 77);
  EXPECT_EQ(report.cpu, 1);
  EXPECT_EQ(report.taint, "G        W  O");
  EXPECT_EQ(report.hardware, "Acme Anvil/X1, BIOS 1.0 01/01/2024");
  EXPECT_TRUE(report.has_fault_address);
  EXPECT_EQ(report.fault_address, 0x18u);
  EXPECT_TRUE(report.complete);
  EXPECT_FALSE(report.truncated);
  ASSERT_EQ(report.module_count, 2u);
  EXPECT_EQ(report.modules()[0].name, "acme");
  EXPECT_EQ(report.modules()[0].flags, "OE");
  ASSERT_EQ(report.frame_count, 7u);
  EXPECT_EQ(report.frames()[0].role, Role::kFault);
  EXPECT_TRUE(report.frames()[2].guess);
  EXPECT_TRUE(report.frames()[6].user);
  EXPECT_EQ(report.registers()[0].name, "RSP");
  EXPECT_EQ(report.registers()[2].name, "RAX");
  EXPECT_EQ(report.registers()[2].value, "0000000000000000");
}

// It has no CPU: line (kernel/hung_task.c).
TEST(OopsReader, AHungTaskTellsItsKernelOnALineOfItsOwn) {
  auto result = read_text(
      "[  242.1] INFO: task acmed:77 blocked for more than 120 seconds.\n"
      "[  242.1]       Tainted: G           OE      6.9.1-acme #1 Acme 6.9.1-3\n"
      "[  242.1] \"echo 0 > /proc/sys/kernel/hung_task_timeout_secs\" disables this message.\n"
      "[  242.1] task:acmed           state:D stack:0     pid:77    ppid:1      flags:0x00000002\n"
      "[  242.1] Call Trace:\n[  242.1]  <TASK>\n[  242.1]  __schedule+0x3ed/0x1590\n"
      "[  242.1]  schedule+0x5a/0xd0\n[  242.1]  </TASK>\n");
  ASSERT_EQ(result.reports.size(), 1u);
  const auto& report = result.reports[0].report();
  EXPECT_EQ(report.kind, Kind::kHungTask);
  EXPECT_EQ(report.release, "6.9.1-acme");
  EXPECT_EQ(report.taint, "G           OE");
  EXPECT_EQ(report.frame_count, 2u);
}

TEST(OopsReader, TheBuildOfARelease) {
  auto build = [](const std::string& words) {
    auto result = read_text("Oops: 0000 [#1] SMP\nCPU: 0 PID: 1 Comm: acmed Not tainted " + words +
                            "\nCall Trace:\n acme_run+0x1/0x2\n");
    const auto& build = result.reports.at(0).report().build;
    return fmt::format("{}|{}", build.number, build.package);
  };
  EXPECT_EQ(build("6.1.0-57-amd64 #1  Debian 6.1.192-3"), "#1|Debian 6.1.192-3");
  EXPECT_EQ(build("6.12.1-amd64 #1 PREEMPT(voluntary)  Debian 6.12.1-1~deb12u1"),
            "#1|Debian 6.12.1-1~deb12u1");
  EXPECT_EQ(build("6.8.0-40-generic #40-Ubuntu"), "#40-Ubuntu|");
  EXPECT_EQ(build("2.6.38.6-27.fc15.i686 #1 Acme Debian box"), "#1|");
  EXPECT_EQ(build("6.9.1-acme"), "|");
}

TEST(OopsReader, TwoPrintersAtOnceAreTwoReports) {
  auto one = null_oops("[   T11]", 1, "acme_one"), two = null_oops("[   T22]", 2, "acme_two");
  std::string mixed;
  for (std::size_t a = 0, b = 0; a < one.size() || b < two.size();) {
    auto take = [&](const std::string& text, std::size_t& at) {
      auto end = at < text.size() ? text.find('\n', at) + 1 : at;
      mixed += text.substr(at, end - at);
      at = end;
    };
    take(one, a);
    take(two, b);
  }
  auto result = read_text(mixed);
  ASSERT_EQ(result.reports.size(), 2u);
  EXPECT_EQ(lines_of(result.reports[0]), one);
  EXPECT_EQ(lines_of(result.reports[1]), two);
  EXPECT_EQ(result.reports[0].report().cpu, 1);
  EXPECT_EQ(result.reports[1].report().cpu, 2);
}

// An RCU stall as CPU 1 (or the task whose work it is) finds it; CPU 0 answers its NMI.
std::string stall(const std::string& finder, const std::string& between = "") {
  std::string text;
  auto say = [&](const std::string& caller, const std::string& message) {
    text += fmt::format("[   99.000001][{:>6}] {}\n", caller, message);
  };
  say(finder, "rcu: INFO: rcu_preempt detected stalls on CPUs/tasks:");
  say(finder, "rcu: \t0-...!: (1 GPs behind) idle=4c2c/1/0x4000000000000000 softirq=61/62 fqs=1");
  say(finder, "Sending NMI from CPU 1 to CPUs 0,4-5:");
  say("C0", "NMI backtrace for cpu 0");
  say("C0", "CPU: 0 PID: 77 Comm: acmed Not tainted 6.9.1-acme #7");
  say("C0", "RIP: 0010:acme_spin+0x1c/0x80");
  say("C0", "Call Trace:");
  text += between;
  say("C0", " acme_run+0x2f/0x60");
  say("C0", " do_syscall_64+0x5c/0x90");
  say(finder, "rcu: rcu_preempt kthread starved for 10502 jiffies!");
  say(finder, "Call Trace:");
  say(finder, " schedule+0x5a/0xd0");
  return text;
}

TEST(OopsReader, WhatAStallAsksForIsPartOfIt) {
  for (std::string finder : {"C1", "T123"}) {
    auto result = read_text(stall(finder) + "[   99.1][    C0] usb 1-1: reset\n");
    ASSERT_EQ(result.reports.size(), 1u) << finder;
    const auto& report = result.reports[0].report();
    EXPECT_EQ(report.kind, Kind::kRcuStall);
    EXPECT_EQ(report.release, "6.9.1-acme");
    EXPECT_EQ(report.frame_count, 4u);
    EXPECT_EQ(report.frames()[0].symbol, "acme_spin");
    EXPECT_EQ(lines_of(result.reports[0]), stall(finder));
    EXPECT_EQ(result.text, "[   99.1][    C0] usb 1-1: reset\n");
  }
}

TEST(OopsReader, WhatElseTheAskedSayIsTheirs) {
  const std::string stranger = "[   99.000001][    C0] usb 1-1: reset\n";
  auto result = read_text(stall("C1", stranger));
  ASSERT_EQ(result.reports.size(), 1u);
  EXPECT_EQ(lines_of(result.reports[0]), stall("C1"));
  EXPECT_EQ(result.text, stranger);
}

TEST(OopsReader, WhoDiesWhileAskedHasItsOwnReport) {
  auto oops = null_oops("[    C0]", 0);
  auto result = read_text(stall("C1", oops));
  ASSERT_EQ(result.reports.size(), 2u);
  EXPECT_EQ(result.reports[1].report().kind, Kind::kNullDereference);
  EXPECT_EQ(lines_of(result.reports[1]).substr(0, oops.size()), oops);
  auto nobody = stall("C1");
  nobody.replace(nobody.find("CPUs 0,4-5"), 10, "CPUs 2,4-5");
  EXPECT_EQ(read_text(nobody).reports.size(), 2u) << "CPU 0 was not asked";
}

TEST(OopsReader, LinesOfOthersInsideAreNotLost) {
  auto oops = null_oops("[   T11]");
  auto half = oops.find("[   12.000001][   T11] Call Trace:");
  auto stranger = std::string("[   12.000002][    C0] usb 1-1: reset\n");
  auto result = read_text(oops.substr(0, half) + stranger + oops.substr(half));
  ASSERT_EQ(result.reports.size(), 1u);
  EXPECT_EQ(lines_of(result.reports[0]), oops);
  EXPECT_EQ(result.text, stranger);
  EXPECT_EQ(result.order, "rt");
}

TEST(OopsReader, ATruncatedReportIsSaidToBe) {
  auto oops = null_oops();
  auto tail = read_text(oops.substr(oops.find("[   12.000001] Call Trace:")));
  ASSERT_EQ(tail.reports.size(), 1u);
  EXPECT_TRUE(tail.reports[0].report().truncated);
  EXPECT_EQ(tail.reports[0].report().kind, Kind::kTrace);
  auto head = read_text(oops.substr(0, oops.find("[   12.000001] Call Trace:")));
  ASSERT_EQ(head.reports.size(), 1u);
  EXPECT_TRUE(head.reports[0].report().truncated);
  EXPECT_EQ(head.reports[0].report().kind, Kind::kNullDereference);
}

// Whatever line names the CPU's place, on whatever machine, it is the report's first.
TEST(OopsReader, ABeginningMayBeLostUpToTheCpusPlace) {
  for (std::string place :
       {"RIP: 0010:acme_run+0x1c/0x80 [acme]",
        "RIP: 0010:[<ffffffffa0001c1c>]  "
        "[<ffffffffa0001c1c>] acme_run+0x1c/0x80 [acme]",
        "EIP: acme_run+0x1c/0x80 [acme]", "pc : acme_run+0x1c/0x80 [acme]",
        "PC is at acme_run+0x1c/0x80 [acme]", "epc : acme_run+0x1c/0x80 [acme]",
        "epc   : 8012345c acme_run+0x1c/0x80 [acme]",
        "NIP [c00000000012345c] acme_run+0x1c/0x80 [acme]", "TPC: <acme_run+0x1c/0x80 [acme]>",
        "Krnl PSW : 0704c00180000000 000003ff8012345c (acme_run+0x1c/0x80 [acme])"}) {
    auto rest = "[    1.0] Call Trace:\n[    1.0]  acme_top+0x1/0x4\n[    1.0]  acme_end+0x2/0x4\n";
    auto result = read_text("before\n[    1.0] " + place + "\n" + rest);
    ASSERT_EQ(result.reports.size(), 1u) << place;
    const auto& report = result.reports[0].report();
    EXPECT_EQ(result.text, "before\n") << place;
    EXPECT_EQ(report.kind, Kind::kTrace);
    EXPECT_TRUE(report.truncated);
    ASSERT_EQ(report.frame_count, 3u) << place;
    EXPECT_EQ(report.frames()[0].role, Role::kFault);
    EXPECT_EQ(culprit_of(report)->symbol, "acme_run");
  }
}

TEST(OopsReader, RegistersBeforeANameAreALostBeginningToo) {
  auto arm = read_text(
      "pc : [<c0333330>]    lr : [<c031c7a0>]    psr: 60000013\nsp : c0a01e58  ip : 00000000\n"
      "[<c0333330>] (acme_run) from [<c031c7a0>] (acme_top+0xa8/0x1c0)\n"
      "[<c031c7a0>] (acme_top) from [<c0310000>] (acme_end+0x8/0x1c0)\n");
  ASSERT_EQ(arm.reports.size(), 1u);
  EXPECT_EQ(arm.reports[0].report().frames()[0].role, Role::kFault);
  EXPECT_EQ(arm.text, "");
  auto powerpc = read_text(
      "NIP:  c00000000012345c LR: c000000000123460 CTR: 0000000000000000\n"
      "MSR:  8000000000009033 <SF,EE,ME,IR,DR,RI,LE>  CR: 24002824\n"
      "NIP [c00000000012345c] acme_run+0x1c/0x80\nCall Trace:\n"
      "[c000000010f930b0] [c000000000001000] acme_top+0x1/0x4\n"
      "[c000000010f930c0] [c000000000001004] acme_end+0x1/0x4\n");
  ASSERT_EQ(powerpc.reports.size(), 1u);
  EXPECT_EQ(powerpc.text, "");
  EXPECT_EQ(powerpc.reports[0].report().registers()[0].name, "NIP");
}

// The place of user space is none of the kernel's, nor is one that people talk about; and one that
// stands alone belongs to no report that follows.
TEST(OopsReader, APlaceIsNotAlwaysABeginning) {
  const std::string stack = "Call Trace:\n acme_top+0x1/0x4\n acme_end+0x2/0x4\n";
  for (std::string line :
       {"RIP: 0033:0x7f0011223344", "RIP: 0010:acme_run+0x1/0x2 is to blame", "IP: 10.0.0.1",
        "IP: 12345678", "pc : personal computer", "NIP: 12345678 is a number"}) {
    auto result = read_text(line + "\n" + stack);
    ASSERT_EQ(result.reports.size(), 1u) << line;
    EXPECT_EQ(result.text, line + "\n");
  }
  auto alone = "RIP: 0010:acme_run+0x1/0x2\n";
  EXPECT_EQ(read_text(alone + std::string("and no stack.\n")).reports.size(), 0u);
  auto result = read_text(alone + null_oops());
  ASSERT_EQ(result.reports.size(), 1u);
  EXPECT_EQ(result.text, alone);
}

TEST(OopsReader, ProseIsNoReport) {
  const std::string prose =
      "I saw this:\n"
      "BUG: kernel NULL pointer dereference, address: 0000000000000018\n"
      "and then nothing more. The stack had\n"
      " acme_run+0x1/0x2\n"
      "in it.\n";
  auto result = read_text(prose);
  EXPECT_TRUE(result.reports.empty());
  EXPECT_EQ(result.text, prose);
}

TEST(OopsReader, APanicIsPartOfWhatCausedIt) {
  auto result = read_text(
      null_oops() + "[   12.000003] Kernel panic - not syncing: Fatal exception\n" +
      "[   12.000003] Kernel Offset: 0x1a000000 from 0xffffffff81000000 (relocation range)\n" +
      "[   12.000004] ---[ end Kernel panic - not syncing: Fatal exception ]---\nrest\n");
  ASSERT_EQ(result.reports.size(), 1u);
  const auto& report = result.reports[0].report();
  EXPECT_EQ(report.kind, Kind::kNullDereference);
  EXPECT_EQ(report.panic, "Fatal exception");
  EXPECT_TRUE(report.has_kernel_offset);
  EXPECT_EQ(report.kernel_offset, 0x1a000000u);
  EXPECT_EQ(result.text, "rest\n");
}

TEST(OopsReader, LinesBrokenByAMailAreReadOn) {
  auto result = read_text(
      "> [    1.000000] BUG: kernel NULL pointer dereference, address: 0000000000000018\n"
      "> [    1.000000] CPU: 15 UID: 0 PID: 99 Comm: acme tool Kdump: loaded\n"
      "> Tainted: G S                  6.9.1-acme+ #1 PREEMPT(voluntary)\n"
      "> [    1.000000] RIP: 0010:acme_run+0x1/0x2\n"
      "> [    1.000000] Code: 90 90 48 89\n"
      "> df <48> 8b 40 18\n"
      "> [    1.000000] Call Trace:\n"
      "> [    1.000000]  acme_top+0x1/0x2\n"
      "> [    1.000000] Modules linked in: acme anvil\n"
      "> hammer tongs\n");
  ASSERT_EQ(result.reports.size(), 1u);
  const auto& report = result.reports[0].report();
  EXPECT_EQ(report.comm, "acme tool");
  EXPECT_EQ(report.release, "6.9.1-acme+");
  EXPECT_EQ(report.taint, "G S");
  EXPECT_EQ(report.code_pieces, 2);
  EXPECT_EQ(report.module_count, 4u);
  EXPECT_EQ(result.text, "");
}

TEST(OopsReader, SyslogsEscapedNewlinesAreLines) {
  auto result = read_text(
      "Nov  9 10:19:35 anvil kernel: WARNING: CPU: 0 PID: 1 at acme/run.c:12 acme_run+0x1/0x2"
      "#012CPU: 0 PID: 1 Comm: acmed Not tainted 6.9.1 #1#012Call Trace:#012 acme_top+0x1/0x2"
      "#012 acme_end+0x3/0x4\n");
  ASSERT_EQ(result.reports.size(), 1u);
  EXPECT_EQ(result.reports[0].report().frame_count, 3u);
  EXPECT_EQ(result.reports[0].report().bug_at, "acme/run.c:12");
}

TEST(OopsReader, SeveralReportsInOneLineOfSyslog) {
  auto oops = null_oops();
  oops.pop_back();
  for (auto at = oops.find('\n'); at != oops.npos; at = oops.find('\n', at))
    oops.replace(at, 1, "#012");
  auto result = read_text("before#012" + oops + "#012between#012" + oops + "#012after\n");
  ASSERT_EQ(result.reports.size(), 2u);
  EXPECT_EQ(lines_of(result.reports[0]), oops + "#012");
  EXPECT_EQ(lines_of(result.reports[1]), oops + "#012");
  EXPECT_EQ(result.text, "before#012between#012after\n");
  EXPECT_EQ(result.order, "trtrt");
}

TEST(OopsReader, KasanNamesItsStacks) {
  auto result = read_text(
      "==================================================================\n"
      "BUG: KASAN: slab-use-after-free in acme_run+0x1/0x2 [acme]\n"
      "Read of size 8 at addr ffff888012345678 by task acmed/12\n"
      "CPU: 0 PID: 12 Comm: acmed Not tainted 6.9.1 #1\n"
      "Call Trace:\n"
      " dump_stack_lvl+0x10/0x20\n"
      " kasan_report+0x10/0x20\n"
      " acme_run+0x1/0x2 [acme]\n"
      "\n"
      "Allocated by task 12:\n"
      " acme_make+0x1/0x2 [acme]\n"
      "\n"
      "Freed by task 13:\n"
      " acme_drop+0x1/0x2 [acme]\n"
      "\n"
      "==================================================================\n"
      "after\n");
  ASSERT_EQ(result.reports.size(), 1u);
  const auto& report = result.reports[0].report();
  ASSERT_EQ(report.trace_count, 3);
  EXPECT_EQ(report.traces[1].kind, TraceKind::kAllocated);
  EXPECT_EQ(report.traces[2].kind, TraceKind::kFreed);
  EXPECT_EQ(report.frames()[report.frame_count - 1].trace, 2);
  EXPECT_EQ(culprit_of(report)->symbol, "acme_run");
  EXPECT_EQ(result.text.substr(result.text.size() - 6), "after\n");
}

TEST(OopsReader, WordsOfReportsAreNoReport) {
  for (const char* line :
       {"Fixed the overflow [#123]\n", "Oops: I forgot the attachment\n", "an Oops [#1234]\n",
        "Internal error: could not open file\n", "general protection fault in vfs_read\n",
        "BUG: soft lockup is a message that the watchdog prints\n", "Kernel panic: what to do\n"})
    EXPECT_TRUE(read_text(line).reports.empty()) << line;
}

// The place of the first oops, with its registers, stands behind the second one's end mark.
TEST(OopsReader, WhatIsSaidAgainIsNotTheFault) {
  auto result = read_text(
      "Oops: 0000 [#2] SMP\nCPU: 1 PID: 7 Comm: acmed Not tainted 6.9.1 #1\n"
      "RIP: 0010:memcpy+0x1/0x20\nRAX: 0000000000000001 RBX: 0000000000000002\n"
      "Call Trace:\n acme_read+0x1/0x2\n acme_top+0x1/0x2\n---[ end trace 0 ]---\n"
      "RIP: 0010:acme_other+0x1/0x2\nRAX: 0000000000000009 RCX: 0000000000000009\n");
  ASSERT_EQ(result.reports.size(), 1u);
  const auto& report = result.reports[0].report();
  EXPECT_EQ(culprit_of(report)->symbol, "acme_read");
  ASSERT_EQ(report.register_count, 2u);
  EXPECT_EQ(report.registers()[0].value, "0000000000000001");
}

TEST(OopsReader, WhatWasInterruptedIsNotTheFault) {
  auto result = read_text(
      "Oops: 0000 [#1] SMP\nCPU: 1 PID: 7 Comm: acmed Not tainted 6.9.1 #1\n"
      "RIP: 0010:memcpy+0x1/0x20\nCall Trace:\n <IRQ>\n acme_isr+0x1/0x2\n </IRQ>\n"
      " asm_common_interrupt+0x1/0x2\nRIP: 0010:acme_bystander+0x1/0x2\n");
  EXPECT_EQ(culprit_of(result.reports.at(0).report())->symbol, "acme_isr");
}

TEST(OopsReader, AModuleThatAMailPutOnALineOfItsOwn) {
  auto result = read_text(
      "> [    1.0] WARNING: CPU: 0 PID: 1 at acme/run.c:12 acme_run+0x1/0x2\n> [    1.0] Call "
      "Trace:\n> [    1.0]  acme_transmit_a_frame_with_a_long_name+0x1/0x2\n> [acme]\n"
      "> [    1.0]  acme_top+0x1/0x2\n");
  ASSERT_EQ(result.reports.size(), 1u);
  const auto& report = result.reports[0].report();
  ASSERT_EQ(report.frame_count, 3u);
  EXPECT_EQ(report.frames()[1].module, "acme");
  EXPECT_EQ(report.frames()[2].module, "");
}

// A word a line, each with its time.
TEST(OopsReader, SparcsInstructionDump) {
  auto result = read_text(
      "[    1.0] acmed(1): Oops [#1]\n[    1.1] CPU: 0 PID: 1 Comm: acmed Not tainted 6.9.1 #1\n"
      "[    1.2] Instruction DUMP:\n[    1.3]  326ffffa\n[    1.4] <c4006108>\n[    1.5]  "
      "80a0a000\n[    1.6] after\n");
  ASSERT_EQ(result.reports.size(), 1u);
  EXPECT_EQ(result.reports[0].report().code_pieces, 3);
}

TEST(OopsReader, BlanksThatDoNotBreak) {
  auto text = null_oops();
  std::string odd;
  for (char c : text) odd += c == ' ' ? std::string("\xc2\xa0") : std::string(1, c);
  auto result = read_text(odd);
  ASSERT_EQ(result.reports.size(), 1u);
  EXPECT_EQ(lines_of(result.reports[0]), odd);
  EXPECT_EQ(result.reports[0].report().release, "6.9.1-acme");
  EXPECT_EQ(result.reports[0].report().module_count, 2u);
}

TEST(OopsReader, APanicThatASanitizerLeadsToIsItsReports) {
  auto result = read_text(
      "BUG: KASAN: use-after-free in acme_run+0x1/0x2\nCPU: 0 PID: 12 Comm: acmed Not tainted "
      "6.9.1 #1\nCall Trace:\n acme_run+0x1/0x2\n acme_top+0x1/0x2\n"
      "==================================================================\n"
      "Kernel panic - not syncing: KASAN: panic_on_warn set ...\n"
      "---[ end Kernel panic - not syncing: KASAN: panic_on_warn set ... ]---\n");
  ASSERT_EQ(result.reports.size(), 1u);
  EXPECT_EQ(result.reports[0].report().panic, "KASAN: panic_on_warn set ...");
}

TEST(OopsReader, TheTaskThatTheHeadlineNames) {
  auto task = [](const std::string& headline) {
    auto result = read_text(headline + "\nCall Trace:\n acme_run+0x1/0x2\n acme_top+0x1/0x2\n");
    const auto& report = result.reports.at(0).report();
    return fmt::format("{} {} {}", report.comm, report.pid, report.cpu);
  };
  EXPECT_EQ(task("INFO: task kworker/0:1:12 blocked for more than 120 seconds."),
            "kworker/0:1 12 -1");
  EXPECT_EQ(task("INFO: task acmed:7 is blocked on a mutex likely owned by task other:8."),
            "acmed 7 -1");
  EXPECT_EQ(task("watchdog: BUG: soft lockup - CPU#7 stuck for 22s! [foo:812]"), "foo 812 7");
  EXPECT_EQ(task("WARNING: acme/run.c:12 at acme_run+0x1/0x2, CPU#3: acmed/77"), "acmed 77 3");
}

TEST(OopsReader, RoomIsBounded) {
  std::string text = "[    1.000000] WARNING: at acme/run.c:12 acme_run+0x1/0x2()\nCall Trace:\n";
  for (unsigned at = 0; at < 3 * kReportFrames; ++at) text += " acme_run+0x1/0x2\n";
  text += "end\n";
  auto result = read_text(text);
  ASSERT_FALSE(result.reports.empty());
  EXPECT_EQ(result.reports[0].report().frame_count, kReportFrames);
  EXPECT_GT(result.reports[0].report().dropped, 0u);
  EXPECT_EQ(result.text, "end\n");
}

TEST(OopsReader, MorePrintersThanRoom) {
  std::string text, tail;
  for (int each = 0; each < 100; ++each)
    text += fmt::format(
        "[    1.000000][ T{0}] WARNING: CPU: 0 PID: {0} at acme/run.c:12 acme_run+0x1/0x2\n", each);
  for (int each = 0; each < 100; ++each)
    text += fmt::format("[    1.000000][ T{}]  acme_top+0x1/0x2\n", each);
  auto result = read_text(text);
  std::size_t size = result.text.size();
  for (const auto& found : result.reports) size += lines_of(found).size();
  EXPECT_EQ(size, text.size()) << "no line is lost, none comes twice";
}

TEST(OopsReader, TaintsAreSpelledOut) {
  EXPECT_EQ(taint_meaning('O'), "externally-built module was loaded");
  EXPECT_EQ(taint_meaning('G'), "");
}

TEST(OopsVerdict, BystandersAreNotBlamed) {
  auto culprit = [](const std::string& frames) {
    auto result =
        read_text("INFO: task acmed:12 blocked for more than 120 seconds.\nCall Trace:\n" + frames);
    const auto* frame = result.reports.at(0).report().frame_count
                            ? culprit_of(result.reports[0].report())
                            : nullptr;
    return frame ? std::string(frame->symbol) : "";
  };
  EXPECT_EQ(culprit(" __schedule+0x1/0x2\n schedule+0x1/0x2\n mutex_lock+0x1/0x2\n"
                    " ? acme_guess+0x1/0x2\n acme_wait+0x1/0x2\n vfs_read+0x1/0x2\n"),
            "acme_wait");
  EXPECT_EQ(culprit(" __schedule+0x1/0x2\n schedule+0x1/0x2\n"), "__schedule");
  // A running task's stack, which another CPU prints.
  EXPECT_EQ(culprit(" ? __schedule+0x1/0x2\n ? acme_spin+0x1/0x2\n ? acme+0x1/0x2\n"), "acme_spin");
  EXPECT_EQ(culprit(" schedule+0x1/0x2\n ? acme_spin+0x1/0x2\n"), "schedule");
}

TEST(OopsVerdict, TheFingerprintIsStable) {
  auto print = [](const std::string& text) {
    return fingerprint_of(read_text(text).reports.at(0).report());
  };
  auto known = print(null_oops());
  EXPECT_EQ(fmt::format("{:016x}", known), "1c4e18000952f60e") << "a change needs a new version";
  EXPECT_EQ(print(null_oops("[   T11]", 5)), known) << "neither CPU nor prefix matter";
  EXPECT_NE(print(null_oops("", 1, "acme_stop")), known);
  EXPECT_EQ(plain_name("acme.isra.0.cold"), "acme");
  EXPECT_EQ(plain_name(".acme"), "acme");
}

}  // namespace
}  // namespace ringside::oops::test
