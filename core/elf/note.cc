// ELF notes: name, description and type, each padded to 4 bytes, one behind the other.
#include "core/elf/note.hh"

namespace ringside::elf {

Result<std::optional<Bytes>> build_id_note(Bytes notes) {
  struct NoteHeader {
    std::uint32_t name_size, desc_size, type;
  };
  constexpr std::uint32_t kBuildId = 3;  // NT_GNU_BUILD_ID
  std::uint64_t at = 0;
  while (fits(at, sizeof(NoteHeader), notes.size())) {
    auto note = load<NoteHeader>(notes, at);
    std::uint64_t name = at + sizeof(NoteHeader);
    std::uint64_t desc = name + align_up(note.name_size, 4);
    if (!fits(desc, note.desc_size, notes.size()))
      return Error{"note past the end", "notes", at, notes.size(), desc + note.desc_size};
    bool gnu = note.name_size == 4 && std::memcmp(notes.data() + name, "GNU", 4) == 0;
    if (gnu && note.type == kBuildId) return std::optional(notes.subspan(desc, note.desc_size));
    at = desc + align_up(note.desc_size, 4);
  }
  return std::optional<Bytes>();
}

}  // namespace ringside::elf
