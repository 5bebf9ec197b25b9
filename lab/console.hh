// The guest's console: kept, written to a file where asked, and watched for the lines by which a
// kernel says that it is broken.
#pragma once

#include <string>
#include <string_view>

#include "user/base/unique_fd.hh"

namespace ringside::lab {

class Console {
 public:
  // Where everything goes as well; nowhere by default.
  void copy_to(UniqueFd file) { copy_ = std::move(file); }
  void feed(std::string_view bytes);

  bool oops() const { return oops_; }               // an oops has begun
  bool oops_complete() const { return complete_; }  // its last line was seen
  bool panic() const { return panic_; }
  bool breakpoint() const { return breakpoint_; }  // an oops was of a breakpoint that nobody set
  const std::string& first_line() const { return first_line_; }  // of the oops or panic
  // Forgets an oops that was allowed, so that the next is told apart from it.
  void forget_oops();
  // The last `lines` lines.
  std::string tail(unsigned lines = 40) const;

 private:
  void line(std::string_view text);

  UniqueFd copy_;
  std::string text_;     // the last part of all that was said
  std::string partial_;  // the line that has not ended yet
  bool oops_ = false;
  bool complete_ = false;
  bool panic_ = false;
  bool breakpoint_ = false;
  std::string first_line_;
};

// What a console line says about the kernel's health.
enum class Ailment { kNone, kOops, kOopsEnd, kPanic };
Ailment ailment_of(std::string_view line);

}  // namespace ringside::lab
