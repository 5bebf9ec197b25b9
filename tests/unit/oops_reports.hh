// Reports out of a text, as the command finds them.
#pragma once

#include <gtest/gtest.h>

#include <fstream>
#include <string>
#include <vector>

#include "user/base/memory_file.hh"
#include "user/base/unique_fd.hh"
#include "user/oops/stream.hh"

#include <fcntl.h>

namespace ringside::oops::test {

struct Result {
  std::vector<Found> reports;
  std::string text;   // outside of reports
  std::string order;  // 't' for a piece of text, 'r' for a report
};

inline Result read_text(const std::string& input) {
  Result result;
  auto file = MemoryFile::create();
  EXPECT_TRUE(file);
  std::ofstream(file->path(), std::ios::binary) << input;
  auto stream = Stream::open({[&](std::string_view text, const Block&) {
                                result.text += text;
                                result.order += 't';
                              },
                              [&](Found found) {
                                result.reports.push_back(std::move(found));
                                result.order += 'r';
                              }});
  EXPECT_TRUE(stream);
  UniqueFd fd(::open(file->path().c_str(), O_RDONLY | O_CLOEXEC));
  auto done = stream->read(fd.get(), "test", [] {});
  EXPECT_TRUE(done);
  return result;
}

// The lines of a report, as they stood in the input.
inline std::string lines_of(const Found& found) {
  std::string text;
  for (const auto& line : found.lines()) text += line.line;
  return text;
}

// An invented oops of x86-64 on release `release`, with `caller` before every message.
inline std::string null_oops(const std::string& caller = "", int cpu = 1,
                             const std::string& function = "acme_start") {
  std::string text;
  auto say = [&](const std::string& message) {
    text += "[   12.000001]" + caller + " " + message + "\n";
  };
  say("BUG: kernel NULL pointer dereference, address: 0000000000000018");
  say("#PF: supervisor read access in kernel mode");
  say("#PF: error_code(0x0000) - not-present page");
  say("PGD 0 P4D 0 ");
  say("Oops: 0000 [#1] PREEMPT SMP NOPTI");
  say("CPU: " + std::to_string(cpu) +
      " PID: 77 Comm: acmed Tainted: G        W  O       6.9.1-acme #7");
  say("Hardware name: Acme Anvil/X1, BIOS 1.0 01/01/2024");
  say("RIP: 0010:" + function + "+0x1c/0x80 [acme]");
  say("Code: 90 90 48 89 df <48> 8b 40 18 c3 90");
  say("RSP: 0018:ffffc90000123e50 EFLAGS: 00010246");
  say("RAX: 0000000000000000 RBX: ffff888004567800 RCX: 0000000000000000");
  say("Call Trace:");
  say(" <TASK>");
  say(" acme_open+0x2f/0x60 [acme]");
  say(" ? __pfx_acme_open+0x10/0x10 [acme]");
  say(" do_dentry_open+0x1a0/0x4b0");
  say(" do_syscall_64+0x5c/0x90");
  say(" entry_SYSCALL_64_after_hwframe+0x6e/0xd8");
  say("RIP: 0033:0x7f0011223344");
  say(" </TASK>");
  say("Modules linked in: acme(OE) soundcore");
  say("---[ end trace 0000000000000000 ]---");
  return text;
}

}  // namespace ringside::oops::test
