// Input is read in blocks; lines are views into them, and a line that two blocks share is moved to
// the second. While no report is open, text goes straight through. While one is, lines queue up;
// when it closes, its lines are taken out of the queue and what stands at the queue's head and
// waits for nothing any more goes out. The core bounds a report's lines; where these are long, the
// report that the queue's head waits for is cut.
#include "user/oops/stream.hh"

namespace ringside::oops {
namespace {

constexpr std::size_t kLongestLine = 1 << 20;  // a longer one is cut: it is no kernel's
constexpr std::size_t kWaitingBytes = 4 << 20;
constexpr std::size_t kReaderMemory = 8 << 20;
constexpr int kSilence = 1000, kLongSilence = 9000;  // ms

// Takes the first of the lines that syslog made one of.
std::string_view take_escaped(std::string_view& line) {
  auto end = line.find(kEscapedNewline);
  auto first = line.substr(0, end == line.npos ? end : end + kEscapedNewline.size());
  line.remove_prefix(first.size());
  return first;
}

std::string_view without_newline(std::string_view line) {
  if (line.ends_with('\n')) line.remove_suffix(1);
  if (line.ends_with(kEscapedNewline)) line.remove_suffix(kEscapedNewline.size());
  return line;
}

// Web pages and mail programs put U+00A0 where blanks were: all that is read is then read of a
// copy.
std::string_view plain(std::string_view line, Block& copy) {
  constexpr std::string_view kNoBreak = "\xc2\xa0";
  if (line.find(kNoBreak) == line.npos) return line;
  std::string text;
  for (auto at = line.find(kNoBreak); at != line.npos; at = line.find(kNoBreak)) {
    text.append(line.substr(0, at)).push_back(' ');
    line.remove_prefix(at + kNoBreak.size());
  }
  text.append(line);
  copy = std::make_shared<const std::string>(std::move(text));
  return *copy;
}

std::size_t size_of(const Text& text) {
  return text.line.size() + (text.plain ? text.plain->size() : 0);
}

}  // namespace

Outcome<Stream> Stream::open(Sink sink) {
  Stream stream(std::move(sink));
  stream.memory_.emplace(TRY(ReservedMemory::take(kReaderMemory, "memory for reports")));
  Arena arena(stream.memory_->span());
  auto reader = Reader::open(arena);
  if (!reader) return Failure{describe(reader.error(), "report reader")};
  stream.reader_ = *reader;
  return stream;
}

void Stream::flush_run() {
  if (!run_.empty()) sink_.text(run_, run_block_);
  run_ = {};
  run_block_.reset();
}

void Stream::put_text(std::string_view text, const Block& block) {
  if (!run_.empty() && run_block_ == block && run_.data() + run_.size() == text.data()) {
    run_ = {run_.data(), run_.size() + text.size()};
    return;
  }
  flush_run();
  run_ = text;
  run_block_ = block;
}

void Stream::take_line(std::string_view line, const Block& block) {
  Text text{line, block, {}, reader_->lines()};
  auto report = reader_->feed(plain(without_newline(line), text.plain)).report;
  if (report == 0 && pending_.empty()) return put_text(line, block);
  keep(std::move(text), report);
  collect();
  for (auto left = kOpenReports; left > 0 && waiting_ > kWaitingBytes; --left)
    reader_->cut_short(pending_.front().report), collect();
}

void Stream::keep(Text text, std::uint32_t report) {
  if (report != 0) ++told_[report].waiting;
  waiting_ += size_of(text);
  pending_.push_back({std::move(text), report, false});
}

void Stream::take_lines(const Report& report) {
  std::vector<Text> lines;
  for (auto& each : pending_) {
    if (each.report != report.id || each.text.number > report.last_line) continue;
    each.taken = !lines.empty();  // the first one stays, to say where the report stood
    lines.push_back(each.text);
  }
  told_[report.id].found.emplace(report, std::move(lines));
}

void Stream::collect() {
  bool rejected = false;
  while (const auto* report = reader_->closed(rejected)) {
    if (!rejected) take_lines(*report);
    told_[report->id].closed = true;
  }
  flush_pending();
}

// A report stands where its first line stood; lines behind its last one are none of its.
void Stream::put_pending(const Pending& pending, Told& told) {
  if (pending.taken) return;
  bool inside = told.found && pending.text.number <= told.found->report().last_line;
  if (!inside) return put_text(pending.text.line, pending.text.block);
  flush_run();
  sink_.report(*std::exchange(told.found, std::nullopt));
}

void Stream::flush_pending() {
  for (; !pending_.empty(); waiting_ -= size_of(pending_.front().text), pending_.pop_front()) {
    auto& each = pending_.front();
    if (each.report == 0) {
      put_text(each.text.line, each.text.block);
      continue;
    }
    auto& told = told_[each.report];
    if (!told.closed) return;
    put_pending(each, told);
    if (--told.waiting == 0) told_.erase(each.report);
  }
}

// Nothing has come; says what can be said, and goes on when something does.
void Stream::wait(LineBlocks& blocks, const std::function<void()>& flush) {
  flush_run(), flush();
  if (blocks.comes(kSilence)) return;
  reader_->settle(true), collect(), flush_run(), flush();
  if (blocks.comes(kLongSilence)) return;
  reader_->settle(false), collect(), flush_run(), flush();
}

Outcome<Nothing> Stream::read(int fd, const std::string& name, const std::function<void()>& flush) {
  LineBlocks blocks(fd, name, kLongestLine);
  for (;;) {
    if (!blocks.comes(0)) wait(blocks, flush);
    TRY(sink_.state());
    auto piece = TRY(blocks.next());
    if (piece.lines.empty()) break;
    take(piece.lines, piece.block);
  }
  finish();
  flush();
  return sink_.state();
}

void Stream::take(std::string_view lines, const Block& block) {
  while (!lines.empty())
    for (auto line = oops::take_line(lines); !line.empty();) take_line(take_escaped(line), block);
}

void Stream::finish() {
  reader_->finish();
  collect();
  flush_run();
}

}  // namespace ringside::oops
