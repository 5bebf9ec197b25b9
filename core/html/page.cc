// What separates two pieces of text is remembered and written when the second piece comes, so
// nothing is left over at the ends of lines or of the page.
#include "core/html/page.hh"

namespace ringside::html {
namespace {

constexpr std::uint8_t more_lines(std::uint8_t lines) {
  return lines < 2 ? lines + 1 : 2;
}

}  // namespace

inline void Page::separate(Output& out) {
  for (; lines_ < wanted_; ++lines_) out.put('\n');
  wanted_ = 0;
  if (separator_ && lines_ == 0) out.put(separator_);
  separator_ = 0;
}

void Page::character(Output& out, unsigned char c) {
  bool dropped = drop_lf_ && c == '\n';
  drop_lf_ = false;
  if (dropped || hidden() || c == 0) return;
  if (!pre_ && is_space(c)) {
    if (!separator_) separator_ = ' ';
    return;
  }
  separate(out);
  out.put(c);
  lines_ = c == '\n' ? more_lines(lines_) : 0;
}

// From one place where white space folds to the next; what lies between is copied as it is.
void Page::fold(Output& out, const unsigned char* in, unsigned from, unsigned to,
                const Index& index) {
  while (from < to) {
    if (is_space(in[from])) {
      if (!separator_) separator_ = ' ';
      ++from;
      continue;
    }
    unsigned end = index.next(kFold, from);
    if (end > to) end = to;
    bool blank = in[end - 1] == ' ';
    separate(out);
    out.copy(in + from, end - from - blank, index.size() - from);
    lines_ = 0;
    if (blank) separator_ = ' ';
    from = end;
  }
}

void Page::keep(Output& out, const unsigned char* in, unsigned from, unsigned to, unsigned size) {
  separate(out);
  out.copy(in + from, to - from, size - from);
  if (in[to - 1] != '\n')
    lines_ = 0;
  else if (to - from == 1)
    lines_ = more_lines(lines_);
  else
    lines_ = in[to - 2] == '\n' ? 2 : 1;
}

void Page::text(Output& out, const unsigned char* in, unsigned from, unsigned to,
                const Index& index) {
  if (hidden() || from == to) return;
  if (!pre_) return fold(out, in, from, to, index);
  if (drop_lf_ && in[from] == '\n') ++from;
  drop_lf_ = false;
  if (from < to) keep(out, in, from, to, index.size());
}

// The line feeds and the separator that an element wants around it.
void Page::want(std::uint32_t flags) {
  std::uint8_t lines = flags & kParagraph ? 2 : flags & kLine ? 1 : 0;
  if (lines > wanted_) wanted_ = lines;
}

void Page::start(Output& out, const Name& name, std::uint32_t flags) {
  drop_lf_ = false;
  if (!(flags & kPage) || hidden_by_.length) return;
  if (flags & kTemplate) ++templates_;
  if (flags & kHidden) hidden_by_ = name;
  if (hidden()) return;
  want(flags);
  if (flags & kCell) separator_ = '\t';
  if (flags & kPre) ++pre_;
  drop_lf_ = flags & kDropsLf;
  if (!(flags & kBreak)) return;
  separator_ = 0;
  separate(out);
  out.put('\n');
  lines_ = more_lines(lines_);
}

void Page::end(const Name& name, std::uint32_t flags) {
  drop_lf_ = false;
  if (hidden_by_.length) {
    if (hidden_by_ == name) hidden_by_ = {};
    return;
  }
  if (!(flags & kPage)) return;
  if (flags & kTemplate && templates_) --templates_;
  if (hidden()) return;
  want(flags);
  if (flags & kPre && pre_) --pre_;
}

void Page::finish(Output& out) {
  if (lines_ == 0) out.put('\n');
}

}  // namespace ringside::html
