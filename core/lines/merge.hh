// Merged: the code of all units as one row of segments in the order of addresses, with functions
// and paths that are the same told to be the same.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>

#include "core/base/arena.hh"
#include "core/base/result.hh"
#include "core/dwarf/code.hh"
#include "core/lines/format.hh"

namespace ringside::lines {

// A frame of a segment; kNone of dwarf::Code where there is no function or no path.
struct MergedFrame {
  std::uint32_t function = dwarf::kNone;
  std::uint32_t path = dwarf::kNone;
  std::uint32_t line = 0;

  bool operator==(const MergedFrame&) const = default;
};

// The outermost frame first; none: no code.
struct MergedSegment {
  std::uint64_t address = 0;
  std::uint32_t depth = 0;
  MergedFrame frames[kMaxFrames];
};

struct MergedFunction {
  std::string_view name;
  std::uint32_t path = dwarf::kNone, line = 0;  // of its declaration
};

class Merged {
 public:
  // Borrows the codes, which may be the results of several threads, and the arena's memory: about
  // 100 bytes a function or path, and 40 a stretch of code.
  Status make(std::span<const dwarf::Code> codes, Arena& arena);

  std::span<const MergedFunction> functions() const { return functions_; }
  std::span<const std::string_view> paths() const { return paths_; }

  // Calls `each(segment)` for all segments, in ascending order of addresses, whatever order the
  // units came in; each differs from the one before. Ends early where `each` gives an Error.
  template <class Each>
  Status for_each(Each each) const {
    auto &segment = buffers_[0], &last = buffers_[1];
    last.depth = 0;
    for (std::size_t n = 0; n < stretches_.size(); ++n) {
      const auto& stretch = stretches_[n];
      for (std::size_t i = 0; i < stretch.count; ++i) {
        if (!load(stretch, i, segment)) break;
        if (same_frames(segment, last)) continue;
        TRY(each(static_cast<const MergedSegment&>(segment)));
        copy_frames(segment, last);
      }
      if (n + 1 < stretches_.size() && stretches_[n + 1].begin == stretch.end) continue;
      segment.address = stretch.end;
      segment.depth = last.depth = 0;
      TRY(each(static_cast<const MergedSegment&>(segment)));
    }
    return ok;
  }

 private:
  // Segments without a gap between them, of one unit.
  struct Stretch {
    std::uint64_t begin = 0, end = 0;
    std::uint64_t first = 0, count = 0;  // among the segments of
    std::uint32_t code = 0;
  };

  Status intern_paths(Arena& arena);
  Status intern_functions(Arena& arena);
  Status find_stretches(Arena& arena);
  std::size_t scan_stretches(std::span<Stretch> found) const;
  void clip_stretches();
  bool load(const Stretch& stretch, std::size_t i, MergedSegment& segment) const;
  static bool same_frames(const MergedSegment& a, const MergedSegment& b);
  static void copy_frames(const MergedSegment& from, MergedSegment& to);

  std::span<const dwarf::Code> codes_;
  std::span<MergedSegment> buffers_;  // two, too large for a kernel's stack
  std::span<Stretch> stretches_;
  std::span<std::span<std::uint32_t>> path_ids_, function_ids_;  // of each code's
  std::span<MergedFunction> functions_;
  std::span<std::string_view> paths_;
};

}  // namespace ringside::lines
