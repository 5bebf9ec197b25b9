// Code: what debug information says of a stretch of addresses, as plain tables: functions, the
// places they were inlined at, and segments of addresses that share both and a source line.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>

#include "core/base/list.hh"
#include "core/base/split.hh"

namespace ringside::dwarf {

inline constexpr std::uint32_t kNone = 0xffff'ffff;  // no path, no scope, no function

struct Function {
  std::string_view name;  // the linkage name, if there is one; borrowed from the debug sections
  std::uint32_t path = kNone, line = 0;  // of its declaration
};

// One instance of a function: out of line (parent kNone), or inlined into the scope `parent`.
struct Scope {
  std::uint32_t parent = kNone;
  std::uint32_t function = kNone;
  std::uint32_t call_path = kNone, call_line = 0;  // where it was inlined
};

// From `address` to the next segment's. The last one of a stretch has neither scope nor path.
struct Segment {
  std::uint64_t address = 0;
  std::uint32_t scope = kNone;  // the innermost one
  std::uint32_t path = kNone, line = 0;

  bool is_gap() const { return scope == kNone && path == kNone && line == 0; }
};

// Lists in memory of the caller's. Indices are into these lists; units follow each other, and the
// segments of each ascend.
struct Code {
  Code() = default;
  explicit Code(std::span<std::byte> memory)
      : functions(part_of_memory(memory, 0, 5)),
        scopes(part_of_memory(memory, 1, 5)),
        segments(part_of_memory(memory, 2, 5)),
        paths(part_of_memory(memory, 3, 5)),
        letters(part_of_memory(memory, 4, 5)) {}

  List<Function> functions;
  List<Scope> scopes;
  List<Segment> segments;
  List<std::string_view> paths;  // absolute where the unit says so, without "." and ".." parts
  List<char> letters;            // what the paths are made of
};

}  // namespace ringside::dwarf
