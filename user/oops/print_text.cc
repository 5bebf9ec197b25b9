// Additions stand behind "  # " at the end of a line, inlined functions and the summary on lines of
// their own that begin with "# ": all that we add can be told from what was there. Behind a line
// that syslog put inside of another, what we add stays inside of that, too.
#include <fmt/format.h>

#include <algorithm>

#include "core/oops/verdict.hh"
#include "user/oops/print.hh"

namespace ringside::oops {
namespace {

constexpr std::ptrdiff_t kShown = 6;  // instructions on each side of the fault

struct Palette {
  const char *fault = "", *guess = "", *added = "", *title = "", *off = "";
};

constexpr Palette kColours = {"\x1b[1;31m", "\x1b[2m", "\x1b[36m", "\x1b[1m", "\x1b[0m"};

std::string place_of(const SourceLine& line) {
  return fmt::format("{}:{}", line.file, line.line);
}

// What is new about a frame, for the end of its line.
std::string addition(const Frame& frame, const Answer& answer) {
  std::string text;
  if (answer.added) {
    text = fmt::format("{}+{:#x}/{:#x}", answer.symbol, answer.offset, answer.size);
    if (!answer.module.empty()) text += fmt::format(" [{}]", answer.module);
  }
  if (!answer.demangled.empty()) text += (text.empty() ? "" : " ") + answer.demangled;
  if (!answer.lines.empty() && frame.source.empty())
    text += (text.empty() ? "" : " ") + place_of(answer.lines.front());
  return text;
}

class Printer {
 public:
  Printer(const Found& found, const Decoded& decoded, const Palette& palette)
      : found_(found), report_(found.report()), decoded_(decoded), palette_(palette) {}

  std::string print() {
    for (const auto& line : found_.lines()) print_line(line);
    print_summary();
    return std::move(out_);
  }

 private:
  bool is_of(const Frame& frame, const Text& line) const {
    return report_.first_line + frame.line == line.number;
  }

  std::string inlines(const Answer& answer) const {
    std::string text;
    for (std::size_t at = 0; at + 1 < answer.lines.size(); ++at)
      text += fmt::format("{}#     inlined {} into {} at {}{}{}", palette_.added,
                          answer.lines[at].function, answer.lines[at + 1].function,
                          place_of(answer.lines[at + 1]), palette_.off, newline_);
    return text;
  }

  void print_line(const Text& line) {
    std::string added, below;
    const char* colour = "";
    newline_ = line.line.ends_with(kEscapedNewline) ? kEscapedNewline : "\n";
    for (; next_ < report_.frame_count && is_of(report_.frames()[next_], line); ++next_) {
      const auto& frame = report_.frames()[next_];
      const auto& answer = decoded_.answers[next_];
      if (auto text = addition(frame, answer); !text.empty()) added += "  # " + text;
      below += inlines(answer);
      if (&frame == decoded_.culprit)
        colour = palette_.fault;
      else if (frame.guess)
        colour = palette_.guess;
    }
    put_line(line.line, colour, added);
    out_ += below;
  }

  // What is added stands before a carriage return, which would have a terminal write over the line.
  void put_line(std::string_view line, const char* colour, const std::string& added) {
    auto length = newline_ == kEscapedNewline ? line.size() - newline_.size()
                                              : line.find_last_not_of("\r\n") + 1;
    auto text = line.substr(0, length);
    auto end = line.substr(text.size());
    out_ += colour;
    out_ += text;
    if (*colour != '\0') out_ += palette_.off;
    if (!added.empty()) out_ += fmt::format("{}{}{}", palette_.added, added, palette_.off);
    out_ += end;
    if (!end.ends_with(newline_)) out_ += newline_;
  }

  void say(std::string_view key, const std::string& value) {
    if (!value.empty())
      out_ += fmt::format("{}# {:<12}{}{}{}", palette_.added, key, value, palette_.off, newline_);
  }

  std::string where() const {
    std::string text;
    if (report_.cpu >= 0) text = fmt::format("CPU {}", report_.cpu);
    if (!report_.comm.empty())
      text += fmt::format("{}{}[{}]", text.empty() ? "" : ", ", report_.comm, report_.pid);
    if (!report_.workqueue.empty())
      text += fmt::format("{}workqueue {}", text.empty() ? "" : ", ", report_.workqueue);
    return text;
  }

  std::string taints() const {
    std::string text;
    for (char letter : report_.taint) {
      auto meaning = taint_meaning(letter);
      if (!meaning.empty())
        text += fmt::format("{}{}: {}", text.empty() ? "" : "; ", letter, meaning);
    }
    return text;
  }

  std::string culprit() const {
    if (decoded_.culprit == nullptr) return {};
    const auto& frame = *decoded_.culprit;
    auto at = static_cast<std::size_t>(&frame - report_.frames().data());
    std::string text(frame.symbol);
    if (frame.symbol.empty() && at < decoded_.answers.size()) text = decoded_.answers[at].symbol;
    if (frame.has_offset) text += fmt::format("+{:#x}/{:#x}", frame.offset, frame.size);
    if (!frame.module.empty()) text += fmt::format(" [{}]", frame.module);
    if (at < decoded_.answers.size() && !decoded_.answers[at].demangled.empty())
      text += " " + decoded_.answers[at].demangled;
    if (at < decoded_.answers.size() && !decoded_.answers[at].lines.empty())
      text += " " + place_of(decoded_.answers[at].lines.front());
    else if (!frame.source.empty())
      text += fmt::format(" {}", frame.source);
    return text;
  }

  std::string counts() const {
    std::size_t calls = 0, guesses = 0;
    for (const auto& frame : report_.frames()) {
      calls += frame.role == Role::kCall;
      guesses += frame.role == Role::kCall && frame.guess;
    }
    return fmt::format("{} frames in {} stack{}, {} of them guesses{}", calls, report_.trace_count,
                       report_.trace_count == 1 ? "" : "s", guesses,
                       report_.truncated ? "; truncated" : "");
  }

  void print_code() {
    const auto& code = decoded_.code;
    auto fault = std::ranges::find(code, 0, &Instruction::offset) - code.begin();
    for (std::ptrdiff_t at = 0; at < std::ssize(code); ++at) {
      if (at < fault - kShown || at > fault + kShown) continue;
      const auto& each = code[static_cast<std::size_t>(at)];
      bool is_fault = each.offset == 0;
      out_ +=
          fmt::format("{}# {} {:>4}  {:<32}{}{}{}{}", is_fault ? palette_.fault : palette_.added,
                      is_fault ? "=>" : "  ", each.offset, each.bytes, each.text,
                      is_fault ? source_of_fault() : "", palette_.off, newline_);
    }
  }

  std::string source_of_fault() const {
    auto fault = std::ranges::find(report_.frames(), Role::kFault, &Frame::role);
    if (fault == report_.frames().end()) return {};
    const auto& answer =
        decoded_.answers[static_cast<std::size_t>(fault - report_.frames().begin())];
    return answer.lines.empty() ? "" : "  # " + place_of(answer.lines.front());
  }

  void print_summary() {
    auto release = report_.release.empty() ? std::string("kernel not told")
                                           : fmt::format("Linux {}", report_.release);
    out_ +=
        fmt::format("{}# ringside: {}, {}, {}{}{}", palette_.title, title_of(report_.kind), release,
                    report_.arch == Arch::kUnknown ? "machine not told" : name_of(report_.arch),
                    palette_.off, newline_);
    say("culprit", culprit());
    say("prototype", decoded_.prototype);
    if (!report_.bug_at.empty()) say("source", std::string(report_.bug_at));
    say("on", where());
    if (!report_.panic.empty()) say("then", fmt::format("panic: {}", report_.panic));
    say("tainted", taints());
    say("stack", counts());
    if (decoded_.has_offset)
      say("offset", fmt::format("{:#x} (told by the {})", decoded_.offset, decoded_.offset_source));
    if (!decoded_.kernel.empty()) say("symbols", decoded_.kernel);
    print_code();
    for (const auto& note : decoded_.notes) say("note", note);
    say("fingerprint", fmt::format("{:016x}", decoded_.fingerprint));
  }

  const Found& found_;
  const Report& report_;
  const Decoded& decoded_;
  Palette palette_;
  std::string out_;
  std::string_view newline_ = "\n";  // the last line's
  std::uint32_t next_ = 0;           // the first frame that has not been printed
};

}  // namespace

std::string print_text(const Found& found, const Decoded& decoded, bool colour) {
  return Printer(found, decoded, colour ? kColours : Palette()).print();
}

}  // namespace ringside::oops
