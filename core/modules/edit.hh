// The edit for placement `bind`: in a copy of the file, undefined symbols become absolute ones with
// their addresses, except one a provider, which stays undefined so that the kernel itself binds it
// and counts the reference. The signature no longer holds and is left off.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "core/modules/bind.hh"

namespace ringside::modules {

struct Edited {
  std::uint64_t size = 0;      // bytes of the edited file: without the signature
  std::uint32_t absolute = 0;  // symbols made absolute
  std::uint32_t kept = 0;      // symbols left undefined for a provider
};

// Copies `module`'s file to `out` (at least signed_file().content long) and edits it there.
// needs and answers as given to bind(), which must have found nothing that blocks. Needs without
// an answer stay undefined, and so do GPL-only and unexported ones of a module whose licence, or
// that of one of its providers, is not GPL-compatible. 4 bytes a need from `arena`.
Result<Edited> edit_for_bind(const Module& module, std::span<const Need> needs,
                             std::span<const Answer> answers, Arena& arena,
                             std::span<std::byte> out);

}  // namespace ringside::modules
