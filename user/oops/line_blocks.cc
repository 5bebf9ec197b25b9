#include "user/oops/line_blocks.hh"

#include <poll.h>
#include <unistd.h>

#include <cerrno>

namespace ringside::oops {
namespace {

constexpr std::size_t kBlock = 256 << 10;

}  // namespace

bool LineBlocks::waits() const {
  pollfd poll_fd{fd_, POLLIN, 0};
  return more_ && ::poll(&poll_fd, 1, 0) == 0;
}

// All of `text` at the end of the input, or where its last line has grown too long.
std::string_view LineBlocks::whole_lines(std::string_view text) const {
  auto end = text.rfind('\n');
  auto whole = end == text.npos ? 0 : end + 1;
  return !more_ || text.size() - whole >= longest_ ? text : text.substr(0, whole);
}

Outcome<LineBlocks::Piece> LineBlocks::next() {
  for (;;) {
    auto block = std::make_shared<std::string>(std::move(rest_));
    auto kept = block->size();
    block->resize(kept + kBlock);
    ssize_t size = 0;
    do size = more_ ? ::read(fd_, block->data() + kept, kBlock) : 0;
    while (size < 0 && errno == EINTR);
    if (size < 0) return system_failure("read", name_);
    more_ = size > 0;
    block->resize(kept + static_cast<std::size_t>(size));
    if (block->size() < kBlock / 2) block->shrink_to_fit();  // lines of a slow input stay for long
    auto lines = whole_lines(*block);
    rest_ = block->substr(lines.size());
    if (!lines.empty() || !more_) return Piece{block, lines};
  }
}

std::string_view take_line(std::string_view& lines) {
  auto end = lines.find('\n');
  auto line = lines.substr(0, end == lines.npos ? end : end + 1);
  lines.remove_prefix(line.size());
  return line;
}

}  // namespace ringside::oops
