// Coder: merged segments to the numbers of the format, given to a sink that counts, collects or
// writes them.
#pragma once

#include <cstdint>
#include <span>

#include "core/lines/format.hh"
#include "core/lines/merge.hh"

namespace ringside::lines {

// A function by its number in the index.
struct NumberedFunction {
  std::uint32_t number = dwarf::kNone;  // none: not used
  MergedFrame begin;                    // where its code begins: path (by the index) and line
};

// What merged numbers are in the index.
struct Numbering {
  std::span<NumberedFunction> functions;
  std::span<std::uint32_t> paths;
  std::uint32_t function_count = 0, path_count = 0;

  std::uint32_t path(std::uint32_t merged) const {
    return merged == dwarf::kNone ? path_count : paths[merged];
  }
};

// A sink has block(address) for the begin of a block, value(kind, number) and raw(number, bits).
template <class Sink>
class Coder {
 public:
  struct Level {
    std::uint32_t merged = dwarf::kNone;  // the function
    std::uint32_t path = 0, line = 0;     // path by the index
  };

  // `stack`: kMaxFrames, the caller's.
  Coder(const Numbering& numbering, const Header& widths, std::span<Level> stack, Sink& sink)
      : numbering_(numbering), widths_(widths), stack_(stack), sink_(sink) {}

  Status add(const MergedSegment& segment) {
    if (count_++ % kMaxBlock == 0) {
      TRY(sink_.block(segment.address));
      depth_ = 0;
      last_outer_ = numbering_.function_count;
    } else {
      sink_.value(kSizes, static_cast<std::uint32_t>(segment.address - last_address_));
    }
    last_address_ = segment.address;
    change_stack(segment);
    return ok;
  }

 private:
  // How many frames stay: each has the same function, at the same place of the one below.
  std::uint32_t common_depth(const MergedSegment& segment) const {
    std::uint32_t common = 0;
    for (; common < depth_ && common < segment.depth; ++common) {
      if (stack_[common].merged != segment.frames[common].function) break;
      if (common == 0) continue;
      const auto& caller = segment.frames[common - 1];
      const auto& held = stack_[common - 1];
      if (held.line != caller.line || held.path != numbering_.path(caller.path)) break;
    }
    return common;
  }

  Level begin_of(std::uint32_t merged) const {
    if (merged == dwarf::kNone) return {merged, numbering_.path_count, 0};
    const auto& begin = numbering_.functions[merged].begin;
    return {merged, begin.path, begin.line};
  }

  // Whether some path is not the one that a decoder would take it for.
  bool needs_paths(const MergedSegment& segment, std::uint32_t common) const {
    for (auto level = common > 0 ? common - 1 : 0; level < segment.depth; ++level) {
      auto held = level < common ? stack_[level] : begin_of(segment.frames[level].function);
      if (held.path != numbering_.path(segment.frames[level].path)) return true;
    }
    return false;
  }

  void change_stack(const MergedSegment& segment) {
    auto common = common_depth(segment);
    Step step{depth_ - common, segment.depth - common, needs_paths(segment, common)};
    sink_.value(kSteps, step.value());
    depth_ = common;
    while (depth_ < segment.depth) push(segment.frames[depth_].function, segment, step.paths);
    if (depth_ == 0) return;
    auto kind = step.come != 0 ? kNewLines : step.gone != 0 ? kBackLines : kSameLines;
    set_place(stack_[depth_ - 1], segment.frames[depth_ - 1], kind, step.paths);
  }

  void set_place(Level& level, const MergedFrame& frame, CodeKind kind, bool paths) {
    sink_.value(kind, frame.line - level.line);
    level.line = frame.line;
    if (!paths) return;
    level.path = numbering_.path(frame.path);
    sink_.raw(level.path, widths_.path_bits);
  }

  void push(std::uint32_t merged, const MergedSegment& segment, bool paths) {
    auto function =
        merged == dwarf::kNone ? numbering_.function_count : numbering_.functions[merged].number;
    if (depth_ == 0) {
      bool next = function == last_outer_ + 1;
      sink_.raw(next, 1);
      if (!next) sink_.raw(function, widths_.function_bits);
      if (merged != dwarf::kNone) last_outer_ = function;
    } else {
      set_place(stack_[depth_ - 1], segment.frames[depth_ - 1], kCallLines, paths);
      sink_.value(kInlined, function);
    }
    stack_[depth_++] = begin_of(merged);
  }

  const Numbering& numbering_;
  const Header& widths_;  // path_bits and function_bits of it are set
  std::span<Level> stack_;
  Sink& sink_;
  std::uint64_t count_ = 0, last_address_ = 0;
  std::uint32_t depth_ = 0, last_outer_ = 0;
};

}  // namespace ringside::lines
