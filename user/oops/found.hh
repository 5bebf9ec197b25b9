// Found: one report taken out of a stream, with the lines that it stands on. It owns all of it.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "core/oops/report.hh"

namespace ringside::oops {

using Block = std::shared_ptr<const std::string>;  // a piece of the input; views point into it

// What syslog writes for a newline inside of a message, so that it stays one line.
constexpr std::string_view kEscapedNewline = "#012";

struct Text {
  std::string_view line;     // with its newline, escaped or not, if it has one
  Block block;               // keeps it
  Block plain;               // what the Reader got instead, where U+00A0 stood for blanks
  std::uint64_t number = 0;  // with the Reader
};

// Copies of a core report whose room belongs to the Reader. Moves, so that views stay good.
class Found {
 public:
  Found(const Report& report, std::vector<Text> lines)
      : report_(report),
        lines_(std::move(lines)),
        frames_(report.frames().begin(), report.frames().end()),
        modules_(report.modules().begin(), report.modules().end()),
        registers_(report.registers().begin(), report.registers().end()) {
    report_.frame_room = frames_;
    report_.module_room = modules_;
    report_.register_room = registers_;
  }
  Found(Found&&) = default;
  Found& operator=(Found&&) = default;

  const Report& report() const { return report_; }
  const std::vector<Text>& lines() const { return lines_; }
  std::size_t bytes() const {
    std::size_t sum = 0;
    for (const auto& line : lines_) sum += line.line.size();
    return sum;
  }

 private:
  Report report_;
  std::vector<Text> lines_;
  std::vector<Frame> frames_;
  std::vector<Module> modules_;
  std::vector<Register> registers_;
};

}  // namespace ringside::oops
