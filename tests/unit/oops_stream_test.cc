// Text around reports goes through byte for byte, however the input comes.
#include <thread>

#include "tests/unit/oops_reports.hh"

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
