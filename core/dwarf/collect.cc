// One pass over a unit's entries in the order of the file, without recursion: a depth, and a stack
// of the scopes that are open. Subtrees that cannot hold code are left by their sibling attribute
// where they have one, which most of the bytes do.
#include "core/dwarf/collect.hh"

namespace ringside::dwarf {
namespace {

constexpr auto kInfo = ".debug_info";
constexpr std::uint32_t kMaxOpen = 512;  // scopes within scopes

// DW_LANG_C89, C, C99, C11, Mips_Assembler: nothing but functions holds functions.
bool is_c(std::uint64_t language) {
  return language == 1 || language == 2 || language == 0x0c || language == 0x1d ||
         language == 0x8001;
}

std::size_t power_of_two(std::size_t at_least) {
  std::size_t size = 64;
  while (size < at_least) size *= 2;
  return size;
}

}  // namespace

Collector::Collector(const Sections& sections, std::span<const Range> executable,
                     std::span<std::byte> scratch, Code& code)
    : sections_(&sections),
      executable_(executable),
      code_(&code),
      own_(part_of_memory(scratch, 0, 15), part_of_memory(scratch, 1, 15)),
      foreign_(part_of_memory(scratch, 2, 15), part_of_memory(scratch, 3, 15)),
      tables_{List<LineProgram::Entry>(part_of_memory(scratch, 4, 15)),
              List<LineProgram::Entry>(part_of_memory(scratch, 5, 15))},
      ranges_(part_of_memory(scratch, 6, 15)),
      active_(part_of_memory(scratch, 12, 15)),
      points_(part_of_memory(scratch, 7, 15)),
      rows_(part_of_memory(scratch, 8, 15)),
      open_(part_of_memory(scratch, 9, 15)),
      known_(part_of_memory(scratch, 10, 15)),
      pending_(part_of_memory(scratch, 14, 15)),
      unit_paths_(part_of_memory(scratch, 11, 15)),
      sorting_(part_of_memory(scratch, 13, 15)) {}

bool Collector::is_code(std::uint64_t address) const {
  for (const auto& range : executable_)
    if (address >= range.begin && address < range.end) return true;
  return false;
}

Status Collector::read(const UnitHeader& header) {
  if (header.type != kUnitCompile && header.type != kUnitPartial) return ok;
  TRY(own_.read(*sections_, header));
  TRY(read_unit(*sections_, header, own_, unit_));
  bare_ = is_c(unit_.language);
  ranges_.cut(0);
  points_.cut(0);
  rows_.cut(0);
  unit_paths_.cut(0);
  known_.cut(0);
  pending_.cut(0);
  has_program_ = false;
  foreign_unit_ = {};
  TRY(known_.grow(power_of_two((header.end - header.offset) / 64), {}));
  first_segment_ = code_->segments.size();
  if (unit_.stmt_list) {
    TRY(program_.open(*sections_, unit_, tables_));
    has_program_ = true;
    TRY(read_rows());
  }
  TRY(add_unit_scope());
  TRY(read_entries());
  TRY(resolve_functions());
  TRY(make_points());
  return merge();
}

bool Collector::is_descended(const Abbreviation& entry) const {
  switch (entry.tag) {
    case kTagCompileUnit:
    case kTagNamespace:
    case kTagModule:
    case kTagLexicalBlock:
    case kTagTryBlock:
    case kTagCatchBlock:
    case kTagSubprogram:
    case kTagInlinedSubroutine:
      return true;
    case kTagClassType:
    case kTagStructureType:
    case kTagUnionType:
      return !bare_;
    default:
      return entry.tag == unit_.tag;  // a partial unit
  }
}

void Collector::leave(Walk& walk) {
  --walk.depth;
  if (walk.depth < walk.ignored) walk.ignored = 0;
  while (!open_.empty() && open_.back().depth > walk.depth) open_.cut(open_.size() - 1);
}

Status Collector::read_entries() {
  open_.cut(0);
  Walk walk{Cursor(sections_->info.first(unit_.header.end), unit_.header.first_entry)};
  while (!walk.cursor.at_end()) {
    auto offset = walk.cursor.at();
    auto code = walk.cursor.uleb();
    if (code == 0) {
      if (walk.depth <= 1) break;
      leave(walk);
      continue;
    }
    const auto* entry = own_.find(code);
    if (!entry) return Error{"no such abbreviation", kInfo, offset, 0, code};
    TRY(read_entry(walk, *entry, offset));
    if (walk.depth == 0) break;
  }
  if (walk.cursor.failed()) return Error{"entry past the end", kInfo, unit_.header.offset, 0, 0};
  return ok;
}

Status Collector::read_entry(Walk& walk, const Abbreviation& entry, std::uint64_t offset) {
  bool routine = entry.tag == kTagSubprogram || entry.tag == kTagInlinedSubroutine;
  if (routine && !walk.ignored) return read_scope(walk, entry, offset);
  std::uint64_t sibling = 0;
  if (entry.fixed) {
    walk.cursor.skip(entry.size);
  } else {
    for (const auto& spec : own_.specs(entry)) {
      if (spec.name == kAtSibling)
        sibling = read_value(walk.cursor, spec, unit_.header).number;
      else
        skip_value(walk.cursor, spec, unit_.header);
    }
  }
  if (!entry.children) return ok;
  bool ignored = walk.ignored || !is_descended(entry);
  if (ignored && sibling > walk.cursor.at()) {
    walk.cursor.seek(sibling);
    return ok;
  }
  ++walk.depth;
  if (ignored && !walk.ignored) walk.ignored = walk.depth;
  return ok;
}

// A function or an inlined instance. One without code is descended into where it can hold others:
// an instance whose own instructions are gone still stands in the chain of what it called.
Status Collector::read_scope(Walk& walk, const Abbreviation& entry, std::uint64_t offset) {
  read_routine(walk.cursor, own_.specs(entry), unit_.header, routine_);
  bool inlined = entry.tag == kTagInlinedSubroutine;
  bool wanted = routine_.ranges.any() || inlined;
  if (wanted) TRY(add_scope(inlined, offset));
  if (!entry.children) return ok;
  ++walk.depth;
  if (!wanted && bare_) walk.ignored = walk.depth;
  if (!wanted) return ok;
  if (open_.size() == kMaxOpen)
    return Error{"scopes nest too deeply", kInfo, offset, kMaxOpen, open_.size()};
  return open_.push({walk.depth, static_cast<std::uint32_t>(code_->scopes.size()) - 1});
}

// The scope of routine_, the entry at `offset`.
Status Collector::add_scope(bool inlined, std::uint64_t offset) {
  Scope scope;
  scope.function = TRY(function_at(routine_.origin ? routine_.origin.number : offset));
  if (inlined) {
    scope.parent = open_.empty() ? kNone : open_.back().scope;
    scope.call_path = TRY(path_of(routine_.call_file));
    scope.call_line = static_cast<std::uint32_t>(routine_.call_line);
  }
  auto number = static_cast<std::uint32_t>(code_->scopes.size());
  TRY(code_->scopes.push(scope));
  return routine_.ranges.any() ? add_ranges(routine_.ranges, number) : ok;
}

// The unit itself, as a nameless scope around all others: rows outside of it are padding.
Status Collector::add_unit_scope() {
  RangeValues values{unit_.low_pc_value, unit_.high_pc, unit_.ranges};
  unit_scope_ = kNone;
  if (!values.any()) return ok;
  unit_scope_ = static_cast<std::uint32_t>(code_->scopes.size());
  TRY(code_->scopes.push({}));
  return add_ranges(values, unit_scope_);
}

Status Collector::add_ranges(const RangeValues& values, std::uint32_t scope) {
  RangeCursor cursor;
  TRY(cursor.open(*sections_, unit_, values));
  auto most = sections_->info.size() + sections_->ranges.size() + sections_->rnglists.size();
  for (;;) {
    auto range = TRY(cursor.next());
    if (!range) return ok;
    if (++ranges_read_ > most)  // lists that thousands of entries share would take for ever
      return Error{"more ranges than bytes", kInfo, unit_.header.offset, most, ranges_read_};
    if (is_code(range->begin)) TRY(ranges_.push({range->begin, range->end, scope}));
  }
}

}  // namespace ringside::dwarf
