// build: the compact symbol table of a kernel's symbols. The look-up side is table.hh.
#pragma once

#include <cstddef>
#include <span>

#include "core/base/arena.hh"
#include "core/base/bytes.hh"
#include "core/base/result.hh"
#include "core/ksyms/symbol.hh"

namespace ringside::ksyms {

// The table of `symbols`, in the arena and 8-byte aligned. Symbols may come in any order; those of
// one address should come as in kallsyms, for the first of them answers look-ups by address. These
// answer within [_stext, _end) where the symbols have these names, else from the first symbol to
// just after the last. Equal input gives equal bytes. `build_id` has at most kMaxBuildId bytes.
// The arena: about 1 KiB a symbol for a kernel, all of which but the table may be dropped after.
Result<Bytes> build(std::span<const Symbol> symbols, Bytes build_id, Arena& arena);

}  // namespace ringside::ksyms
