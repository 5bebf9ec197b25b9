// Declarations are built as C's are read, from the name outwards: a pointer puts '*' before the
// declarator, an array or a prototype puts brackets behind it. Where a difference is, is told from
// the nearest struct or union that has a name, or else from the prototype on.
#include "user/modules/type_text.hh"

#include <fmt/format.h>

namespace ringside::modules {

using kimage::Btf;
using kimage::BtfAspect;
using kimage::BtfDifference;
using kimage::BtfKind;
using kimage::BtfMember;
using kimage::BtfStep;
using kimage::BtfType;

namespace {

constexpr std::uint32_t kDeepest = 64;    // modifiers, pointers and typedefs in a row
constexpr std::uint32_t kMostNested = 8;  // prototypes among the arguments of prototypes

BtfType type_of(const Btf& btf, std::uint32_t id) {
  auto type = btf.type(id);
  return type ? *type : BtfType{};
}

BtfMember member_of(const Btf& btf, const BtfType& type, std::uint32_t index) {
  auto member = btf.member(type, index);
  return member ? *member : BtfMember{};
}

const char* qualifier(BtfKind kind) {
  if (kind == BtfKind::kConst) return "const ";
  return kind == BtfKind::kVolatile ? "volatile " : "";
}

std::string title(const BtfType& type) {
  const char* kind = "";
  if (type.kind == BtfKind::kStruct) kind = "struct ";
  if (type.kind == BtfKind::kUnion) kind = "union ";
  if (type.kind == BtfKind::kForward) kind = type.flag ? "union " : "struct ";
  if (type.kind == BtfKind::kEnum || type.kind == BtfKind::kEnum64) kind = "enum ";
  if (type.kind == BtfKind::kVoid) return "void";
  return kind + (type.name.empty() ? std::string("{...}") : std::string(type.name));
}

std::string joined(std::string left, const std::string& declarator) {
  if (!declarator.empty() && left.back() != '*') left += ' ';
  return left + declarator;
}

std::string in_brackets(std::string declarator) {
  return declarator.starts_with('*') ? "(" + declarator + ")" : declarator;
}

std::string nested_text(const Btf& btf, std::uint32_t id, std::string declarator,
                        std::uint32_t nested);

std::string prototype_text(const Btf& btf, const BtfType& type, const std::string& declarator,
                           std::uint32_t nested) {
  if (nested == kMostNested) return declarator + "(...)";
  std::string arguments;
  for (std::uint32_t index = 0; index < type.members; ++index) {
    auto argument = member_of(btf, type, index);
    if (index > 0) arguments += ", ";
    bool variable = argument.type == 0 && argument.name.empty();
    arguments +=
        variable ? "..." : nested_text(btf, argument.type, std::string(argument.name), nested + 1);
  }
  return fmt::format("{}({})", declarator, arguments.empty() ? "void" : arguments);
}

std::string nested_text(const Btf& btf, std::uint32_t id, std::string declarator,
                        std::uint32_t nested) {
  std::string qualifiers;
  for (std::uint32_t depth = 0; depth < kDeepest; ++depth) {
    auto found = type_of(btf, id);
    switch (found.kind) {
      case BtfKind::kPointer:
        declarator = "*" + qualifiers + declarator;
        qualifiers.clear();
        break;
      case BtfKind::kConst:
      case BtfKind::kVolatile:
        qualifiers += qualifier(found.kind);
        break;
      case BtfKind::kRestrict:
      case BtfKind::kTypeTag:
        break;
      case BtfKind::kPrototype:
        declarator = prototype_text(btf, found, in_brackets(declarator), nested);
        break;
      case BtfKind::kArray: {
        auto array = btf.array(found);
        if (!array) return joined("...", declarator);
        declarator = fmt::format("{}[{}]", in_brackets(declarator), array->count);
        found.size_or_type = array->element;
        break;
      }
      default:
        return joined(qualifiers + title(found), declarator);
    }
    id = found.size_or_type;
  }
  return joined("...", declarator);
}

std::string byte_text(std::uint64_t bits) {
  return bits % 8 == 0 ? fmt::format("byte {}", bits / 8) : fmt::format("bit {}", bits);
}

// One difference on its way into words.
class Words {
 public:
  Words(const Btf& ours, const Btf& theirs, std::span<const BtfStep> steps,
        const BtfDifference& difference, std::string_view name)
      : ours_(ours),
        theirs_(theirs),
        steps_(steps),
        difference_(difference),
        name_(name),
        ours_type_(type_of(ours, steps[difference.step].ours)),
        theirs_type_(type_of(theirs, steps[difference.step].theirs)) {}

  DifferenceText text() {
    DifferenceText text{own_place(), {}, {}, in_layout()};
    say(text);
    return text;
  }

 private:
  bool in_layout() const {
    if (is_compound(difference_.step) && difference_.aspect != BtfAspect::kType) return true;
    for (auto at = steps_[difference_.step].parent; at != kimage::kNoStep; at = steps_[at].parent)
      if (is_compound(at)) return true;
    return false;
  }
  bool is_compound(std::uint32_t step) const {
    auto kind = type_of(ours_, steps_[step].ours).kind;
    return kind == BtfKind::kStruct || kind == BtfKind::kUnion || kind == BtfKind::kEnum ||
           kind == BtfKind::kEnum64;
  }

  // "struct path", "argument 2 of kern_path", "struct path: mnt".
  std::string place(std::uint32_t at) const;
  std::string own_place() const {
    bool named = is_compound(difference_.step) && !ours_type_.name.empty();
    return named && difference_.aspect != BtfAspect::kType ? title(ours_type_)
                                                           : place(difference_.step);
  }
  // The type that stands in the place, pointers and all.
  std::uint32_t whole(std::uint32_t at) const;

  void say(DifferenceText& text) const;
  std::string member_text(const Btf& btf, const BtfType& type) const;

  const Btf &ours_, &theirs_;
  std::span<const BtfStep> steps_;
  BtfDifference difference_;
  std::string_view name_;
  BtfType ours_type_, theirs_type_;
};

std::string Words::place(std::uint32_t at) const {
  std::string below;  // members of what has no name
  for (; steps_[at].parent != kimage::kNoStep; at = steps_[at].parent) {
    auto index = steps_[at].index;
    auto parent = type_of(ours_, steps_[steps_[at].parent].ours);
    if (index >= kimage::kStepNamed && index != kimage::kStepResult) continue;
    if (parent.kind == BtfKind::kPrototype) {
      auto which = index == kimage::kStepResult ? std::string("result")
                                                : fmt::format("argument {}", index + 1);
      auto rest = place(steps_[at].parent);
      return fmt::format("{}{} of {}", which, below.empty() ? "" : ": " + below, rest);
    }
    auto member = std::string(member_of(ours_, parent, index).name);
    if (member.empty()) member = "{...}";
    below = below.empty() ? member : member + "." + below;
    if (!parent.name.empty()) return title(parent) + ": " + below;
  }
  return std::string(name_) + (below.empty() ? "" : ": " + below);
}

std::uint32_t Words::whole(std::uint32_t at) const {
  while (steps_[at].index == kimage::kStepPointee && steps_[at].parent != kimage::kNoStep)
    at = steps_[at].parent;
  return at;
}

std::string Words::member_text(const Btf& btf, const BtfType& type) const {
  auto member = member_of(btf, type, difference_.index);
  std::string name(member.name.empty() ? "{...}" : member.name);
  switch (difference_.aspect) {
    case BtfAspect::kMember:
      return fmt::format("member {} is {}", difference_.index + 1, name);
    case BtfAspect::kOffset:
      return fmt::format("{} at {}", name, byte_text(member.offset));
    case BtfAspect::kBits:
      return member.bits ? fmt::format("{} has {} bits", name, member.bits)
                         : fmt::format("{} is no bit-field", name);
    default:
      return fmt::format("{} is {}", name, member.type);
  }
}

void Words::say(DifferenceText& text) const {
  auto both = [&](const char* unit) {
    text.ours = fmt::format("{} {}", difference_.expected, unit);
    text.theirs = fmt::format("{} {}", difference_.found, unit);
  };
  const auto& step = steps_[whole(difference_.step)];
  bool of_member = is_compound(difference_.step);
  switch (difference_.aspect) {
    case BtfAspect::kType:
      text.ours = declaration_text(ours_, step.ours, {});
      text.theirs = declaration_text(theirs_, step.theirs, {});
      return;
    case BtfAspect::kNoLayout:
      text.ours = fmt::format("{} bytes", ours_type_.size_or_type), text.theirs = "no definition";
      return;
    case BtfAspect::kSize:
      return both("bytes");
    case BtfAspect::kLength:
      return both("elements");
    case BtfAspect::kCount:
      return both(ours_type_.kind == BtfKind::kPrototype ? "arguments" : "members");
    default:
      if (!of_member) return both("bits");
      text.ours = member_text(ours_, ours_type_);
      text.theirs = member_text(theirs_, theirs_type_);
  }
}

}  // namespace

std::string declaration_text(const Btf& btf, std::uint32_t id, std::string declarator) {
  return nested_text(btf, id, std::move(declarator), 0);
}

DifferenceText difference_text(const Btf& ours, const Btf& theirs,
                               const kimage::BtfComparison& comparison,
                               const BtfDifference& difference, std::string_view name) {
  return Words(ours, theirs, comparison.steps(), difference, name).text();
}

}  // namespace ringside::modules
