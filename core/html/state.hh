// The tokenizer's states, by the standard's names. States that differ only in what they call a
// parse error, or in tokens that hold no characters, are one here: the doctype's are the bogus
// comment's, the comment's less-than sign states are the comment's, and RCDATA, RAWTEXT and script
// data share those of their end tags.
#pragma once

#include <cstdint>

namespace ringside::html {

enum class State : std::uint8_t {
  // Text: characters are emitted until a byte that matters.
  kData,
  kRcdata,
  kRawtext,
  kScript,
  kPlaintext,
  // CDATA sections.
  kCdata,
  kCdataBracket,
  kCdataEnd,
  // Tags.
  kTagOpen,
  kEndTagOpen,
  kTagName,
  kBeforeAttributeName,
  kAttributeName,
  kAfterAttributeName,
  kBeforeAttributeValue,
  kDoubleQuoted,
  kSingleQuoted,
  kUnquoted,
  kAfterQuoted,
  kSelfClosing,
  // The end of RCDATA, RAWTEXT and script data.
  kRawLess,
  kRawEndTagOpen,
  kRawEndTagName,
  // Script data that looks escaped by a comment.
  kScriptEscapeStart,
  kScriptEscapeStartDash,
  kScriptEscaped,
  kScriptEscapedDash,
  kScriptEscapedDashDash,
  kScriptEscapedLess,
  kScriptDoubleEscapeStart,
  kScriptDoubleEscaped,
  kScriptDoubleEscapedDash,
  kScriptDoubleEscapedDashDash,
  kScriptDoubleEscapedLess,
  kScriptDoubleEscapeEnd,
  // Comments and doctypes.
  kMarkupDeclaration,
  kBogusComment,
  kCommentStart,
  kCommentStartDash,
  kComment,
  kCommentEndDash,
  kCommentEnd,
  kCommentEndBang,
  // Character references.
  kReference,
  kNamedReference,
  kNumericReference,
  kHexStart,
  kHex,
  kDecimal,
};

constexpr bool is_text(State state) {
  return state <= State::kPlaintext;
}

}  // namespace ringside::html
