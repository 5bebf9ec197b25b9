// Sweep: where the tags of a block of 64 bytes begin and end, for all of them at once and without a
// branch on what is in them. What it calls right is a sequence of whole tags, or of parts of tags
// that go on beyond the block, whose attributes are name="value"; text between them may hold
// anything but '>'. All else is wrong, and for others to look at.
#pragma once

#include "core/html/index.hh"

namespace ringside::html {

class Sweep {
 public:
  // From byte `from` of the block on; all before is text, unless the block before was swept, too.
  // False where something is wrong: then nothing has changed.
  bool take(const Index& index, unsigned block, std::uint64_t from) {
    std::uint64_t less = index.word(kLess, block) & from, end = index.word(kEnd, block) & from;
    std::uint64_t inside = (end << 1) - less - open_;  // from each '<' to its '>', both included
    std::uint64_t begun = (inside & ~end) << 1 | open_;
    std::uint64_t quoted = parities(index.quotes(block) & inside) ^ (0 - quoted_);
    std::uint64_t wrong =
        (less & begun) | (end & (~begun | quoted)) |
        (inside & ((index.word(kStray, block) & quoted) | (index.word(kOdd, block) & ~quoted)));
    if (wrong) [[unlikely]]
      return false;
    marks_ = less | (index.word(kText, block) & from & ~inside);
    ends_ = end;
    open_ = (inside & ~end) >> 63, quoted_ = quoted >> 63;
    return true;
  }

  // Of the block that was taken last: each '<' and what else matters in text; each '>'.
  std::uint64_t marks() const { return marks_; }
  std::uint64_t ends() const { return ends_; }
  // Whether it ends within a tag.
  bool open() const { return open_; }

 private:
  std::uint64_t open_ = 0, quoted_ = 0;
  std::uint64_t marks_ = 0, ends_ = 0;
};

}  // namespace ringside::html
