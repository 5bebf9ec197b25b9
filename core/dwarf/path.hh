// Source file names as units give them, put together and tidied.
#pragma once

#include <string_view>

#include "core/base/list.hh"
#include "core/dwarf/line_program.hh"

namespace ringside::dwarf {

// The whole name: the file's own, below its directory, below the unit's, each where the one after
// it is not absolute; without empty and "." parts, and without "x/.." pairs. Appended to `letters`,
// which it borrows from.
Result<std::string_view> join_path(const FileName& name, List<char>& letters);

}  // namespace ringside::dwarf
