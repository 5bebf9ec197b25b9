// Declarations are built as C's are read, from the name outwards: a pointer puts '*' before the
// declarator, an array or a prototype puts brackets behind it. Differences are found breadth-first
// over pairs of types, one of each kernel, from the prototype on.
#include "user/modules/types.hh"

#include <fmt/format.h>

#include <deque>
#include <set>

namespace ringside::modules {

using kimage::BtfKind;
using kimage::BtfMember;
using kimage::BtfType;

namespace {

constexpr std::size_t kMostPairs = 4000;  // of types compared for one name
constexpr std::uint32_t kDeepest = 64;    // modifiers and typedefs in a row

bool is_modifier(BtfKind kind) {
  return kind == BtfKind::kConst || kind == BtfKind::kVolatile || kind == BtfKind::kRestrict ||
         kind == BtfKind::kTypedef || kind == BtfKind::kTypeTag;
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

std::string_view member_name(const BtfMember& member) {
  return member.name.empty() ? "{...}" : member.name;
}

bool is_aggregate(BtfKind kind) {
  return kind == BtfKind::kStruct || kind == BtfKind::kUnion;
}

}  // namespace

Outcome<std::shared_ptr<const Types>> Types::open(kimage::Image image) {
  std::shared_ptr<Types> types(new Types(std::move(image)));
  types->btf_ = TRY(types->image_.btf());
  for (std::uint32_t id = 1; id <= types->btf_->size(); ++id) {
    auto type = types->type(id);
    if (type.kind == BtfKind::kFunction || type.kind == BtfKind::kVariable)
      types->names_.try_emplace(type.name, type.size_or_type);
  }
  return std::shared_ptr<const Types>(std::move(types));
}

// What cannot be read is void: this only serves explanations.
BtfType Types::type(std::uint32_t id) const {
  auto type = btf_->type(id);
  return type ? *type : BtfType{};
}

BtfMember Types::member(const BtfType& type, std::uint32_t index) const {
  auto member = btf_->member(type, index);
  return member ? *member : BtfMember{};
}

std::string Types::prototype(const BtfType& type, std::string declarator) const {
  std::string arguments;
  for (std::uint32_t index = 0; index < type.members; ++index) {
    auto argument = member(type, index);
    if (index > 0) arguments += ", ";
    bool variable = argument.type == 0 && argument.name.empty();
    arguments += variable ? "..." : text(argument.type, std::string(argument.name));
  }
  return fmt::format("{}({})", declarator, arguments.empty() ? "void" : arguments);
}

std::string Types::text(std::uint32_t id, std::string declarator) const {
  std::string qualifiers;
  for (std::uint32_t depth = 0; depth < kDeepest; ++depth) {
    auto found = type(id);
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
        if (declarator.starts_with('*')) declarator = "(" + declarator + ")";
        declarator = prototype(found, declarator);
        break;
      case BtfKind::kArray:
        if (declarator.starts_with('*')) declarator = "(" + declarator + ")";
        return joined(qualifiers + "array", declarator);
      default:
        return joined(qualifiers + title(found), declarator);
    }
    id = found.size_or_type;
  }
  return joined("...", declarator);
}

std::optional<std::string> Types::declaration(std::string_view name) const {
  auto at = names_.find(name);
  if (at == names_.end()) return std::nullopt;
  return text(at->second, std::string(name));
}

// Walks pairs of types. `here` is the kernel that is asked about, `there` the other one.
class TypeComparison {
 public:
  TypeComparison(const Types& here, const Types& there) : here_(here), there_(there) {}

  std::optional<std::string> run(std::uint32_t here, std::uint32_t there, std::string_view name) {
    push(here, there, std::string(name));
    while (!queue_.empty() && found_.empty() && seen_.size() < kMostPairs) {
      auto pair = std::move(queue_.front());
      queue_.pop_front();
      compare(here_.type(pair.here), there_.type(pair.there), pair.where);
    }
    return found_.empty() ? std::nullopt : std::optional(found_);
  }

 private:
  struct Pair {
    std::uint32_t here, there;
    std::string where;
  };

  static std::uint32_t strip(const Types& types, std::uint32_t id) {
    for (std::uint32_t depth = 0; depth < kDeepest; ++depth) {
      auto type = types.type(id);
      if (!is_modifier(type.kind)) return id;
      id = type.size_or_type;
    }
    return 0;
  }

  void push(std::uint32_t here, std::uint32_t there, std::string where) {
    here = strip(here_, here), there = strip(there_, there);
    if (seen_.emplace(here, there).second) queue_.push_back({here, there, std::move(where)});
  }

  void report(std::string text) {
    if (found_.empty()) found_ = std::move(text);
  }
  void compare(const BtfType& here, const BtfType& there, const std::string& where);
  void compare_aggregates(const BtfType& here, const BtfType& there, const std::string& where);
  void compare_prototypes(const BtfType& here, const BtfType& there, const std::string& where);

  const Types &here_, &there_;
  std::string found_;
  std::deque<Pair> queue_;
  std::set<std::pair<std::uint32_t, std::uint32_t>> seen_;
};

void TypeComparison::compare(const BtfType& here, const BtfType& there, const std::string& where) {
  if (here.kind == BtfKind::kForward || there.kind == BtfKind::kForward) return;
  if (here.kind != there.kind || here.name != there.name) {
    report(fmt::format("{} is {}, {} in {}", where, title(here), title(there), there_.release()));
    return;
  }
  if (here.kind == BtfKind::kPointer) return push(here.size_or_type, there.size_or_type, where);
  if (here.kind == BtfKind::kPrototype) return compare_prototypes(here, there, where);
  if (is_aggregate(here.kind)) return compare_aggregates(here, there, where);
  bool sized = here.kind == BtfKind::kInt || here.kind == BtfKind::kFloat ||
               here.kind == BtfKind::kEnum || here.kind == BtfKind::kEnum64;
  if (sized && here.size_or_type != there.size_or_type)
    report(fmt::format("{} has {} bytes, {} in {}", title(here), here.size_or_type,
                       there.size_or_type, there_.release()));
}

void TypeComparison::compare_prototypes(const BtfType& here, const BtfType& there,
                                        const std::string& where) {
  if (here.members != there.members)
    report(fmt::format("{} takes {} arguments, {} in {}", where, here.members, there.members,
                       there_.release()));
  push(here.size_or_type, there.size_or_type, "the result of " + where);
  for (std::uint32_t index = 0; index < std::min(here.members, there.members); ++index) {
    auto ours = here_.member(here, index), theirs = there_.member(there, index);
    push(ours.type, theirs.type, fmt::format("argument {} of {}", index + 1, where));
  }
}

void TypeComparison::compare_aggregates(const BtfType& here, const BtfType& there,
                                        const std::string& where) {
  auto name = here.name.empty() ? where : title(here);
  if (here.size_or_type != there.size_or_type)
    report(fmt::format("{} has {} bytes, {} in {}", name, here.size_or_type, there.size_or_type,
                       there_.release()));
  for (std::uint32_t index = 0; index < std::min(here.members, there.members); ++index) {
    auto ours = here_.member(here, index), theirs = there_.member(there, index);
    if (ours.name == theirs.name && ours.offset == theirs.offset) {
      push(ours.type, theirs.type, fmt::format("{}.{}", name, ours.name));
      continue;
    }
    report(fmt::format("{}: {} at bit {}, in {} {} at bit {}", name, member_name(ours), ours.offset,
                       there_.release(), member_name(theirs), theirs.offset));
    return;  // all that follows is moved, too
  }
  if (here.members != there.members)
    report(fmt::format("{} has {} members, {} in {}", name, here.members, there.members,
                       there_.release()));
}

std::optional<std::string> Types::difference(const Types& other, std::string_view name) const {
  auto ours = names_.find(name), theirs = other.names_.find(name);
  if (ours == names_.end() || theirs == other.names_.end()) return std::nullopt;
  return TypeComparison(*this, other).run(ours->second, theirs->second, name);
}

}  // namespace ringside::modules
