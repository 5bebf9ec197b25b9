// Text around reports goes through byte for byte, however the input comes.
#include <algorithm>
#include <cstdio>
#include <memory>
#include <thread>

#include "tests/unit/oops_reports.hh"
#include "user/oops/output.hh"
#include "user/oops/pool.hh"

namespace ringside::oops::test {
namespace {

TEST(OopsStream, TextGoesThroughByteForByte) {
  std::string text = "no newline here: ";
  constexpr char kBytes[] = "\0\x01\xff nul and bytes\r\n\r\n\n\n  blank \t\n";
  text.append(kBytes, sizeof(kBytes) - 1);
  text += std::string(3 << 20, 'x') + "\nlast line without an end";
  auto result = read_text(text);
  EXPECT_TRUE(result.text == text);
  EXPECT_TRUE(result.reports.empty());
}

TEST(OopsStream, ReportsAcrossBlocks) {
  std::string text, around;
  for (int each = 0; each < 2000; ++each) {
    around += "[    0.500000] acme: line " + std::to_string(each) + "\n";
    text += "[    0.500000] acme: line " + std::to_string(each) + "\n" + null_oops();
  }
  auto result = read_text(text);
  EXPECT_EQ(result.reports.size(), 2000u);
  EXPECT_EQ(result.text, around);
  for (const auto& found : result.reports) ASSERT_EQ(lines_of(found), null_oops());
}

TEST(OopsStream, WhatIsKnownIsSaidBeforeWaiting) {
  int ends[2];
  ASSERT_EQ(pipe(ends), 0);
  UniqueFd read_end(ends[0]), write_end(ends[1]);
  std::string seen;
  auto stream = Stream::open(
      {[&](std::string_view text, const Block&) { seen += text; }, [](const Found&) {}});
  ASSERT_TRUE(stream);
  ASSERT_EQ(::write(write_end.get(), "acme\n", 5), 5);
  int flushes = 0;
  auto flush = [&] {  // the second time, the first line has been taken and the pipe is empty
    if (++flushes < 1 || seen.empty()) return;
    EXPECT_EQ(seen, "acme\n");
    write_end.reset();
  };
  EXPECT_TRUE(stream->read(read_end.get(), "pipe", flush));
  EXPECT_EQ(seen, "acme\n");
}

// dmesg -w on a machine that says nothing after its oops.
TEST(OopsStream, SilenceEndsAReport) {
  int ends[2];
  ASSERT_EQ(pipe(ends), 0);
  UniqueFd read_end(ends[0]), write_end(ends[1]);
  int reports = 0;
  auto stream =
      Stream::open({[](std::string_view, const Block&) {}, [&](const Found&) { ++reports; }});
  ASSERT_TRUE(stream);
  auto oops = null_oops();
  ASSERT_EQ(::write(write_end.get(), oops.data(), oops.size()), static_cast<ssize_t>(oops.size()));
  auto flush = [&] {
    if (reports == 1) write_end.reset();
  };
  EXPECT_TRUE(stream->read(read_end.get(), "pipe", flush));
  EXPECT_EQ(reports, 1);
}

// Whatever is long, and whoever says it: what waits for a report to end is a few megabytes.
TEST(OopsStream, LongLinesInsideAReportAreNotAllKept) {
  for (std::string head : {"", " acme_long+0x1/0x2 ", "[    1.0][    C7] "}) {
    std::string seen, fed;
    std::vector<std::weak_ptr<const std::string>> blocks;
    auto stream = Stream::open({[&](std::string_view text, const Block&) { seen += text; },
                                [&](const Found& found) { seen += lines_of(found); }});
    ASSERT_TRUE(stream);
    auto feed = [&](std::string text) {
      fed += text;
      auto block = std::make_shared<const std::string>(std::move(text));
      blocks.push_back(block);
      stream->take(*block, block);
    };
    feed("[    1.0][    C0] WARNING: CPU: 0 PID: 1 at acme/run.c:12 acme_run+0x1/0x2\n");
    feed("[    1.0][    C0] CPU: 0 PID: 1 Comm: acmed Not tainted 6.9.1-acme #1\n");
    for (int line = 0; line < 40; ++line) {
      feed(head + std::string(1 << 20, 'x') + "\n");
      auto held = std::ranges::count_if(blocks, [](auto& block) { return !block.expired(); });
      ASSERT_LE(held, 8) << head;
    }
    feed("[    1.0][    C0]  acme_top+0x1/0x2\n");
    stream->finish();
    EXPECT_TRUE(seen == fed) << head;
  }
}

// A full disk ends the reading; it is said once, and once only.
TEST(OopsStream, OutputThatFailsEndsTheReading) {
  std::unique_ptr<std::FILE, int (*)(std::FILE*)> full(std::fopen("/dev/full", "w"), std::fclose);
  ASSERT_TRUE(full);
  Output output(full.get(), "the disk");
  auto put = [&](std::string_view text, const Block&) { output.put(std::string(text)); };
  auto stream = Stream::open({put, [](const Found&) {}, [&] { return output.state(); }});
  ASSERT_TRUE(stream);
  UniqueFd endless(::open("/dev/zero", O_RDONLY | O_CLOEXEC));
  auto read = stream->read(endless.get(), "zeros", [&] { output.flush(); });
  ASSERT_FALSE(read);
  EXPECT_EQ(read.error().message, "the disk could not be written: No space left on device");
  EXPECT_EQ(read.error().status, kUnknown);
  EXPECT_EQ(std::fflush(full.get()), 0) << "nothing is left to fail again";
  EXPECT_EQ(std::ferror(full.get()), 0);
}

TEST(OopsStream, AFlushThatFailsIsNotForgotten) {
  std::unique_ptr<std::FILE, int (*)(std::FILE*)> full(std::fopen("/dev/full", "w"), std::fclose);
  Output output(full.get(), "the disk");
  output.put("little");
  EXPECT_TRUE(output.state());
  output.flush(), output.put("more"), output.flush();
  EXPECT_FALSE(output.state());
}

TEST(OopsPool, WaitsForResultsThatHoldMuch) {
  std::size_t put = 0;
  Pool pool(2, [&](const std::string& text) { put += text.size(); });
  for (std::size_t job = 1; job <= 20; ++job) {
    pool.add([] { return std::string("x"); }, 16 << 20);
    EXPECT_LE(job - put, 4u);
  }
  pool.finish();
  EXPECT_EQ(put, 20u);
}

TEST(OopsStream, AReportAtTheVeryEnd) {
  auto oops = null_oops();
  oops.pop_back();
  auto result = read_text(oops);
  ASSERT_EQ(result.reports.size(), 1u);
  EXPECT_EQ(lines_of(result.reports[0]), oops);
  EXPECT_EQ(result.text, "");
}

}  // namespace
}  // namespace ringside::oops::test
