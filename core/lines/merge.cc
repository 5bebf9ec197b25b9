// Each unit repeats the headers' functions and paths; hash tables find those that are the same.
// Stretches are sorted by address; where two overlap (no linker makes that), the later one counts.
#include "core/lines/merge.hh"

#include "core/base/name_hash.hh"
#include "core/base/sort.hh"

namespace ringside::lines {
namespace {

using dwarf::kNone;

bool equal(std::string_view a, std::string_view b) {
  return a.size() == b.size() && (a.empty() || __builtin_memcmp(a.data(), b.data(), a.size()) == 0);
}

bool equal(const MergedFunction& a, const MergedFunction& b) {
  return a.path == b.path && a.line == b.line && equal(a.name, b.name);
}

std::uint64_t hash_of(std::string_view text) {
  return hash_name(text, 1);
}

std::uint64_t hash_of(const MergedFunction& function) {
  auto place = std::uint64_t{function.path} << 32 | function.line;
  return hash_name(function.name, place);
}

// What has been seen, each once: open addressing, at most half full.
template <class T>
class Interner {
 public:
  static Result<Interner> make(std::size_t at_most, Arena& arena) {
    Interner interner;
    interner.items_ = TRY(arena.take<T>(at_most));
    std::size_t slots = 16;
    while (slots < 2 * at_most) slots *= 2;
    interner.slots_ = TRY(arena.take<std::uint32_t>(slots));
    return interner;
  }
  std::uint32_t intern(const T& item) {
    auto mask = slots_.size() - 1;
    auto slot = hash_of(item) & mask;
    for (; slots_[slot] != 0; slot = (slot + 1) & mask)
      if (equal(items_[slots_[slot] - 1], item)) return slots_[slot] - 1;
    items_[size_++] = item;
    slots_[slot] = size_;
    return size_ - 1;
  }
  std::span<T> items() { return items_.first(size_); }

 private:
  std::span<T> items_;
  std::span<std::uint32_t> slots_;  // number of an item and one more; 0: free
  std::uint32_t size_ = 0;
};

}  // namespace

Status Merged::intern_paths(Arena& arena) {
  std::size_t total = 0;
  for (const auto& code : codes_) total += code.paths.size();
  auto interner = TRY(Interner<std::string_view>::make(total, arena));
  path_ids_ = TRY(arena.take<std::span<std::uint32_t>>(codes_.size()));
  for (std::size_t n = 0; n < codes_.size(); ++n) {
    const auto& paths = codes_[n].paths;
    path_ids_[n] = TRY(arena.take<std::uint32_t>(paths.size()));
    for (std::size_t i = 0; i < paths.size(); ++i)
      path_ids_[n][i] = paths[i].empty() ? kNone : interner.intern(paths[i]);
  }
  paths_ = interner.items();
  return ok;
}

Status Merged::intern_functions(Arena& arena) {
  std::size_t total = 0;
  for (const auto& code : codes_) total += code.functions.size();
  auto interner = TRY(Interner<MergedFunction>::make(total, arena));
  function_ids_ = TRY(arena.take<std::span<std::uint32_t>>(codes_.size()));
  for (std::size_t n = 0; n < codes_.size(); ++n) {
    const auto& functions = codes_[n].functions;
    function_ids_[n] = TRY(arena.take<std::uint32_t>(functions.size()));
    for (std::size_t i = 0; i < functions.size(); ++i) {
      const auto& function = functions[i];
      auto path = function.path == kNone ? kNone : path_ids_[n][function.path];
      function_ids_[n][i] =
          function.name.empty() ? kNone : interner.intern({function.name, path, function.line});
    }
  }
  functions_ = interner.items();
  return ok;
}

// Writes the stretches to `found`, or where that is empty only counts them.
std::size_t Merged::scan_stretches(std::span<Stretch> found) const {
  std::size_t count = 0;
  for (std::uint32_t n = 0; n < codes_.size(); ++n) {
    auto segments = codes_[n].segments.items();
    for (std::size_t i = 0; i < segments.size(); ++i) {
      if (segments[i].is_gap()) continue;
      auto first = i;
      while (i + 1 < segments.size() && segments[i + 1].address > segments[i].address &&
             !segments[i + 1].is_gap())
        ++i;
      bool closed = i + 1 < segments.size() && segments[i + 1].address > segments[i].address;
      auto end = closed ? segments[i + 1].address : segments[i].address + 1;
      if (!found.empty()) found[count] = {segments[first].address, end, first, i + 1 - first, n};
      ++count;
    }
  }
  return count;
}

void Merged::clip_stretches() {
  for (std::size_t i = 0; i + 1 < stretches_.size(); ++i)
    if (stretches_[i].end > stretches_[i + 1].begin) stretches_[i].end = stretches_[i + 1].begin;
}

Status Merged::find_stretches(Arena& arena) {
  stretches_ = TRY(arena.take<Stretch>(scan_stretches({})));
  scan_stretches(stretches_);
  TRY(merge_sort(
      stretches_, [](const Stretch& a, const Stretch& b) { return a.begin < b.begin; }, arena));
  clip_stretches();
  return ok;
}

Status Merged::make(std::span<const dwarf::Code> codes, Arena& arena) {
  codes_ = codes;
  buffers_ = TRY(arena.take<MergedSegment>(2));
  TRY(intern_paths(arena));
  TRY(intern_functions(arena));
  return find_stretches(arena);
}

bool Merged::same_frames(const MergedSegment& a, const MergedSegment& b) {
  if (a.depth != b.depth) return false;
  for (std::uint32_t i = 0; i < a.depth; ++i)
    if (a.frames[i] != b.frames[i]) return false;
  return true;
}

void Merged::copy_frames(const MergedSegment& from, MergedSegment& to) {
  to.depth = from.depth;
  for (std::uint32_t i = 0; i < from.depth; ++i) to.frames[i] = from.frames[i];
}

// Segment number `i` of the stretch; false where it lies behind what has been clipped off. Frames
// beyond kMaxFrames are left out, the innermost ones.
bool Merged::load(const Stretch& stretch, std::size_t i, MergedSegment& segment) const {
  const auto& code = codes_[stretch.code];
  const auto& from = code.segments[stretch.first + i];
  if (from.address >= stretch.end) return false;
  std::uint32_t depth = 1;
  for (auto at = from.scope; at != kNone && code.scopes[at].parent != kNone; ++depth)
    at = code.scopes[at].parent;
  segment.address = from.address;
  segment.depth = depth < kMaxFrames ? depth : kMaxFrames;
  auto scope = from.scope, path = from.path, line = from.line;
  for (auto level = depth; level-- > 0;) {
    auto function = scope == kNone ? kNone : code.scopes[scope].function;
    if (level < kMaxFrames)
      segment.frames[level] = {function == kNone ? kNone : function_ids_[stretch.code][function],
                               path == kNone ? kNone : path_ids_[stretch.code][path], line};
    if (level == 0) break;
    path = code.scopes[scope].call_path;
    line = code.scopes[scope].call_line;
    scope = code.scopes[scope].parent;
  }
  return true;
}

}  // namespace ringside::lines
