// Types as C text, and differences between two types in words.
#pragma once

#include <string>
#include <string_view>

#include "core/kimage/btf_compare.hh"

namespace ringside::modules {

// The declaration of `declarator` (a name, or nothing) with type `id`: "int (*f)(char *name)".
// Typedefs stay as they are; what cannot be read is void, since this only serves explanations.
std::string declaration_text(const kimage::Btf& btf, std::uint32_t id, std::string declarator);

struct DifferenceText {
  std::string where;         // "struct path", "argument 2 of kern_path"
  std::string ours, theirs;  // "16 bytes", "mnt at byte 8", "unsigned int"
  bool in_layout = false;    // of a struct, union or enum; otherwise of the prototype alone
};

// What the last compare() of `comparison` found about `name`, in words.
DifferenceText difference_text(const kimage::Btf& ours, const kimage::Btf& theirs,
                               const kimage::BtfComparison& comparison,
                               const kimage::BtfDifference& difference, std::string_view name);

}  // namespace ringside::modules
