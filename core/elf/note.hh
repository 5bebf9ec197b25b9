// The notes of an ELF file or of a running kernel (/sys/kernel/notes).
#pragma once

#include <optional>

#include "core/base/bytes.hh"

namespace ringside::elf {

// The build-id (the description of the GNU note of type 3) in a section of notes, if any.
Result<std::optional<Bytes>> build_id_note(Bytes notes);

}  // namespace ringside::elf
