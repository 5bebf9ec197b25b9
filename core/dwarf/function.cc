// Which function an entry means: abstract_origin and specification are followed to the entry that
// has the name, once for each entry that is referred to (a hash table for each unit).
#include "core/dwarf/collect.hh"

namespace ringside::dwarf {
namespace {

constexpr std::uint32_t kMaxHops = 8;            // of references from an entry to its name
constexpr std::uint32_t kMaxForeign = 1u << 16;  // units entered because others refer to them
constexpr std::uint32_t kMaxTries = 64;          // slots looked at for an entry

bool within(const UnitHeader& unit, std::uint64_t offset) {
  return offset >= unit.first_entry && offset < unit.end;
}

}  // namespace

Result<std::uint32_t> Collector::function_at(std::uint64_t offset) {
  auto mask = known_.size() - 1;
  auto slot = (offset * 0x9e37'79b9'7f4a'7c15 >> 32) & mask;
  for (std::uint32_t tries = 0; tries < kMaxTries; ++tries, slot = (slot + 1) & mask) {
    if (known_[slot].function == kNone) break;
    if (known_[slot].offset == offset) return known_[slot].function;
  }
  auto number = static_cast<std::uint32_t>(code_->functions.size());
  TRY(code_->functions.push({}));
  TRY(pending_.push(offset));
  known_[slot] = {offset, number};  // where the table is crowded, one that was known is forgotten
  return number;
}

// Adds what named_, an entry of `unit`, says and the ones before it did not.
Status Collector::take_over(const Unit& unit, Function& function, bool& linkage) {
  auto name = named_.linkage_name ? named_.linkage_name : named_.name;
  if (name && !linkage && (function.name.empty() || named_.linkage_name))
    function.name = TRY(text_of(*sections_, unit, name));
  linkage = linkage || named_.linkage_name;
  if (&unit != &unit_ || function.line != 0 || named_.decl_line == 0) return ok;
  function.line = static_cast<std::uint32_t>(named_.decl_line);
  function.path = static_cast<std::uint32_t>(named_.decl_file);
  return ok;
}

// Fills in the functions that function_at() has numbered; not there, for the stack's sake.
Status Collector::resolve_functions() {
  auto first = code_->functions.size() - pending_.size();
  for (std::size_t i = 0; i < pending_.size(); ++i) {
    Function function;
    TRY(resolve(pending_[i], function));
    function.path = TRY(path_of(function.path));
    code_->functions[first + i] = function;  // only now: half-read paths are no paths
  }
  return ok;
}

// Its path stays a file number of the unit at hand.
Status Collector::resolve(std::uint64_t offset, Function& function) {
  bool linkage = false;
  for (std::uint32_t hop = 0; hop < kMaxHops; ++hop) {
    bool own = within(unit_.header, offset);
    if (!own) TRY(enter_unit_at(offset));
    const auto& unit = own ? unit_ : foreign_unit_;
    TRY(read_routine_at(unit, own ? own_ : foreign_, offset));
    TRY(take_over(unit, function, linkage));
    auto next = named_.origin ? named_.origin : named_.specification;
    if (!next) break;
    offset = next.number;
  }
  return ok;
}

Status Collector::read_routine_at(const Unit& unit, const Abbreviations& abbreviations,
                                  std::uint64_t offset) {
  Cursor cursor(sections_->info.first(unit.header.end), offset);
  const auto* entry = abbreviations.find(cursor.uleb());
  if (!entry) return Error{"no such abbreviation", ".debug_info", offset, 0, 0};
  read_routine(cursor, abbreviations.specs(*entry), unit.header, named_);
  if (cursor.failed()) return Error{"entry past the end", ".debug_info", offset, 0, 0};
  return ok;
}

// Makes the unit that holds `offset` the foreign one. Units are found by walking their headers,
// onwards from the last one where that lies before.
Status Collector::enter_unit_at(std::uint64_t offset) {
  if (within(foreign_unit_.header, offset)) return ok;
  if (++foreign_read_ > kMaxForeign)
    return Error{"too many references to other units", ".debug_info", offset, kMaxForeign, 0};
  auto at = offset >= foreign_unit_.header.end ? foreign_unit_.header.end : 0;
  for (;;) {
    auto header = TRY(read_unit_header(sections_->info, at));
    at = header.end;
    if (offset >= at) continue;
    TRY(foreign_.read(*sections_, header));
    TRY(read_unit(*sections_, header, foreign_, foreign_unit_));
    if (within(header, offset)) return ok;
    return Error{"reference to no entry", ".debug_info", offset, header.first_entry, 0};
  }
}

}  // namespace ringside::dwarf
