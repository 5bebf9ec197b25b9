// Compares types of one BTF with types of another: those compiled into a module with the running
// kernel's, or one kernel's with another's.
#pragma once

#include "core/kimage/btf.hh"

namespace ringside::kimage {

constexpr std::uint32_t kNoStep = 0xffff'ffff;
// What BtfStep::index says where a type was not come by as a member or a parameter.
constexpr std::uint32_t kStepPointee = 0xffff'fffe;
constexpr std::uint32_t kStepElement = 0xffff'fffd;
constexpr std::uint32_t kStepResult = 0xffff'fffc;
constexpr std::uint32_t kStepNamed = 0xffff'fffb;  // theirs is found by ours' name

// Two types that stand in one place, and how that place was come by. Ids are past all modifiers and
// typedefs.
struct BtfStep {
  std::uint32_t ours = 0, theirs = 0;
  std::uint32_t parent = kNoStep;  // the step that led here
  std::uint32_t index = 0;         // the parent's member or parameter (in order), or a kStep word
};

enum class BtfAspect : std::uint8_t {
  kType,      // another kind of type, or one of another name
  kSize,      // bytes
  kCount,     // of members, parameters or enumerators
  kMember,    // the name of a member or enumerator
  kOffset,    // of a member, in bits
  kBits,      // of a bit-field
  kValue,     // of an enumerator
  kLength,    // of an array
  kNoLayout,  // theirs is only declared, nowhere defined
};

// `aspect` of the two types in steps()[step] is not the same.
struct BtfDifference {
  BtfAspect aspect = BtfAspect::kType;
  std::uint32_t step = 0;
  std::uint32_t index = 0;                // of the member or enumerator, where it is about one
  std::uint64_t expected = 0, found = 0;  // ours, theirs
};

class BtfComparison {
 public:
  // Bytes of arena that are enough for create() with that many pairs.
  static constexpr std::uint64_t memory(std::uint32_t most_pairs) {
    return std::uint64_t{most_pairs} * (sizeof(BtfStep) + 4 * sizeof(std::uint32_t)) + 128;
  }
  // Borrows both; takes up to memory(most_pairs) from `arena`. `most_pairs` of types are looked at.
  // `complete`: what ours defines theirs must define somewhere, too; otherwise a type that either
  // only declares is the same as any of its name.
  static Result<BtfComparison> create(const Btf& ours, const Btf& theirs, std::uint32_t most_pairs,
                                      bool complete, Arena& arena);

  // The difference nearest to the two types, looked for in all that they are made of and point to
  // (of a member that has moved, what of the one before it has changed); no value where there is
  // none. Qualifiers, typedefs and names of parameters do not count. An
  // Error where the types are damaged, or where more than `most_pairs` were equal so far.
  Result<std::optional<BtfDifference>> compare(std::uint32_t ours, std::uint32_t theirs);

  // The pairs looked at by the last compare(), each behind the one that led to it.
  std::span<const BtfStep> steps() const { return steps_.first(count_); }

 private:
  BtfComparison(const Btf& ours, const Btf& theirs, bool complete)
      : ours_(ours), theirs_(theirs), complete_(complete) {}

  Result<Nothing> push(std::uint32_t ours, std::uint32_t theirs, std::uint32_t index);
  std::uint32_t find_slot(std::uint32_t ours, std::uint32_t theirs) const;
  Result<bool> differ_here();
  Result<Nothing> dig();
  Result<std::uint32_t> member_before() const;
  Result<bool> look_up();
  Result<bool> differ();
  Result<bool> differ_in_kind();
  Result<bool> differ_in_integer();
  Result<bool> differ_in_array();
  Result<bool> differ_in_prototype();
  Result<bool> differ_in_members();
  Result<bool> differ_in_values();
  bool note(BtfAspect aspect, std::uint32_t index, std::uint64_t expected, std::uint64_t found);
  bool note_unequal(BtfAspect aspect, std::uint32_t index, std::uint64_t expected,
                    std::uint64_t found);

  const Btf &ours_, &theirs_;
  bool complete_;
  std::span<BtfStep> steps_;
  std::span<std::uint32_t> slots_;  // of a hash set of steps: index + 1
  std::uint32_t count_ = 0, step_ = 0;
  BtfType ours_type_, theirs_type_;  // of the step: the stack has no room for them
  BtfDifference difference_;
};

}  // namespace ringside::kimage
