// A header, a section of types of varying length, a section of strings. One pass finds where each
// type starts and checks that it ends inside; after that a type is read by its id.
#include "core/kimage/btf.hh"

#include "core/elf/name.hh"

namespace ringside::kimage {
namespace {

struct Header {  // struct btf_header
  std::uint16_t magic;
  std::uint8_t version, flags;
  std::uint32_t header_size, type_offset, type_size, string_offset, string_size;
};

struct RawType {  // struct btf_type
  std::uint32_t name, info, size_or_type;
};

constexpr std::uint16_t kMagic = 0xeb9f;

// Bytes behind a btf_type: fixed ones of its kind, and those of each member.
struct Tail {
  std::uint8_t fixed, each;
};
constexpr Tail kTails[] = {{0, 0}, {4, 0},  {0, 0}, {12, 0}, {0, 12}, {0, 12}, {0, 8},
                           {0, 0}, {0, 0},  {0, 0}, {0, 0},  {0, 0},  {0, 0},  {0, 8},
                           {4, 0}, {0, 12}, {0, 0}, {4, 0},  {0, 0},  {0, 12}};

std::uint32_t kind_of(std::uint32_t info) {
  return info >> 24 & 31;
}
std::uint32_t members_of(std::uint32_t info) {
  return info & 0xffff;
}

bool is_modifier(BtfKind kind) {
  return kind == BtfKind::kConst || kind == BtfKind::kVolatile || kind == BtfKind::kRestrict ||
         kind == BtfKind::kTypedef || kind == BtfKind::kTypeTag;
}

// The size of the type at `at`, tail included.
Result<std::uint64_t> size_at(Bytes types, std::uint64_t at) {
  auto raw = TRY(read<RawType>(types, at, "BTF types"));
  auto kind = kind_of(raw.info);
  if (kind == 0 || kind >= std::size(kTails))
    return Error{"unknown kind", "BTF types", at, std::size(kTails) - 1, kind};
  std::uint64_t size = sizeof(RawType) + kTails[kind].fixed +
                       std::uint64_t{members_of(raw.info)} * kTails[kind].each;
  TRY(slice(types, at, size, "BTF types"));
  return size;
}

Result<std::uint64_t> count_types(Bytes types) {
  std::uint64_t count = 0;
  for (std::uint64_t at = 0; at < types.size(); ++count) at += TRY(size_at(types, at));
  return count;
}

}  // namespace

Result<Btf> Btf::open(Bytes section, Arena& arena, const Btf* base) {
  auto header = TRY(read<Header>(section, 0, "BTF header"));
  if (header.magic != kMagic) return Error{"not BTF", "BTF header", 0, kMagic, header.magic};
  if (header.version != 1) return Error{"unknown version", "BTF header", 2, 1, header.version};
  if (header.header_size < sizeof(Header))
    return Error{"header too short", "BTF header", 4, sizeof(Header), header.header_size};
  if (header.header_size > section.size())
    return Error{"header past the end", "BTF header", 4, section.size(), header.header_size};
  auto body = section.subspan(header.header_size);
  Btf btf;
  btf.base_ = base;
  if (base) btf.first_ = base->size() + 1;
  btf.types_ = TRY(slice(body, header.type_offset, header.type_size, "BTF types"));
  btf.strings_ = TRY(slice(body, header.string_offset, header.string_size, "BTF strings"));
  btf.starts_ = TRY(arena.take<std::uint32_t>(TRY(count_types(btf.types_))));
  std::uint64_t at = 0;
  for (auto& start : btf.starts_) {
    start = static_cast<std::uint32_t>(at);
    at += TRY(size_at(btf.types_, at));
  }
  return btf;
}

Result<std::string_view> Btf::text(std::uint32_t offset) const {
  if (!base_) return elf::read_name(strings_, offset, "BTF strings");
  if (offset < base_->strings_.size()) return base_->text(offset);
  return elf::read_name(strings_, offset - base_->strings_.size(), "BTF strings");
}

Result<BtfType> Btf::type(std::uint32_t id) const {
  if (id == 0) return BtfType{};
  if (id > size()) return Error{"no such type", "BTF types", id, size(), id};
  if (id < first_) return base_->type(id);
  auto start = starts_[id - first_];
  auto raw = load<RawType>(types_, start);
  BtfType type;
  type.name = TRY(text(raw.name));
  type.kind = static_cast<BtfKind>(kind_of(raw.info));
  type.members = members_of(raw.info);
  type.size_or_type = raw.size_or_type;
  type.flag = raw.info >> 31;
  auto end = id < size() ? starts_[id + 1 - first_] : types_.size();
  type.tail = types_.subspan(start + sizeof(RawType), end - start - sizeof(RawType));
  return type;
}

Result<std::uint32_t> Btf::unqualified(std::uint32_t id) const {
  constexpr std::uint32_t kDeepest = 64;
  for (std::uint32_t depth = 0; depth < kDeepest; ++depth) {
    if (id == 0) return id;
    if (id > size()) return Error{"no such type", "BTF types", id, size(), id};
    const auto& owner = id < first_ ? *base_ : *this;
    auto raw = load<RawType>(owner.types_, owner.starts_[id - owner.first_]);
    if (!is_modifier(static_cast<BtfKind>(kind_of(raw.info)))) return id;
    id = raw.size_or_type;
  }
  return Error{"modifiers without end", "BTF types", id, kDeepest, kDeepest};
}

Result<BtfMember> Btf::member(const BtfType& type, std::uint32_t index) const {
  auto tail = kTails[static_cast<std::size_t>(type.kind)];
  if (!tail.each || index >= type.members)
    return Error{"no such member", "BTF types", index, type.members, index};
  std::uint64_t at = tail.fixed + std::uint64_t{index} * tail.each;
  auto first = TRY(read<std::uint32_t>(type.tail, at, "BTF types"));
  auto second = TRY(read<std::uint32_t>(type.tail, at + 4, "BTF types"));
  BtfMember member;
  bool in_section = type.kind == BtfKind::kDataSection;  // {type, offset, size}: has no name
  member.type = in_section ? first : second;
  if (!in_section) member.name = TRY(text(first));
  if (in_section) member.offset = second;
  bool has_third = tail.each == 12 && !in_section;
  if (has_third) member.offset = TRY(read<std::uint32_t>(type.tail, at + 8, "BTF types"));
  bool packed = type.flag && (type.kind == BtfKind::kStruct || type.kind == BtfKind::kUnion);
  if (packed) member.bits = member.offset >> 24, member.offset &= 0xff'ffff;
  return member;
}

Result<BtfArray> Btf::array(const BtfType& type) const {
  if (type.kind != BtfKind::kArray) return Error{"not an array", "BTF types"};
  auto element = TRY(read<std::uint32_t>(type.tail, 0, "BTF types"));
  return BtfArray{element, TRY(read<std::uint32_t>(type.tail, 8, "BTF types"))};
}

Result<std::optional<std::uint32_t>> Btf::find(BtfKind kind, std::string_view name) const {
  for (std::uint32_t id = 1; id <= size(); ++id) {
    auto type = TRY(this->type(id));
    if (type.kind == kind && type.name == name) return std::optional(id);
  }
  return std::optional<std::uint32_t>();
}

}  // namespace ringside::kimage
