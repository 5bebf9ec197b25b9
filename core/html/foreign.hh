// Foreign: how deep the input is in SVG and MathML, as far as the tokenizer must know it: CDATA
// sections exist only there, and <title>, <style>, <script> and the like switch it only outside.
// The tree builder's stack of open elements is kept from the outermost <svg> or <math> on, in a
// bounded room. docs/html.md tells where that differs from a whole tree builder.
#pragma once

#include <cstdint>

#include "core/html/elements.hh"

namespace ringside::html {

// What a start tag tells beside its name.
struct TagFacts {
  bool self_closing = false;
  bool font_breaks_out = false;  // <font> with color, face or size
  bool holds_html = false;       // <annotation-xml> with an HTML encoding
};

class Foreign {
 public:
  static constexpr unsigned kMaxDepth = 64;

  bool inside() const { return depth_ > 0; }

  // True where the innermost open element is not HTML's: there CDATA sections are.
  bool in_foreign_element() const { return depth_ > 0 && top().kind != kHtmlElement; }

  // Takes a start tag; true where HTML's rules are for it, so that the tokenizer may switch.
  bool start(const Name& name, std::uint32_t flags, TagFacts facts);
  void end(const Name& name, std::uint32_t flags);

 private:
  enum Kind : std::uint8_t {
    kHtmlElement,
    kSvg,
    kSvgHtml,  // an HTML integration point
    kMath,
    kMathTextPoint,
    kMathAnnotation,  // annotation-xml without an HTML encoding
    kMathHtml,        // and with one
  };
  struct Open {
    Name name;
    Kind kind = kHtmlElement;
  };

  const Open& top() const { return open_[depth_ - 1]; }
  void push(const Name& name, Kind kind);
  Kind kind_within(std::uint32_t flags, TagFacts facts) const;
  bool html_rules(std::uint32_t flags) const;
  static bool is_point(Kind kind);
  void break_out();
  void start_html(const Name& name, std::uint32_t flags, TagFacts facts);
  void close_html(const Name& name, unsigned from);
  void close_foreign(const Name& name, std::uint32_t flags);

  unsigned depth_ = 0;
  unsigned beyond_ = 0;  // elements that were opened when there was no more room
  Open open_[kMaxDepth];
};

}  // namespace ringside::html
