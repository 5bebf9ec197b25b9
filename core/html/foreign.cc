// The rules of WHATWG HTML 13.2.6 (which content is foreign) and 13.2.6.5 (tags in it), less all
// that needs the HTML elements around. Elements beyond the room are counted and closed by any end
// tags, so the room is found again where tags are balanced.
#include "core/html/foreign.hh"

namespace ringside::html {

void Foreign::push(const Name& name, Kind kind) {
  if (depth_ < kMaxDepth)
    open_[depth_++] = {name, kind};
  else if (beyond_ < UINT32_MAX)
    ++beyond_;
}

bool Foreign::is_point(Kind kind) {
  return kind == kSvgHtml || kind == kMathHtml || kind == kMathTextPoint;
}

// Whether the rules of HTML, not those of foreign content, are for a start tag here.
bool Foreign::html_rules(std::uint32_t flags) const {
  if (!in_foreign_element()) return true;
  auto kind = top().kind;
  if (kind == kMathTextPoint) return !(flags & kMathGlyph);
  if (kind == kMathAnnotation) return flags & kSvgRoot;
  return kind == kSvgHtml || kind == kMathHtml;
}

// What an element is that opens in the innermost foreign one.
Foreign::Kind Foreign::kind_within(std::uint32_t flags, TagFacts facts) const {
  if (top().kind == kSvg || top().kind == kSvgHtml) return flags & kSvgPoint ? kSvgHtml : kSvg;
  if (flags & kMathText) return kMathTextPoint;
  if (flags & kAnnotation) return facts.holds_html ? kMathHtml : kMathAnnotation;
  return kMath;
}

// Closes foreign elements up to an integration point or an element of HTML.
void Foreign::break_out() {
  while (in_foreign_element() && !is_point(top().kind)) --depth_;
  beyond_ = 0;
}

void Foreign::start_html(const Name& name, std::uint32_t flags, TagFacts facts) {
  if (flags & kForeignRoots) {
    if (!facts.self_closing) push(name, flags & kSvgRoot ? kSvg : kMath);
    return;
  }
  if (!inside() || flags & kVoid) return;
  constexpr Name kP("p");
  if (flags & kClosesP && top().kind == kHtmlElement && top().name == kP) --depth_;
  if (!(flags & kOptionalEnd)) push(name, kHtmlElement);
}

bool Foreign::start(const Name& name, std::uint32_t flags, TagFacts facts) {
  bool html = html_rules(flags);
  if (!html && (flags & kBreaksOut || (flags & kFont && facts.font_breaks_out))) {
    break_out();
    html = true;
  }
  if (html)
    start_html(name, flags, facts);
  else if (!facts.self_closing)
    push(name, kind_within(flags, facts));
  return html;
}

// Closes the innermost element of that name among those of HTML at the top of the first `from`.
void Foreign::close_html(const Name& name, unsigned from) {
  for (unsigned at = from; at > 0 && open_[at - 1].kind == kHtmlElement; --at) {
    if (open_[at - 1].name != name) continue;
    depth_ = at - 1;
    return;
  }
}

// Closes the innermost foreign element of that name, and what is in it. An element of HTML that is
// in between decides for itself. Where there is none, an end tag of HTML is taken to close what is
// around all of it, unless an integration point, a barrier to HTML's scopes, lies between.
void Foreign::close_foreign(const Name& name, std::uint32_t flags) {
  unsigned at = depth_;
  bool barrier = false;
  for (; at > 0 && open_[at - 1].kind != kHtmlElement; --at) {
    if (open_[at - 1].name == name) {
      depth_ = at - 1;
      return;
    }
    barrier |= is_point(open_[at - 1].kind);
  }
  if (barrier) return;
  if (at == 0 && flags & kHtml) depth_ = 0;
  if (at > 0) close_html(name, at);
}

void Foreign::end(const Name& name, std::uint32_t flags) {
  constexpr Name kP("p"), kBr("br");
  if (!inside()) return;
  if (beyond_) {
    --beyond_;
    return;
  }
  if (in_foreign_element() && (name == kP || name == kBr)) {
    break_out();
    close_html(name, depth_);
  } else if (in_foreign_element()) {
    close_foreign(name, flags);
  } else {
    close_html(name, depth_);
  }
}

}  // namespace ringside::html
