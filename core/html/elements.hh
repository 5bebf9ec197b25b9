// Elements: what the tokenizer and the page have to know of an element by its name. The tokenizer
// of the standard is told by the tree builder when to switch; these flags are that knowledge.
#pragma once

#include <cstdint>

#include "core/html/name.hh"

namespace ringside::html {

enum : std::uint32_t {
  // What the tokenizer switches to behind the start tag.
  kToRcdata = 1 << 0,
  kToRawtext = 1 << 1,
  kToScript = 1 << 2,
  kToPlaintext = 1 << 3,
  kSwitches = kToRcdata | kToRawtext | kToScript | kToPlaintext,
  // Foreign content (core/html/foreign.hh).
  kSvgRoot = 1 << 4,
  kMathRoot = 1 << 5,
  kSvgPoint = 1 << 6,    // an HTML integration point in SVG
  kMathText = 1 << 7,    // a MathML text integration point
  kMathGlyph = 1 << 8,   // stays MathML in a text integration point
  kAnnotation = 1 << 9,  // annotation-xml
  kBreaksOut = 1 << 10,  // its start tag ends foreign content
  kFont = 1 << 11,       // so does this one's, with certain attributes
  kForeignRoots = kSvgRoot | kMathRoot,
  // HTML's tree.
  kVoid = 1 << 12,         // has no content
  kClosesP = 1 << 13,      // its start tag ends a <p>
  kOptionalEnd = 1 << 14,  // its end tag may be left out
  kHtml = 1 << 15,         // an end tag of HTML that closes what is open in it
  // The page.
  kLine = 1 << 16,       // stands on lines of its own
  kParagraph = 1 << 17,  // and between blank lines
  kBreak = 1 << 18,      // <br>
  kCell = 1 << 19,       // a tab before it, but at the start of a line
  kPre = 1 << 20,        // white space is kept
  kDropsLf = 1 << 21,    // a line feed right behind its start tag is none
  kHidden = 1 << 22,     // what is in it is not shown
  kTemplate = 1 << 23,
  kPage = kLine | kParagraph | kBreak | kCell | kPre | kDropsLf | kHidden | kTemplate,
};

// The flags of the element; 0 for a name that means nothing here.
std::uint32_t element_flags(const Name& name);

}  // namespace ringside::html
