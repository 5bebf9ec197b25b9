// BTF: the types of a kernel, from its .BTF section.
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
  std::uint64_t tail = 0;          // byte offset, in the type section, of what follows it
};

struct BtfMember {
  std::string_view name;
  std::uint32_t type = 0;    // id; for enums the value
  std::uint32_t offset = 0;  // bits for structs and unions, bytes for data sections
};

class Btf {
 public:
  // Checks the header and every type's bounds; takes 4 bytes a type from `arena`; borrows
  // `section`. Type ids run from 1 to size(); 0 is void.
  static Result<Btf> open(Bytes section, Arena& arena);

  std::uint32_t size() const { return static_cast<std::uint32_t>(starts_.size()); }
  Result<BtfType> type(std::uint32_t id) const;
  Result<BtfMember> member(const BtfType& type, std::uint32_t index) const;

  // The id of the first type of that kind and name; no value where there is none.
  Result<std::optional<std::uint32_t>> find(BtfKind kind, std::string_view name) const;

 private:
  Result<std::string_view> text(std::uint32_t offset) const;

  Bytes types_, strings_;
  std::span<std::uint32_t> starts_;
};

}  // namespace ringside::kimage
