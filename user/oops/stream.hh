// Stream: input in, reports and the text around them out, in memory that does not grow with the
// input.
#pragma once

#include <deque>
#include <functional>
#include <unordered_map>

#include "core/oops/reader.hh"
#include "user/base/failure.hh"
#include "user/base/reserved_memory.hh"
#include "user/oops/found.hh"
#include "user/oops/line_blocks.hh"

namespace ringside::oops {

struct Sink {
  // Text outside of reports, byte for byte; pieces come in the order of the input.
  std::function<void(std::string_view text, const Block& block)> text;
  // A report, where its first line stood.
  std::function<void(Found report)> report;
  // Asked between blocks of the input: a Failure of what takes the output ends the reading.
  std::function<Outcome<Nothing>()> state = [] { return ok; };
};

class Stream {
 public:
  static Outcome<Stream> open(Sink sink);

  // Reads `fd` to its end. Reports do not reach over the end of an input. Where the input is
  // slower than we are, what can be said already is said before waiting; `flush` is called then. A
  // report ends, too, where its input falls silent: after a second where its end mark was seen,
  // after ten where not.
  Outcome<Nothing> read(int fd, const std::string& name, const std::function<void()>& flush);

  // The same for an input in memory: its lines, in one call or several, then its end.
  void take(std::string_view lines, const Block& block);
  void finish();

 private:
  explicit Stream(Sink sink) : sink_(std::move(sink)) {}

  struct Pending {
    Text text;
    std::uint32_t report = 0;
    bool taken = false;
  };
  // A report that the Reader has told of, as long as lines wait that may be its.
  struct Told {
    std::optional<Found> found;  // once it has closed, until it has been put out
    bool closed = false;
    std::uint32_t waiting = 0;  // its lines in pending_
  };

  void take_line(std::string_view line, const Block& block);
  void keep(Text text, std::uint32_t report);
  void collect();
  void take_lines(const Report& report);
  void flush_pending();
  void put_pending(const Pending& pending, Told& told);
  void wait(LineBlocks& blocks, const std::function<void()>& flush);
  void put_text(std::string_view text, const Block& block);
  void flush_run();

  Sink sink_;
  std::optional<ReservedMemory> memory_;
  std::optional<Reader> reader_;
  std::deque<Pending> pending_;  // lines that wait for a report to close
  std::size_t waiting_ = 0;      // their bytes
  std::unordered_map<std::uint32_t, Told> told_;
  std::string_view run_;  // text to put out in one piece
  Block run_block_;
};

}  // namespace ringside::oops
