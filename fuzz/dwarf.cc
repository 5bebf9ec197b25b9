// Damaged debug files: the input is an ELF file. Its debug sections are unpacked, relocated and
// read, an index is built of what they say, and asked; it must open, and its blocks be whole.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <fstream>

#include "tests/unit/line_code.hh"
#include "user/base/memory_file.hh"
#include "user/lines/unit_lines.hh"

using namespace ringside;

static void exercise(const lines::SourceIndex& index) {
  for (std::uint32_t block = 0; block < index.index().blocks(); ++block)
    if (!index.index().check_block(block)) std::abort();
  test::exercise(index.index());
  for (std::uint64_t at = 0; at < 64; ++at) (void)index.find(".text", at);
}

// Unit by unit, as .debug_aranges tells them.
static void ask_units(lines::DebugFile file) {
  auto units = lines::UnitLines::open(std::move(file));
  if (!units) return;
  for (const auto& section : units->file().code())
    for (std::uint64_t at = 0; at < 64; ++at) (void)units->find(section.name, at);
}

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  auto input = MemoryFile::create(), output = MemoryFile::create();
  if (!input || !output) return 0;
  std::ofstream(input->path(), std::ios::binary)
      .write(reinterpret_cast<const char*>(data), static_cast<std::streamsize>(size));
  auto file = lines::DebugFile::open(input->path());
  if (!file) return 0;
  bool built = bool(lines::build_index_file(*file, output->path()));
  ask_units(std::move(*file));
  if (!built) return 0;
  auto index = lines::SourceIndex::open(output->path());
  if (!index) std::abort();
  exercise(*index);
  return 0;
}
