// A perfect hash: the multiplier was searched so that no two names share a slot, which is asserted
// when this file is compiled.
#include "core/html/elements.hh"

#include <array>

namespace ringside::html {
namespace {

struct Element {
  Name name;
  std::uint32_t flags = 0;
};

constexpr Element kElements[] = {
    {},
    {Name("a"), kHtml},
    {Name("abbr"), kHtml},
    {Name("address"), kClosesP | kHtml | kLine},
    {Name("annotation-xml"), kAnnotation},
    {Name("area"), kVoid},
    {Name("article"), kClosesP | kHtml | kLine},
    {Name("aside"), kClosesP | kHtml | kLine},
    {Name("b"), kBreaksOut | kHtml},
    {Name("base"), kVoid},
    {Name("basefont"), kVoid},
    {Name("bgsound"), kVoid},
    {Name("big"), kBreaksOut | kHtml},
    {Name("blockquote"), kBreaksOut | kClosesP | kHtml | kParagraph},
    {Name("body"), kBreaksOut | kOptionalEnd | kLine},
    {Name("br"), kBreaksOut | kVoid | kBreak},
    {Name("button"), kHtml},
    {Name("caption"), kOptionalEnd | kHtml | kLine},
    {Name("center"), kBreaksOut | kClosesP | kHtml | kLine},
    {Name("code"), kBreaksOut | kHtml},
    {Name("col"), kVoid},
    {Name("colgroup"), kOptionalEnd},
    {Name("dd"), kBreaksOut | kClosesP | kOptionalEnd | kHtml | kLine},
    {Name("desc"), kSvgPoint},
    {Name("details"), kClosesP | kHtml | kLine},
    {Name("dialog"), kClosesP | kHtml | kLine},
    {Name("dir"), kClosesP | kHtml | kLine},
    {Name("div"), kBreaksOut | kClosesP | kHtml | kLine},
    {Name("dl"), kBreaksOut | kClosesP | kHtml | kLine},
    {Name("dt"), kBreaksOut | kClosesP | kOptionalEnd | kHtml | kLine},
    {Name("em"), kBreaksOut | kHtml},
    {Name("embed"), kBreaksOut | kVoid},
    {Name("fieldset"), kClosesP | kHtml | kLine},
    {Name("figcaption"), kClosesP | kHtml | kLine},
    {Name("figure"), kClosesP | kHtml | kParagraph},
    {Name("font"), kFont | kHtml},
    {Name("footer"), kClosesP | kHtml | kLine},
    {Name("foreignobject"), kSvgPoint},
    {Name("form"), kClosesP | kHtml | kLine},
    {Name("frame"), kVoid},
    {Name("h1"), kBreaksOut | kClosesP | kHtml | kParagraph},
    {Name("h2"), kBreaksOut | kClosesP | kHtml | kParagraph},
    {Name("h3"), kBreaksOut | kClosesP | kHtml | kParagraph},
    {Name("h4"), kBreaksOut | kClosesP | kHtml | kParagraph},
    {Name("h5"), kBreaksOut | kClosesP | kHtml | kParagraph},
    {Name("h6"), kBreaksOut | kClosesP | kHtml | kParagraph},
    {Name("head"), kBreaksOut | kOptionalEnd},
    {Name("header"), kClosesP | kHtml | kLine},
    {Name("hgroup"), kClosesP | kHtml | kLine},
    {Name("hr"), kBreaksOut | kVoid | kClosesP | kLine},
    {Name("html"), kOptionalEnd | kLine},
    {Name("i"), kBreaksOut | kHtml},
    {Name("iframe"), kToRawtext | kHidden},
    {Name("image"), kVoid},
    {Name("img"), kBreaksOut | kVoid},
    {Name("input"), kVoid},
    {Name("keygen"), kVoid},
    {Name("label"), kHtml},
    {Name("legend"), kHtml | kLine},
    {Name("li"), kBreaksOut | kClosesP | kOptionalEnd | kHtml | kLine},
    {Name("link"), kVoid},
    {Name("listing"), kBreaksOut | kClosesP | kHtml | kParagraph | kPre | kDropsLf},
    {Name("main"), kClosesP | kHtml | kLine},
    {Name("malignmark"), kMathGlyph},
    {Name("mark"), kHtml},
    {Name("math"), kMathRoot},
    {Name("menu"), kBreaksOut | kClosesP | kHtml | kLine},
    {Name("meta"), kBreaksOut | kVoid},
    {Name("mglyph"), kMathGlyph},
    {Name("mi"), kMathText},
    {Name("mn"), kMathText},
    {Name("mo"), kMathText},
    {Name("ms"), kMathText},
    {Name("mtext"), kMathText},
    {Name("nav"), kClosesP | kHtml | kLine},
    {Name("nobr"), kBreaksOut | kHtml},
    {Name("noembed"), kToRawtext | kHidden},
    {Name("noframes"), kToRawtext | kHidden},
    {Name("noscript"), kHtml},
    {Name("ol"), kBreaksOut | kClosesP | kHtml | kLine},
    {Name("optgroup"), kOptionalEnd | kLine},
    {Name("option"), kOptionalEnd | kLine},
    {Name("p"), kBreaksOut | kClosesP | kHtml | kParagraph},
    {Name("param"), kVoid},
    {Name("plaintext"), kToPlaintext | kClosesP | kParagraph | kPre},
    {Name("pre"), kBreaksOut | kClosesP | kHtml | kParagraph | kPre | kDropsLf},
    {Name("q"), kHtml},
    {Name("rb"), kOptionalEnd},
    {Name("rp"), kOptionalEnd},
    {Name("rt"), kOptionalEnd},
    {Name("rtc"), kOptionalEnd},
    {Name("ruby"), kBreaksOut | kHtml},
    {Name("s"), kBreaksOut | kHtml},
    {Name("script"), kToScript | kHidden},
    {Name("search"), kClosesP | kHtml | kLine},
    {Name("section"), kClosesP | kHtml | kLine},
    {Name("select"), kHtml},
    {Name("small"), kBreaksOut | kHtml},
    {Name("source"), kVoid},
    {Name("span"), kBreaksOut | kHtml},
    {Name("strike"), kBreaksOut | kHtml},
    {Name("strong"), kBreaksOut | kHtml},
    {Name("style"), kToRawtext | kHidden},
    {Name("sub"), kBreaksOut | kHtml},
    {Name("summary"), kClosesP | kHtml | kLine},
    {Name("sup"), kBreaksOut | kHtml},
    {Name("svg"), kSvgRoot},
    {Name("table"), kBreaksOut | kClosesP | kHtml | kLine},
    {Name("tbody"), kOptionalEnd | kHtml},
    {Name("td"), kOptionalEnd | kHtml | kCell},
    {Name("template"), kHtml | kTemplate},
    {Name("textarea"), kToRcdata | kPre | kDropsLf},
    {Name("tfoot"), kOptionalEnd | kHtml},
    {Name("th"), kOptionalEnd | kHtml | kCell},
    {Name("thead"), kOptionalEnd | kHtml},
    {Name("title"), kToRcdata | kSvgPoint | kHidden},
    {Name("tr"), kOptionalEnd | kHtml | kLine},
    {Name("track"), kVoid},
    {Name("tt"), kBreaksOut | kHtml},
    {Name("u"), kBreaksOut | kHtml},
    {Name("ul"), kBreaksOut | kClosesP | kHtml | kLine},
    {Name("var"), kBreaksOut | kHtml},
    {Name("wbr"), kVoid},
    {Name("xmp"), kToRawtext | kClosesP | kParagraph | kPre},
};
constexpr unsigned kCount = sizeof(kElements) / sizeof(kElements[0]);
static_assert(kCount <= 256);

constexpr unsigned kSlotBits = 10;

constexpr unsigned slot_of(const Name& name) {
  return ((name.low ^ name.high * 3) * 0x34cf06c00ada09bd) >> (64 - kSlotBits);
}

// The number of the element in each slot; 0, a name that nothing bears, where there is none.
constexpr auto kSlots = [] {
  std::array<std::uint8_t, 1 << kSlotBits> slots{};
  for (unsigned each = 1; each < kCount; ++each)
    slots[slot_of(kElements[each].name)] = static_cast<std::uint8_t>(each);
  return slots;
}();

constexpr bool is_perfect() {
  for (unsigned each = 1; each < kCount; ++each)
    if (kSlots[slot_of(kElements[each].name)] != each) return false;
  return true;
}
static_assert(is_perfect(), "two elements in one slot: search another multiplier");

}  // namespace

std::uint32_t element_flags(const Name& name) {
  const auto& element = kElements[kSlots[slot_of(name)]];
  return element.name == name ? element.flags : 0;
}

}  // namespace ringside::html
