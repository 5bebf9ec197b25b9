#include "cli/oops_filter.hh"

#include <fmt/format.h>
#include <unistd.h>

#include <atomic>
#include <cstdio>

#include "user/oops/filter.hh"
#include "user/oops/line_blocks.hh"
#include "user/oops/output.hh"
#include "user/oops/pool.hh"

namespace ringside::cli {
namespace {

constexpr std::size_t kLongestLine = 64 << 20;

class Filter {
 public:
  Filter(oops::FindKernel find, unsigned jobs)
      : decoder_(std::move(find)),
        pool_(jobs, [this](const std::string& text) { output_.put(text); }) {}

  Outcome<int> all() {
    oops::LineBlocks blocks(STDIN_FILENO, "standard input", kLongestLine);
    for (std::uint64_t number = 0;;) {
      if (!blocks.comes(0)) pool_.drain(), output_.flush();
      TRY(output_.state());
      auto piece = TRY(blocks.next());
      if (piece.lines.empty()) break;
      while (!piece.lines.empty()) add(oops::take_line(piece.lines), piece.block, ++number);
    }
    pool_.finish(), output_.flush();
    TRY(output_.state());
    return wrong_ ? kUnknown : reports_ > 0 ? kYes : kNo;
  }

 private:
  void add(std::string_view line, const oops::Block& block, std::uint64_t number) {
    if (line.find_first_not_of(" \t\r\n") == line.npos) return;
    auto job = [this, line, block, number] {
      auto filtered = oops::filter(line, decoder_);
      if (!filtered || filtered->line.empty()) return refuse(number, filtered);
      reports_ += filtered->reports;
      return std::move(filtered->line);
    };
    pool_.add(job, line.size());
  }

  std::string refuse(std::uint64_t number, const Outcome<oops::Filtered>& filtered) {
    wrong_ = true;
    fmt::print(stderr, "ringside oops: standard input, line {}: {}; left out\n", number,
               filtered ? "expected a JSON object" : filtered.error().message);
    return {};
  }

  oops::Output output_{stdout, "standard output"};
  oops::Decoder decoder_;
  std::atomic<bool> wrong_ = false;
  std::atomic<std::uint64_t> reports_ = 0;
  oops::Pool pool_;  // the last: its threads use all that stands before it
};

}  // namespace

Outcome<int> filter_oopses(oops::FindKernel find, unsigned jobs) {
  return Filter(std::move(find), jobs).all();
}

}  // namespace ringside::cli
