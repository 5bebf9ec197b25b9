// Frames against symbols: KASLR, return addresses, duplicates, what does not fit, names, code.
#include <fmt/format.h>

#include <algorithm>

#include "tests/unit/image_writer.hh"
#include "tests/unit/oops_reports.hh"
#include "tests/unit/temporary.hh"
#include "user/oops/print.hh"
#include "user/process/process.hh"

namespace ringside::oops::test {
namespace {

class OopsDecode : public TemporaryTest {
 protected:
  void SetUp() override {
    TemporaryTest::SetUp();
    map_ = folder_ / "System.map";
    std::ofstream(map_) << "ffffffff81000000 T _text\n"
                           "ffffffff81001000 T acme_first\n"
                           "ffffffff81001100 T acme_fatal\n"
                           "ffffffff81001120 t acme_twin\n"
                           "ffffffff81001160 t acme_after\n"
                           "ffffffff81002000 t acme_twin\n"
                           "ffffffff81002080 T _ZN4acme3runEi\n"
                           "ffffffff81003000 t acme_same\n"
                           "ffffffff81003040 t acme_same\n"
                           "ffffffff81003080 T _etext\n";
  }

  Decoded decode(const std::string& text) {
    reports_.push_back(read_text(text));
    found_ = &reports_.back().reports.at(0);
    Decoder decoder([&](const std::string&) -> Outcome<KernelFiles> {
      return KernelFiles{map_, {}, false};
    });
    return decoder.decode(found_->report());
  }

  std::filesystem::path map_;
  std::deque<Result> reports_;
  const Found* found_ = nullptr;
};

const std::string kWarning =
    "[    1.000000] WARNING: at acme/run.c:12 acme_first+0x10/0x100()\n"
    "[    1.000000] CPU: 0 PID: 1 Comm: acmed Not tainted 6.9.1-acme #1\n"
    "[    1.000000] Call Trace:\n";

TEST_F(OopsDecode, TakesTheKernelsOffsetOff) {
  auto decoded = decode(kWarning +
                        "[    1.000000]  [<ffffffff8b001010>] acme_first+0x10/0x100\n"
                        "[    1.000000]  [<ffffffff8b001044>]\n"
                        "[    1.000000]  [<ffffffff8b002010>] acme_twin+0x10/0x80\n");
  EXPECT_TRUE(decoded.has_offset);
  EXPECT_EQ(decoded.offset, 0xa000000u);
  EXPECT_EQ(decoded.offset_source, "symbols");
  ASSERT_EQ(decoded.answers.size(), 4u);
  EXPECT_TRUE(decoded.answers[2].added);
  EXPECT_EQ(decoded.answers[2].symbol, "acme_first");
  EXPECT_EQ(decoded.answers[2].offset, 0x44u);
}

TEST_F(OopsDecode, AReturnAddressIsTheCallBefore) {
  auto decoded = decode(kWarning +
                        "[    1.000000]  [<ffffffff81001120>]\n"
                        "[    1.000000]  [<ffffffff81001010>] acme_first+0x10/0x100\n");
  EXPECT_EQ(decoded.answers.at(1).symbol, "acme_fatal");
  EXPECT_EQ(decoded.answers.at(1).offset, 0x20u);
}

TEST_F(OopsDecode, DuplicatesAreToldApartBySize) {
  auto decoded = decode(kWarning +
                        "[    1.000000]  [<ffffffff81001130>] acme_twin+0x10/0x40\n"
                        "[    1.000000]  [<ffffffff81002010>] acme_twin+0x10/0x80\n"
                        "[    1.000000]  acme_twin+0x10/0x99\n");
  EXPECT_TRUE(decoded.answers.at(1).resolved);
  EXPECT_TRUE(decoded.answers.at(2).resolved);
  EXPECT_EQ(decoded.offset, 0u) << "each at its own place";
  EXPECT_FALSE(decoded.answers.at(3).resolved);
  EXPECT_NE(decoded.answers.at(3).why, "");
}

TEST_F(OopsDecode, DuplicatesOfOneSizeAreToldApartByAddressOrNotAtAll) {
  auto alone = decode(kWarning + "[    1.000000]  acme_same+0x10/0x40\n");
  EXPECT_TRUE(alone.answers.at(1).resolved) << "one of the two, and neither has lines here";
  EXPECT_TRUE(alone.answers.at(1).lines.empty());
  auto placed = decode(kWarning +
                       "[    1.000000]  [<ffffffff81001010>] acme_first+0x10/0x100\n"
                       "[    1.000000]  [<ffffffff81003050>] acme_same+0x10/0x40\n");
  EXPECT_TRUE(placed.answers.at(2).resolved) << placed.answers.at(2).why;
}

TEST_F(OopsDecode, APlaceBehindItsSymbolIsNone) {
  auto decoded = decode(kWarning + "[    1.000000]  acme_first+0x101/0x100\n" +
                        "[    1.000000]  acme_first+0x100/0x100\n");
  EXPECT_EQ(decoded.answers.at(1).why, "acme_first: 0x101 is beyond its 0x100 bytes");
  EXPECT_TRUE(decoded.answers.at(2).resolved) << "a call that does not return";
}

// Debug or not, a module's file is another build where a symbol has another size, unless it is the
// last of its section, which reaches as far as the memory does.
TEST_F(OopsDecode, AnotherBuildOfAModuleIsSaidToBe) {
  write(folder_ / "acme.c",
        "int acme_run(int x) { return x * 3; }\n"
        "int acme_last(int x) { return x + 1; }\n");
  ASSERT_TRUE(output_of({{"gcc", "-O2", "-c", "-o", "acme.ko", "acme.c"}, folder_, {}}));
  reports_.push_back(
      read_text(kWarning + " acme_run+0x1/0x999 [acme]\n acme_last+0x1/0x999 [acme]\n"));
  Decoder decoder([&](const std::string&) -> Outcome<KernelFiles> {
    KernelFiles files{{}, {}, false};
    files.debug.given = {folder_ / "acme.ko"};
    return files;
  });
  auto decoded = decoder.decode(reports_.back().reports.at(0).report());
  EXPECT_NE(decoded.answers.at(1).why.find("another build of the module"), std::string::npos);
  EXPECT_TRUE(decoded.answers.at(2).resolved) << decoded.answers.at(2).why;
}

TEST_F(OopsDecode, MereAddressesHaveACulpritToo) {
  auto text =
      "BUG: unable to handle page fault for address: ffff888004567800\n"
      "CPU: 0 PID: 1 Comm: acmed Not tainted 6.9.1-acme #1\n"
      "RIP: 0010:[<ffffffff81001044>]\nCall Trace:\n [<ffffffff81001130>]\n"
      " [<ffffffff81002010>]\n";
  auto decoded = decode(text);
  ASSERT_NE(decoded.culprit, nullptr);
  EXPECT_EQ(decoded.answers.at(decoded.culprit - found_->report().frames().data()).symbol,
            "acme_first");
}

TEST_F(OopsDecode, AnotherKernelIsSaidToBe) {
  auto decoded = decode(kWarning +
                        "[    1.000000]  acme_first+0x10/0x123\n"
                        "[    1.000000]  acme_missing+0x10/0x20\n"
                        "[    1.000000]  acme_run+0x1/0x2 [acme]\n");
  EXPECT_EQ(decoded.answers.at(1).why,
            fmt::format("acme_first: is 0x123 bytes long in the report and 0x100 in {}: another "
                        "kernel",
                        map_.native()));
  EXPECT_EQ(decoded.answers.at(2).why,
            fmt::format("acme_missing: no such symbol in {}", map_.native()));
  EXPECT_EQ(decoded.answers.at(3).why,
            "module acme: this kernel's modules are not on this machine: name its file by --debug");
}

// Debian's packages of one release may be of several versions, and only the banner tells them
// apart.
TEST_F(OopsDecode, AnotherBuildOfARelease) {
  auto symbols = ringside::test::kernel_symbols(300);
  symbols.push_back({0xffff'ffff'8200'0000, 'R', "linux_banner"});
  auto bytes = ringside::test::vmlinux(
      "6.9.1-acme (acme@anvil) (gcc (Debian 12.2.0-14)) #7 SMP Debian 6.9.1-3 (2026-01-01)",
      symbols);
  write(folder_ / "vmlinux", {reinterpret_cast<const char*>(bytes.data()), bytes.size()});
  Decoder decoder([&](const std::string&) -> Outcome<KernelFiles> {
    return KernelFiles{folder_ / "vmlinux", {}, true};
  });
  auto notes = [&](const std::string& words) {
    auto result = read_text("Oops: 0000 [#1] SMP\nCPU: 0 PID: 1 Comm: acmed Not tainted " + words +
                            "\nCall Trace:\n sys_symbol_9+0x1/0x40\n");
    auto decoded = decoder.decode(result.reports.at(0).report());
    EXPECT_EQ(decoded.answers.at(0).resolved, decoded.kernel != "");
    return decoded.kernel.empty() ? decoded.notes.at(0) : "used";
  };
  EXPECT_EQ(notes("6.9.1-acme #7  Debian 6.9.1-3"), "used");
  EXPECT_EQ(notes("6.9.1-acme #7"), "used");
  EXPECT_EQ(notes("6.9.1-acme"), "used");
  EXPECT_EQ(notes("6.9.1-acme #7  Debian 6.9.1-2"),
            (folder_ / "vmlinux").native() +
                ": 6.9.1-acme #7 Debian 6.9.1-3, but the report's "
                "kernel is #7 Debian 6.9.1-2: not used");
  EXPECT_NE(notes("6.9.1-acme #8"), "used");
  EXPECT_EQ(notes("6.9.1-acme #8 303132333435363738396162636465666768696a"), "used")
      << "the build-id is surer";
}

TEST_F(OopsDecode, WithoutAKernelTheNoteSaysWhatToInstall) {
  reports_.push_back(read_text(null_oops()));
  Decoder decoder([](const std::string& release) -> Outcome<KernelFiles> {
    return Failure{release + ": install it"};
  });
  auto decoded = decoder.decode(reports_.back().reports.at(0).report());
  EXPECT_EQ(decoded.notes, std::vector<std::string>{"6.9.1-acme: install it"});
}

TEST_F(OopsDecode, NamesAreDemangled) {
  EXPECT_EQ(demangle("_ZN4acme3runEi"), "acme::run(int)");
  EXPECT_EQ(demangle("_ZN4acme3runEi.cold"), "acme::run(int)");
  EXPECT_EQ(demangle("_RNvC7mycrate3foo"), "mycrate::foo");
  EXPECT_EQ(demangle("_ZN4core3fmt9Formatter9write_str17h0123456789abcdefE"),
            "core::fmt::Formatter::write_str");
  EXPECT_EQ(demangle("_Zebra"), "");
  EXPECT_EQ(demangle("vfs_read"), "");
  auto decoded = decode(kWarning + "[    1.000000]  _ZN4acme3runEi+0x1/0xf80\n");
  EXPECT_EQ(decoded.answers.at(1).demangled, "acme::run(int)");
}

TEST_F(OopsDecode, CodeIsDisassembledAroundTheFault) {
  auto decoded = decode(null_oops());
  auto fault = std::ranges::find(decoded.code, 0, &Instruction::offset);
  ASSERT_NE(fault, decoded.code.end());
  EXPECT_EQ(fault->bytes, "48 8b 40 18");
  EXPECT_EQ(fault->text, "movq 0x18(%rax), %rax");
  ASSERT_NE(fault, decoded.code.begin());
  EXPECT_EQ(std::prev(fault)->text, "movq %rbx, %rdi");
}

TEST_F(OopsDecode, ArmsWordsToo) {
  auto decoded = decode(
      "Unable to handle kernel NULL pointer dereference at virtual address 00000009\n"
      "Internal error: Oops: 805 [#1] SMP ARM\n"
      "CPU: 1 PID: 431 Comm: acmed Not tainted 6.9.1-acme #1\n"
      "PC is at acme_run+0x584/0x72c\n"
      "[<c0333330>] (acme_run) from [<c031c7a0>] (acme_top+0xa8/0x1c0)\n"
      "Code: e59d302c e3a00000 (e5823000)\n");
  auto fault = std::ranges::find(decoded.code, 0, &Instruction::offset);
  ASSERT_NE(fault, decoded.code.end());
  EXPECT_EQ(fault->text, "str r3, [r2]");
}

// Where a jump goes is counted from the function's first byte.
TEST_F(OopsDecode, JumpsCountFromTheFunction) {
  auto decoded = decode(
      "Oops: 0000 [#1] SMP\nCPU: 0 PID: 1 Comm: acmed Not tainted 6.9.1-acme #1\n"
      "RIP: 0010:acme_first+0x44/0x100\nCode: 74 02 90 90 <eb> 06 90\n");
  ASSERT_GE(decoded.code.size(), 4u);
  EXPECT_EQ(decoded.code[0].text, "je 0x44");
  auto fault = std::ranges::find(decoded.code, 0, &Instruction::offset);
  ASSERT_NE(fault, decoded.code.end());
  EXPECT_EQ(fault->text, "jmp 0x4c");
}

// A terminal would write what is added over the line's beginning.
TEST_F(OopsDecode, AdditionsStandBeforeACarriageReturn) {
  auto text = kWarning + "[    1.000000]  [<ffffffff81001044>]\n";
  for (auto at = text.find('\n'); at != text.npos; at = text.find('\n', at + 2))
    text.insert(at, "\r");
  auto decoded = decode(text);
  EXPECT_NE(print_text(*found_, decoded, false).find("44>]  # acme_first+0x44/0x100\r\n"),
            std::string::npos);
}

// One line of syslog stays one, with each addition behind what it is about.
TEST_F(OopsDecode, AdditionsStandInsideOfSyslogsLines) {
  const std::string warning =
      "Nov  9 10:19:35 anvil kernel: WARNING: at acme/run.c:12 acme_first+0x10/0x100()#012Call "
      "Trace:#012 [<ffffffff81001044>]#012 [<ffffffff81001130>]";
  auto decoded = decode(warning + "#012after\n");
  EXPECT_EQ(reports_.back().text, "after\n");
  decoded.answers.at(1).lines = {{"inner", "a.h", 1, 0}, {"outer", "b.c", 2, 0}};
  auto text = print_text(*found_, decoded, false);
  EXPECT_NE(text.find("#012 [<ffffffff81001044>]  # acme_first+0x44/0x100 a.h:1#012#     inlined "
                      "inner into outer at b.c:2#012 [<ffffffff81001130>]  # acme_twin+0x10/0x40"
                      "#012# ringside: warning"),
            text.npos)
      << text;
  EXPECT_TRUE(text.ends_with("#012")) << text;
  EXPECT_EQ(text.find('\n'), text.npos);
  decoded = decode(warning + "\n");
  text = print_text(*found_, decoded, false);
  EXPECT_NE(text.find("#012 [<ffffffff81001130>]  # acme_twin+0x10/0x40\n# ringside: "), text.npos);
  EXPECT_TRUE(text.ends_with("\n"));
}

TEST_F(OopsDecode, TextKeepsEveryLineAndMarksWhatItAdds) {
  auto decoded = decode(kWarning +
                        "[    1.000000]  [<ffffffff81001044>]\n"
                        "[    1.000000]  [<ffffffff81001010>] acme_first+0x10/0x100\n");
  auto text = print_text(*found_, decoded, false);
  EXPECT_NE(text.find("[    1.000000]  [<ffffffff81001044>]  # acme_first+0x44/0x100\n"),
            text.npos);
  EXPECT_NE(text.find("\n# ringside: warning, Linux 6.9.1-acme"), text.npos);
  EXPECT_EQ(text.find('\x1b'), text.npos);
  EXPECT_NE(print_text(*found_, decoded, true).find('\x1b'), text.npos);
}

TEST_F(OopsDecode, JsonSurvivesEveryByte) {
  auto decoded = decode(
      "[    1.000000] WARNING: at a\"\\\x01\xff/run.c:12 acme_first+0x10/0x100()\n"
      "Call Trace:\n acme_first+0x10/0x100\n");
  auto json = print_json(*found_, decoded);
  EXPECT_NE(json.find(R"("headline":"WARNING: at a\"\\\u0001)"
                      "\xef\xbf\xbd"
                      R"(/run.c:12)"),
            json.npos)
      << json;
  EXPECT_EQ(std::ranges::count(json, '\n'), 1);
}

}  // namespace
}  // namespace ringside::oops::test
