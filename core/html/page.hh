// Page: text as a person wants to read it. Block elements stand on lines of their own, some between
// blank lines, cells of a table behind a tab; white space folds to one space and is dropped at both
// ends of a line, but not in <pre> and its like; scripts, styles and titles are not shown. It is
// what innerText gives in a browser, without CSS.
#pragma once

#include "core/html/elements.hh"
#include "core/html/index.hh"
#include "core/html/output.hh"

namespace ringside::html {

class Page {
 public:
  // A run of text [from, to) of the indexed slice `in`, without CR. Writes at most four bytes more
  // than it holds.
  void text(Output& out, const unsigned char* in, unsigned from, unsigned to, const Index& index);

  // One byte of text; writes at most four.
  void character(Output& out, unsigned char c);

  // A tag; `flags` are the element's. Writes at most four bytes.
  void start(Output& out, const Name& name, std::uint32_t flags);
  void end(const Name& name, std::uint32_t flags);

  // The end of the text; writes at most one byte.
  void finish(Output& out);

 private:
  bool hidden() const { return hidden_by_.length || templates_; }
  void separate(Output& out);
  void fold(Output& out, const unsigned char* in, unsigned from, unsigned to, const Index& index);
  void keep(Output& out, const unsigned char* in, unsigned from, unsigned to, unsigned size);
  void want(std::uint32_t flags);

  Name hidden_by_;               // the element whose content is not shown; no length: none
  unsigned templates_ = 0;       // <template>s that are open
  unsigned pre_ = 0;             // elements that keep white space and are open
  std::uint8_t wanted_ = 0;      // line feeds that must stand before the next text
  std::uint8_t lines_ = 2;       // line feeds at the end of the output, 2 for more; as at its start
  unsigned char separator_ = 0;  // the space or tab before the next text of the line
  bool drop_lf_ = false;         // a line feed that comes now is not shown
};

}  // namespace ringside::html
