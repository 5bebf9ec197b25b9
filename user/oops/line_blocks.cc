#include "user/oops/line_blocks.hh"

#include <poll.h>
#include <unistd.h>

#include <cerrno>

namespace ringside::oops {
namespace {

// A block is zeroed before it is read into: a single report is not to pay for a long log's.
constexpr std::size_t kBlock = 256 << 10;

}  // namespace

bool LineBlocks::comes(int milliseconds) const {
  pollfd poll_fd{fd_, POLLIN, 0};
  return !more_ || ::poll(&poll_fd, 1, milliseconds) != 0;
}

// `text` has no newline before byte `from`. All of it at the end of the input, or where its line
// has grown too long.
std::string_view LineBlocks::whole_lines(std::string_view text, std::size_t from) const {
  auto end = text.substr(from).rfind('\n');
  if (end != text.npos && more_) return text.substr(0, from + end + 1);
  return !more_ || text.size() >= longest_ ? text : std::string_view();
}

// What is there already is neither searched nor copied again, however little a read gives.
Outcome<LineBlocks::Piece> LineBlocks::next() {
  auto block = std::make_shared<std::string>(std::move(rest_));
  for (;;) {
    auto kept = block->size();
    block->resize(kept + next_);
    ssize_t size = 0;
    do size = more_ ? ::read(fd_, block->data() + kept, next_) : 0;
    while (size < 0 && errno == EINTR);
    if (size < 0) return system_failure("read", name_);
    more_ = size > 0;
    if (static_cast<std::size_t>(size) == next_) next_ = kBlock;
    block->resize(kept + static_cast<std::size_t>(size));
    auto whole = whole_lines(*block, kept).size();
    if (whole == 0 && more_) continue;
    rest_ = block->substr(whole);
    if (block->size() < kBlock / 2) block->shrink_to_fit();  // lines of a slow input stay for long
    return Piece{block, std::string_view(*block).substr(0, whole)};
  }
}

std::string_view take_line(std::string_view& lines) {
  auto end = lines.find('\n');
  auto line = lines.substr(0, end == lines.npos ? end : end + 1);
  lines.remove_prefix(line.size());
  return line;
}

}  // namespace ringside::oops
