// Stripper: text out of HTML, as the tokenizer of the WHATWG's standard (HTML 13.2.5) emits
// characters. The input is UTF-8 and comes in slices of any size; any split of it gives the same
// output. The memory is this object. Where a tag lies whole in a slice it is passed in a few hops
// over the index (core/html/fast.cc); all else goes byte by byte through the standard's states
// (states.cc and beside).
//
//   Stripper stripper(Stripper::kRaw);
//   for each slice of at most kSlice bytes:
//     stripper.index(slice, simd);
//     do { produced = stripper.run(slice, room); write(produced) } while (!stripper.done());
//   write(stripper.finish(room));
#pragma once

#include <cstddef>
#include <span>

#include "core/html/entities.hh"
#include "core/html/foreign.hh"
#include "core/html/index.hh"
#include "core/html/output.hh"
#include "core/html/page.hh"
#include "core/html/state.hh"
#include "core/html/sweep.hh"

namespace ringside::html {

class Stripper {
 public:
  // kRaw: exactly the characters that the tokenizer emits. kPage: laid out for people (Page).
  enum Mode : std::uint8_t { kRaw, kPage };

  // The least room that run() and finish() get on in.
  static constexpr std::size_t kLeastRoom = 64;

  explicit Stripper(Mode mode) : raw_(mode == kRaw) {}

  // Begins a slice: its first kSlice bytes. The only part that uses SIMD registers.
  void index(Bytes slice, Simd simd) {
    index_.make(slice, simd, !raw_);
    at_ = 0;
  }

  // Goes on in the slice that was indexed last, which must still be the same, until it is done or
  // less than kLeastRoom bytes of `room` are left; the bytes written.
  std::size_t run(Bytes slice, std::span<std::byte> room);
  bool done() const { return at_ == index_.size(); }

  // The input has ended: what was held back; the bytes written. `room` has kLeastRoom or more.
  std::size_t finish(std::span<std::byte> room);

 private:
  static constexpr unsigned kHeldMax = kEntityNameMax;

  // A reference: how many bytes it has without its '&', 0 for none, and what it stands for.
  struct CommonReference {
    unsigned size;
    std::uint32_t code;
  };

  // How far a slice is swept: all before `at` is done, `tag` was the last '<'. 0, or the end of the
  // block that was not for it; no block before that is worth another try.
  struct Swept {
    Output out;
    unsigned at, tag, wrong;
  };

  // fast.cc
  void text(const unsigned char* in);
  bool special(const unsigned char* in);
  bool data_tag(const unsigned char* in);
  void raw_text(const unsigned char* in);
  Swept sweep(const unsigned char* in, unsigned at, Output out) const;
  bool sweep_block(const unsigned char* in, unsigned base, bool within, const Sweep& sweep,
                   Swept& swept) const;
  bool sweep_other(const unsigned char* in, unsigned& at, Output& out) const;
  unsigned end_of_tag(unsigned from) const;
  unsigned end_of_comment(const unsigned char* in, unsigned at) const;
  CommonReference common_reference(const unsigned char* in, unsigned at) const;
  static CommonReference decimal_reference(const unsigned char* digits);
  void skip(const unsigned char* in);

  // states.cc: one byte through the states. Those that are bool: false where it must be taken once
  // more, in the state that is set then.
  void step(unsigned char c);
  bool accept(unsigned char c);
  bool in_text(unsigned char c);
  bool in_cdata(unsigned char c);
  bool in_markup_declaration(unsigned char c);
  bool in_comment(unsigned char c);
  void go(State state) { state_ = state; }
  bool again(State state) { return state_ = state, false; }
  bool over(State state) { return state_ = state, true; }
  void emit(unsigned char c);
  void emit(const char* text);
  void emit_replacement() { emit("\xef\xbf\xbd"); }
  void hold(unsigned char c);
  void emit_held();

  // tags.cc
  bool in_tag(unsigned char c);
  bool in_tag_open(unsigned char c);
  bool in_end_tag_open(unsigned char c);
  bool in_attribute(unsigned char c);
  bool in_value(unsigned char c);
  bool in_raw_end_tag(unsigned char c);
  void begin_tag(bool end);
  bool end_name(State state);
  bool end_value(State state);
  void value_byte(unsigned char c);
  bool begin_attribute(unsigned char c);
  bool end_attribute_name(State state);
  bool close_tag();
  void finish_tag(std::uint32_t flags);

  // script.cc
  bool in_script(unsigned char c);
  bool in_escaped(unsigned char c, State plain, State dash, State dash_dash, State less);
  bool in_escape_name(unsigned char c, State other, State script);

  // references.cc
  bool in_reference(unsigned char c);
  bool in_number(unsigned char c);
  bool begin_reference();
  void end_reference();
  void end_named(unsigned char next);
  void end_number();
  void give(unsigned char c);
  void give_held(unsigned from);
  void give_code(std::uint32_t code);
  bool in_attribute_value() const;

  bool raw_;
  State state_ = State::kData;
  State return_ = State::kData;  // behind a reference or a raw text's end tag that was none
  bool skip_lf_ = false;         // the byte before was CR
  bool end_tag_ = false;
  bool capture_ = false;                           // this tag's attributes count: see TagFacts
  bool encoding_seen_ = false;                     // the first attribute of a name counts
  std::uint8_t matched_ = 0;                       // bytes of the keywords of a markup declaration
  std::uint8_t html_bytes_ = 0, xhtml_bytes_ = 0;  // of a value that is one of two encodings
  std::uint8_t held_bytes_ = 0;
  unsigned char held_[kHeldMax] = {};
  std::uint32_t number_ = 0;
  EntityMatcher matcher_;
  TagFacts facts_;
  Name name_;        // of the tag that is being read, or of a possible "script" in a script
  Name attribute_;   // of the attribute, where they count
  Name last_start_;  // of the start tag that switched to raw text
  unsigned at_ = 0;  // in the slice
  Output out_;
  Foreign foreign_;
  Page page_;
  Index index_;
};

}  // namespace ringside::html
