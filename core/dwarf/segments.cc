// Segments are the common refinement of two partitions of a unit's addresses: by innermost scope
// (a sweep over the scopes' ranges in which the entry that stands last in the file wins, as LLVM's
// and elfutils' readers have it where ranges nest) and by line row.
#include "core/base/sort.hh"
#include "core/dwarf/collect.hh"
#include "core/dwarf/path.hh"

namespace ringside::dwarf {
namespace {

constexpr std::uint32_t kMaxActive = 64;  // ranges that cover one address

// The scopes of the ranges that cover the address at hand; T has `end` and `scope`.
template <class T>
class Active {
 public:
  explicit Active(List<T>& items) : items_(items) { items_.cut(0); }

  bool empty() const { return items_.empty(); }
  // What nests deeper than any compiler has it is left out.
  Status add(const T& range) {
    if (items_.size() == kMaxActive) return ok;
    return items_.push(range);
  }
  void drop_ended(std::uint64_t address) {
    std::size_t kept = 0;
    for (const auto& item : items_.items())
      if (item.end > address) items_[kept++] = item;
    items_.cut(kept);
  }
  std::uint64_t first_end(std::uint64_t end) const {
    for (const auto& item : items_.items()) end = item.end < end ? item.end : end;
    return end;
  }
  std::uint32_t innermost() const {
    std::uint32_t scope = kNone;
    for (const auto& item : items_.items())
      if (scope == kNone || item.scope > scope) scope = item.scope;
    return scope;
  }

 private:
  List<T>& items_;
};

}  // namespace

// Ends the sequence that began with row number `first`. Rows at its very end stand for no code.
Status Collector::end_sequence(std::size_t first, const Row& end) {
  while (rows_.size() > first && rows_.back().address >= end.address) rows_.cut(rows_.size() - 1);
  if (rows_.size() == first) return ok;
  if (is_code(rows_[first].address)) return rows_.push(end);
  rows_.cut(first);
  return ok;
}

// The rows of the unit's sequences of code, in the order of addresses.
Status Collector::read_rows() {
  std::size_t first = 0;
  for (;;) {
    auto row = TRY(program_.next());
    if (!row) break;
    if (++rows_read_ > sections_->line.size())  // a program that many units share
      return Error{"more rows than bytes", ".debug_line", 0, sections_->line.size(), rows_read_};
    if (row->end_sequence) {
      TRY(end_sequence(first, *row));
      first = rows_.size();
    } else {
      TRY(rows_.push(*row));
    }
  }
  rows_.cut(first);  // a sequence without an end
  Arena arena(sorting_);
  return merge_sort(
      rows_.items(),
      [](const Row& a, const Row& b) {
        return a.address != b.address ? a.address < b.address : a.end_sequence > b.end_sequence;
      },
      arena);
}

Status Collector::make_points() {
  Arena arena(sorting_);
  auto by_begin = [](const ScopeRange& a, const ScopeRange& b) { return a.begin < b.begin; };
  TRY(merge_sort(ranges_.items(), by_begin, arena));
  Active active(active_);
  std::uint64_t address = 0;
  for (std::size_t next = 0; next < ranges_.size() || !active.empty();) {
    auto upcoming = next < ranges_.size() ? ranges_[next].begin : ~std::uint64_t{0};
    address = active.first_end(upcoming);
    active.drop_ended(address);
    for (; next < ranges_.size() && ranges_[next].begin == address; ++next)
      TRY(active.add(ranges_[next]));
    TRY(points_.push({address, active.innermost()}));
  }
  return ok;
}

Result<std::uint32_t> Collector::path_of(std::uint64_t file) {
  if (file < unit_paths_.size() && unit_paths_[file] != kNone) return unit_paths_[file];
  if (!has_program_ || file >= kNone) return kNone;
  return add_path(static_cast<std::uint32_t>(file));
}

Result<std::uint32_t> Collector::add_path(std::uint32_t file) {
  auto name = program_.file(file);
  if (!name) return kNone;
  if (file >= unit_paths_.size())
    TRY(unit_paths_.grow(file + std::size_t{1} - unit_paths_.size(), kNone));
  auto number = static_cast<std::uint32_t>(code_->paths.size());
  auto path = join_path(*name, code_->letters);
  if (!path) return path.error();
  TRY(code_->paths.push(*path));
  unit_paths_[file] = number;
  return number;
}

Status Collector::add_segment(std::uint64_t address, std::uint32_t scope, const Row& row) {
  bool outside = unit_scope_ != kNone && scope == kNone;
  Segment segment{address, scope == unit_scope_ ? kNone : scope, kNone, 0};
  if (!row.end_sequence && !outside) {
    segment.path = TRY(path_of(row.file));
    segment.line = segment.path == kNone ? 0 : row.line;
  }
  auto& segments = code_->segments;
  bool first = segments.size() == first_segment_;
  if (first && segment.is_gap()) return ok;
  if (!first) {
    auto& last = segments.back();
    if (last.scope == segment.scope && last.path == segment.path && last.line == segment.line)
      return ok;
  }
  return segments.push(segment);
}

Status Collector::merge() {
  Row row{.end_sequence = true};
  std::uint32_t scope = kNone;
  std::size_t rows = 0, points = 0;
  while (rows < rows_.size() || points < points_.size()) {
    auto address = rows < rows_.size() ? rows_[rows].address : ~std::uint64_t{0};
    if (points < points_.size() && points_[points].address < address)
      address = points_[points].address;
    for (; rows < rows_.size() && rows_[rows].address == address; ++rows) row = rows_[rows];
    for (; points < points_.size() && points_[points].address == address; ++points)
      scope = points_[points].scope;
    TRY(add_segment(address, scope, row));
  }
  return ok;
}

}  // namespace ringside::dwarf
