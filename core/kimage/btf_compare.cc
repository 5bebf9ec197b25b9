// Breadth first over pairs of types, from the two that are asked about: what is wrong nearest to
// them is said. The list of pairs is the work list and, through a hash set over it, the memory of
// what was seen, so that types which point to each other in circles end; both have a fixed size.
// Compilers and pahole write the same C in different ways; before they are compared, qualifiers and
// typedefs are skipped, and arrays of arrays become one (pahole's way).
#include "core/kimage/btf_compare.hh"

namespace ringside::kimage {
namespace {

constexpr std::uint32_t kDeepest = 64;                // array dimensions, or structs in structs
constexpr std::uint32_t kIntegerShape = 0x00ff'00ff;  // offset and bits; encodings are unreliable

bool is_aggregate(BtfKind kind) {
  return kind == BtfKind::kStruct || kind == BtfKind::kUnion;
}

bool is_enum(BtfKind kind) {
  return kind == BtfKind::kEnum || kind == BtfKind::kEnum64;
}

// Declared, not defined.
bool is_forward(const BtfType& type) {
  return type.kind == BtfKind::kForward || (is_enum(type.kind) && type.members == 0);
}

// The keyword that goes before the name, so that forward declarations compare with definitions.
BtfKind keyword(const BtfType& type) {
  if (type.kind == BtfKind::kForward) return type.flag ? BtfKind::kUnion : BtfKind::kStruct;
  return is_enum(type.kind) ? BtfKind::kEnum : type.kind;
}

// All dimensions of the array as one.
struct Flat {
  std::uint32_t element = 0;
  std::uint64_t count = 1;
};
Result<Flat> flatten(const Btf& btf, std::uint32_t id) {
  Flat flat{id};
  for (std::uint32_t depth = 0; depth < kDeepest; ++depth) {
    auto type = TRY(btf.type(flat.element));
    if (type.kind != BtfKind::kArray) return flat;
    auto array = TRY(btf.array(type));
    flat.count *= array.count;
    flat.element = TRY(btf.unqualified(array.element));
  }
  return Error{"dimensions without end", "BTF types", flat.element, kDeepest, kDeepest};
}

std::uint32_t first_slot(std::uint32_t ours, std::uint32_t theirs) {
  std::uint64_t key = std::uint64_t{ours} << 32 | theirs;
  return static_cast<std::uint32_t>((key * 0x9e37'79b9'7f4a'7c15) >> 32);
}

}  // namespace

Result<BtfComparison> BtfComparison::create(const Btf& ours, const Btf& theirs,
                                            std::uint32_t most_pairs, bool complete, Arena& arena) {
  BtfComparison comparison(ours, theirs, complete);
  std::uint64_t slots = 16;
  while (slots < std::uint64_t{most_pairs} * 2) slots *= 2;
  comparison.steps_ = TRY(arena.take<BtfStep>(most_pairs));
  comparison.slots_ = TRY(arena.take<std::uint32_t>(slots));
  return comparison;
}

Result<std::optional<BtfDifference>> BtfComparison::compare(std::uint32_t ours,
                                                            std::uint32_t theirs) {
  count_ = 0;
  std::memset(slots_.data(), 0, slots_.size_bytes());
  step_ = kNoStep;
  TRY(push(ours, theirs, 0));
  for (step_ = 0; step_ < count_; ++step_) {
    if (!TRY(differ_here())) continue;
    TRY(dig());
    return std::optional(difference_);
  }
  return std::optional<BtfDifference>();
}

Result<bool> BtfComparison::differ_here() {
  ours_type_ = TRY(ours_.type(steps_[step_].ours));
  theirs_type_ = TRY(theirs_.type(steps_[step_].theirs));
  return differ();
}

// Where a member has moved, or the size has changed, the member before it may say why, and inside
// that one another; the innermost difference counts.
Result<Nothing> BtfComparison::dig() {
  for (std::uint32_t depth = 0; depth < kDeepest; ++depth) {
    auto moved = difference_;
    step_ = TRY(member_before());
    if (step_ != kNoStep && TRY(differ_here())) continue;
    difference_ = moved;
    return ok;
  }
  return ok;
}

// The step of the member that lies before what difference_ says has moved.
Result<std::uint32_t> BtfComparison::member_before() const {
  const auto& step = steps_[difference_.step];
  auto ours = TRY(ours_.type(step.ours));
  bool grown = difference_.aspect == BtfAspect::kSize && is_aggregate(ours.kind);
  auto behind = grown ? ours.members : difference_.index;
  if ((difference_.aspect != BtfAspect::kOffset && !grown) || behind == 0) return kNoStep;
  auto theirs = TRY(theirs_.type(step.theirs));
  auto ours_before = TRY(ours_.member(ours, behind - 1)).type;
  auto theirs_before = TRY(theirs_.member(theirs, behind - 1)).type;
  auto slot =
      find_slot(TRY(ours_.unqualified(ours_before)), TRY(theirs_.unqualified(theirs_before)));
  return slots_[slot] == 0 ? kNoStep : slots_[slot] - 1;
}

// Of the pair, or else the free one where it belongs.
std::uint32_t BtfComparison::find_slot(std::uint32_t ours, std::uint32_t theirs) const {
  auto mask = static_cast<std::uint32_t>(slots_.size() - 1);
  auto slot = first_slot(ours, theirs) & mask;
  for (; slots_[slot] != 0; slot = (slot + 1) & mask) {
    const auto& seen = steps_[slots_[slot] - 1];
    if (seen.ours == ours && seen.theirs == theirs) break;
  }
  return slot;
}

Result<Nothing> BtfComparison::push(std::uint32_t ours, std::uint32_t theirs, std::uint32_t index) {
  ours = TRY(ours_.unqualified(ours));
  theirs = TRY(theirs_.unqualified(theirs));
  auto slot = find_slot(ours, theirs);
  if (slots_[slot] != 0) return ok;
  if (count_ == steps_.size())
    return Error{"too many types to compare", "BTF types", ours, steps_.size(), steps_.size()};
  steps_[count_] = {ours, theirs, step_, index};
  slots_[slot] = ++count_;
  return ok;
}

bool BtfComparison::note(BtfAspect aspect, std::uint32_t index, std::uint64_t expected,
                         std::uint64_t found) {
  difference_ = {aspect, step_, index, expected, found};
  return true;
}

bool BtfComparison::note_unequal(BtfAspect aspect, std::uint32_t index, std::uint64_t expected,
                                 std::uint64_t found) {
  return expected != found && note(aspect, index, expected, found);
}

// Ours is defined, theirs only declared here: every definition of that name must agree with ours.
Result<bool> BtfComparison::look_up() {
  bool found = false;
  for (std::uint32_t id = 1; id <= theirs_.size(); ++id) {
    auto type = TRY(theirs_.type(id));
    if (is_forward(type) || keyword(type) != keyword(ours_type_) || type.name != ours_type_.name)
      continue;
    TRY(push(steps_[step_].ours, id, kStepNamed));
    found = true;
  }
  return !found && note(BtfAspect::kNoLayout, 0, 0, 0);
}

Result<bool> BtfComparison::differ() {
  if (keyword(ours_type_) != keyword(theirs_type_) || ours_type_.name != theirs_type_.name)
    return note(BtfAspect::kType, 0, 0, 0);
  if (is_forward(ours_type_)) return false;
  if (is_forward(theirs_type_)) return complete_ ? look_up() : Result<bool>(false);
  return differ_in_kind();
}

Result<bool> BtfComparison::differ_in_kind() {
  switch (keyword(ours_type_)) {
    case BtfKind::kPointer:
      TRY(push(ours_type_.size_or_type, theirs_type_.size_or_type, kStepPointee));
      return false;
    case BtfKind::kInt:
      return differ_in_integer();
    case BtfKind::kFloat:
      return note_unequal(BtfAspect::kSize, 0, ours_type_.size_or_type, theirs_type_.size_or_type);
    case BtfKind::kArray:
      return differ_in_array();
    case BtfKind::kPrototype:
      return differ_in_prototype();
    case BtfKind::kStruct:
    case BtfKind::kUnion:
      return differ_in_members();
    case BtfKind::kEnum:
      return differ_in_values();
    case BtfKind::kVoid:
      return false;
    default:
      return Error{"not a type", "BTF types", steps_[step_].ours, 0,
                   static_cast<std::uint64_t>(ours_type_.kind)};
  }
}

Result<bool> BtfComparison::differ_in_integer() {
  auto ours = TRY(read<std::uint32_t>(ours_type_.tail, 0, "BTF types")) & kIntegerShape;
  auto theirs = TRY(read<std::uint32_t>(theirs_type_.tail, 0, "BTF types")) & kIntegerShape;
  return note_unequal(BtfAspect::kSize, 0, ours_type_.size_or_type, theirs_type_.size_or_type) ||
         note_unequal(BtfAspect::kBits, 0, ours, theirs);
}

Result<bool> BtfComparison::differ_in_array() {
  auto ours = TRY(flatten(ours_, steps_[step_].ours));
  auto theirs = TRY(flatten(theirs_, steps_[step_].theirs));
  TRY(push(ours.element, theirs.element, kStepElement));
  return note_unequal(BtfAspect::kLength, 0, ours.count, theirs.count);
}

Result<bool> BtfComparison::differ_in_prototype() {
  if (note_unequal(BtfAspect::kCount, 0, ours_type_.members, theirs_type_.members)) return true;
  TRY(push(ours_type_.size_or_type, theirs_type_.size_or_type, kStepResult));
  for (std::uint32_t index = 0; index < ours_type_.members; ++index) {
    auto ours = TRY(ours_.member(ours_type_, index)),
         theirs = TRY(theirs_.member(theirs_type_, index));
    TRY(push(ours.type, theirs.type, index));
  }
  return false;
}

// The first member that is another one, or elsewhere, says more than that the size has changed.
Result<bool> BtfComparison::differ_in_members() {
  for (std::uint32_t index = 0; index < ours_type_.members; ++index) {
    if (index >= theirs_type_.members) break;
    auto ours = TRY(ours_.member(ours_type_, index)),
         theirs = TRY(theirs_.member(theirs_type_, index));
    if (ours.name != theirs.name) return note(BtfAspect::kMember, index, 0, 0);
    if (note_unequal(BtfAspect::kOffset, index, ours.offset, theirs.offset)) return true;
    if (note_unequal(BtfAspect::kBits, index, ours.bits, theirs.bits)) return true;
    TRY(push(ours.type, theirs.type, index));
  }
  return note_unequal(BtfAspect::kCount, 0, ours_type_.members, theirs_type_.members) ||
         note_unequal(BtfAspect::kSize, 0, ours_type_.size_or_type, theirs_type_.size_or_type);
}

Result<bool> BtfComparison::differ_in_values() {
  for (std::uint32_t index = 0; index < ours_type_.members; ++index) {
    if (index >= theirs_type_.members) break;
    auto ours = TRY(ours_.member(ours_type_, index)),
         theirs = TRY(theirs_.member(theirs_type_, index));
    if (ours.name != theirs.name) return note(BtfAspect::kMember, index, 0, 0);
    if (note_unequal(BtfAspect::kValue, index, ours.type, theirs.type)) return true;
  }
  return note_unequal(BtfAspect::kCount, 0, ours_type_.members, theirs_type_.members) ||
         note_unequal(BtfAspect::kSize, 0, ours_type_.size_or_type, theirs_type_.size_or_type);
}

}  // namespace ringside::kimage
