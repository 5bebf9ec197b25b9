// Damaged symbol tables. The input is taken twice: as a table, and as a list of patches (two bytes
// where, one byte what) to a good one, which gets past the header at once. Whatever opens must
// answer every question within its limits.
#include <cstddef>
#include <cstdint>

#include "tests/unit/ksyms_symbols.hh"

using namespace ringside;
using namespace ringside::ksyms;

// Answers may be wrong then, but come from within the table, and come.
static void ask(const Table& table) {
  Scratch scratch;
  for (std::uint32_t index = 0; index < table.size() && index < 256; ++index) {
    auto match = table.at(index, scratch);
    auto address = match ? match->address : index;
    auto name = match ? std::string(match->name) : std::string("schedule");
    static_cast<void>(table.find(address, scratch));
    auto cursor = table.names(name);
    for (unsigned each = 0; each < 8 && table.next(cursor, scratch); ++each) continue;
  }
}

static void open_and_exercise(Bytes bytes) {
  Scratch scratch;
  auto table = Table::open(bytes, scratch);
  if (table) test::exercise(*table);
  // A table of the cache, whose seal was forged.
  if (auto started = Table::start(bytes)) ask(*started);
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
