// Two formats of lists, one interface. Each entry takes at least one byte, so a walk ends with its
// section; a list that several entries name is read for each of them.
#include "core/dwarf/ranges.hh"

namespace ringside::dwarf {
namespace {

constexpr auto kLists = ".debug_rnglists";

bool is_address_form(std::uint16_t form) {
  return form == kFormAddr || form == kFormAddrx || (form >= kFormAddrx1 && form <= kFormAddrx4);
}

// Where list `index` of the unit begins.
Result<std::uint64_t> indexed_list(const Sections& sections, const Unit& unit,
                                   std::uint64_t index) {
  auto size = unit.header.offset_size;
  auto at = checked_mul(index, size);
  if (!at || !fits(unit.rnglists_base, 0, sections.rnglists.size()) ||
      !fits(*at, size, sections.rnglists.size() - unit.rnglists_base))
    return Error{"no such list", kLists, unit.rnglists_base, sections.rnglists.size(), index};
  return unit.rnglists_base + Cursor(sections.rnglists, unit.rnglists_base + *at).number(size);
}

}  // namespace

Status RangeCursor::open(const Sections& sections, const Unit& unit, const RangeValues& values) {
  sections_ = &sections;
  unit_ = &unit;
  base_ = unit.low_pc;
  if (values.ranges) return open_list(values.ranges);
  kind_ = Kind::pair;
  auto low = TRY(address_of(sections, unit, values.low_pc));
  auto high = low + values.high_pc.number;
  if (is_address_form(values.high_pc.form)) high = TRY(address_of(sections, unit, values.high_pc));
  pair_ = {low, high};
  return ok;
}

Status RangeCursor::open_list(Value value) {
  if (unit_->header.version < 5) {
    kind_ = Kind::old_list;
    list_ = Cursor(sections_->ranges, value.number);
  } else {
    kind_ = Kind::list;
    auto at = value.number;
    if (value.form == kFormRnglistx) at = TRY(indexed_list(*sections_, *unit_, at));
    list_ = Cursor(sections_->rnglists, at);
  }
  if (list_.failed()) return Error{"list past the end", kLists, value.number, 0, 0};
  return ok;
}

Result<std::optional<Range>> RangeCursor::next_old() {
  auto size = unit_->header.address_size;
  auto largest = size == 8 ? ~std::uint64_t{0} : ~std::uint64_t{0} >> 32;
  for (;;) {
    auto begin = list_.number(size), end = list_.number(size);
    if (list_.failed()) return Error{"list does not end", ".debug_ranges", list_.at(), 0, 0};
    if (begin == 0 && end == 0) return std::optional<Range>();
    if (begin == largest)
      base_ = end;
    else if (begin < end)
      return std::optional(Range{base_ + begin, base_ + end});
  }
}

// One entry; none at the end of the list, `skipped` where it is no range.
Result<std::optional<Range>> RangeCursor::next_entry(bool& skipped) {
  auto size = unit_->header.address_size;
  auto indexed = [&] { return indexed_address(*sections_, *unit_, list_.uleb()); };
  Range range;
  switch (auto kind = list_.u8()) {
    case kRangeEnd:
      return std::optional<Range>();
    case kRangeBaseAddressx:
      base_ = TRY(indexed());
      skipped = true;
      break;
    case kRangeBaseAddress:
      base_ = list_.number(size);
      skipped = true;
      break;
    case kRangeStartxEndx:
      range.begin = TRY(indexed());
      range.end = TRY(indexed());
      break;
    case kRangeStartxLength:
      range.begin = TRY(indexed());
      range.end = range.begin + list_.uleb();
      break;
    case kRangeOffsetPair:
      range.begin = base_ + list_.uleb();
      range.end = base_ + list_.uleb();
      break;
    case kRangeStartEnd:
      range.begin = list_.number(size);
      range.end = list_.number(size);
      break;
    case kRangeStartLength:
      range.begin = list_.number(size);
      range.end = range.begin + list_.uleb();
      break;
    default:
      return Error{"unknown entry", kLists, list_.at(), kRangeStartLength, kind};
  }
  return std::optional(range);
}

Result<std::optional<Range>> RangeCursor::next() {
  if (kind_ == Kind::old_list) return next_old();
  if (kind_ == Kind::pair) {
    auto range = pair_;
    pair_ = {};
    if (range.begin >= range.end) return std::optional<Range>();
    return std::optional(range);
  }
  for (;;) {
    bool skipped = false;
    auto range = TRY(next_entry(skipped));
    if (list_.failed()) return Error{"list does not end", kLists, list_.at(), 0, 0};
    if (!range || (!skipped && range->begin < range->end)) return range;
  }
}

}  // namespace ringside::dwarf
