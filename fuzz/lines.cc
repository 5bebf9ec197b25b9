// Damaged line indexes. The input is taken twice: as an index, and as a list of patches (two bytes
// where, one byte what) to a good one, which gets past the header at once. Whatever opens must
// answer every question within its limits.
#include <cstddef>
#include <cstdint>
#include <cstdlib>

#include "tests/unit/line_code.hh"

using namespace ringside;
using test::IndexBytes;

static void open_and_exercise(const IndexBytes& bytes) {
  lines::LineIndex index;
  if (index.open(bytes.bytes())) test::exercise(index);
}

static const IndexBytes& good_index() {
  static const auto index = [] {
    test::MadeCode made;
    made.fill(0x100, 40, 1);
    return test::index_of(std::span(&made.code, 1));
  }();
  if (!index) std::abort();
  return *index;
}

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  open_and_exercise(IndexBytes(std::as_bytes(std::span(data, size))));
  auto patched = good_index();
  for (std::size_t at = 0; at + 3 <= size; at += 3) {
    auto where = static_cast<std::size_t>(data[at] | data[at + 1] << 8);
    patched[where % patched.bytes().size()] ^= std::byte{data[at + 2]};
  }
  open_and_exercise(patched);
  return 0;
}
