// BTF: the types of a kernel, from its .BTF section, or of a module, whose .BTF goes on from there.
// Source: Documentation/bpf/btf.rst and include/uapi/linux/btf.h.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "core/base/arena.hh"
#include "core/base/bytes.hh"

namespace ringside::kimage {

enum class BtfKind : std::uint8_t {
  kVoid,
  kInt,
  kPointer,
  kArray,
  kStruct,
  kUnion,
  kEnum,
  kForward,
  kTypedef,
  kVolatile,
  kConst,
  kRestrict,
  kFunction,
  kPrototype,
  kVariable,
  kDataSection,
  kFloat,
  kDeclTag,
  kTypeTag,
  kEnum64,
};

struct BtfType {
  std::string_view name;  // empty for anonymous types
  BtfKind kind = BtfKind::kVoid;
  std::uint32_t members = 0;       // of a struct, union, enum, prototype or data section
  std::uint32_t size_or_type = 0;  // bytes, or the id of the type it refers to, by kind
  bool flag = false;               // kind_flag: bit-field members, signed enum, union forward
  Bytes tail;                      // what follows it in the type section: its members, its details
};

struct BtfMember {
  std::string_view name;
  std::uint32_t type = 0;    // id; for enums the value, for 64-bit ones its lower half
  std::uint32_t offset = 0;  // bits for structs and unions, bytes for data sections; upper half
  std::uint32_t bits = 0;    // of a bit-field; 0 where it is none
};

struct BtfArray {
  std::uint32_t element = 0, count = 0;
};

// Bytes of arena that are enough for Btf::open of `section`: a type has 12 bytes or more.
constexpr std::uint64_t btf_memory(Bytes section) {
  return section.size() / 12 * 4 + 64;
}

class Btf {
 public:
  // Checks the header and every type's bounds; takes 4 bytes a type from `arena`; borrows
  // `section`. Type ids run from 1 to size(); 0 is void. A module's section is split: its ids and
  // strings go on where those of `base`, the kernel's, end. `base` is borrowed, too, and must not
  // be split itself.
  static Result<Btf> open(Bytes section, Arena& arena, const Btf* base = nullptr);

  std::uint32_t size() const { return first_ + static_cast<std::uint32_t>(starts_.size()) - 1; }
  std::uint32_t first() const { return first_; }  // the lowest id that is not the base's
  Result<BtfType> type(std::uint32_t id) const;
  // The type behind all qualifiers and typedefs of type `id`.
  Result<std::uint32_t> unqualified(std::uint32_t id) const;
  Result<BtfMember> member(const BtfType& type, std::uint32_t index) const;
  Result<BtfArray> array(const BtfType& type) const;

  // The id of the first type of that kind and name; no value where there is none.
  Result<std::optional<std::uint32_t>> find(BtfKind kind, std::string_view name) const;

 private:
  Result<std::string_view> text(std::uint32_t offset) const;

  Bytes types_, strings_;
  std::span<std::uint32_t> starts_;
  const Btf* base_ = nullptr;
  std::uint32_t first_ = 1;
};

}  // namespace ringside::kimage
