// Damaged symbol tables. The input is taken twice: as a table, and as a list of patches (two bytes
// where, one byte what) to a good one, which gets past the header at once. Whatever opens must
// answer every question within its limits.
#include <cstddef>
#include <cstdint>

#include "tests/unit/ksyms_symbols.hh"

using namespace ringside;
using namespace ringside::ksyms;

static void open_and_exercise(Bytes bytes) {
  Scratch scratch;
  auto table = Table::open(bytes, scratch);
  if (table) test::exercise(*table);
}

static const test::AlignedBytes& good_table() {
  static const auto table = test::kernel_like(100, 1).table();
  if (!table) std::abort();
  return *table;
}

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  open_and_exercise(test::AlignedBytes(std::as_bytes(std::span(data, size))).bytes());
  test::AlignedBytes patched(good_table().bytes());
  for (std::size_t at = 0; at + 3 <= size; at += 3) {
    auto where = static_cast<std::size_t>(data[at] | data[at + 1] << 8);
    patched[where % patched.bytes().size()] ^= std::byte{data[at + 2]};
  }
  open_and_exercise(patched.bytes());
  return 0;
}
