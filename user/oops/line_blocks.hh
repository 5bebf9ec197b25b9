// LineBlocks: an input in pieces of whole lines, without a copy of any but the line that two reads
// share.
#pragma once

#include <string>
#include <string_view>

#include "user/base/failure.hh"
#include "user/oops/found.hh"

namespace ringside::oops {

class LineBlocks {
 public:
  // `fd` stays the caller's; `name` is for errors. A line longer than `longest` bytes is cut.
  LineBlocks(int fd, std::string name, std::size_t longest)
      : fd_(fd), name_(std::move(name)), longest_(longest) {}

  struct Piece {
    Block block;
    std::string_view lines;  // whole ones, within the block; the last of the input may lack its end
  };
  // The next piece; its lines are empty at the end of the input only.
  Outcome<Piece> next();
  // Whether there is more for next(), or the end, within so many milliseconds.
  bool comes(int milliseconds) const;

 private:
  std::string_view whole_lines(std::string_view text, std::size_t from) const;

  int fd_;
  std::string name_;
  std::size_t longest_;
  std::string rest_;            // the beginning of a line whose end has not been read
  std::size_t next_ = 8 << 10;  // bytes to read; more once the input has proved long
  bool more_ = true;
};

// Takes the first line of `lines`, with its newline.
std::string_view take_line(std::string_view& lines);

}  // namespace ringside::oops
