// Where two images of one section differ, in words.
#pragma once

#include <optional>
#include <string>

#include "core/modules/object.hh"

namespace ringside::loader {

// The first byte in which `theirs` differs from `ours`, and the relocation that wrote it; no value
// where they are equal. Both are section `index` of `object`, and equally long.
std::optional<std::string> first_difference(const modules::Object& object, std::uint32_t index,
                                            Bytes ours, Bytes theirs);

}  // namespace ringside::loader
