// Damaged debug files: the input is an ELF file. Its debug sections are unpacked, relocated and
// read, an index is built of what they say, and asked; it must open, and its blocks be whole.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <fstream>

#include "tests/unit/line_code.hh"
#include "user/base/memory_file.hh"
#include "user/lines/source_index.hh"

using namespace ringside;

static void exercise(const lines::SourceIndex& index) {
  for (std::uint32_t block = 0; block < index.index().blocks(); ++block)
    if (!index.index().check_block(block)) std::abort();
  test::exercise(index.index());
  for (std::uint64_t at = 0; at < 64; ++at) (void)index.find(".text", at);
}

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  auto input = MemoryFile::create(), output = MemoryFile::create();
  if (!input || !output) return 0;
  std::ofstream(input->path(), std::ios::binary)
      .write(reinterpret_cast<const char*>(data), static_cast<std::streamsize>(size));
  auto file = lines::DebugFile::open(input->path());
  if (!file || !lines::build_index_file(*file, output->path())) return 0;
  auto index = lines::SourceIndex::open(output->path());
  if (!index) std::abort();
  exercise(*index);
  return 0;
}
