// A core as an object for a space: the compact symbol table's look-up, the same sources that
// kernel/ksyms and libringside compile. `find_address(table, size, address)` gives the address of
// the symbol that covers `address` (both as linked), or 0. The scratch is the space's own data, so
// one call at a time.
#include "core/ksyms/open.cc"
#include "core/ksyms/table.cc"

namespace {
ringside::ksyms::Scratch scratch;
int entered;
}  // namespace

extern "C" {

// So that a test can tell that it ran: the number of times that it did.
int ringside_init() {
  ++entered;
  return 0;
}

std::uint64_t times_entered() {
  return static_cast<std::uint64_t>(entered);
}

std::uint64_t find_address(const std::byte* table, std::uint64_t size, std::uint64_t address) {
  using ringside::ksyms::Table;
  auto opened = Table::open(ringside::Bytes(table, size), scratch);
  if (!opened) return 0;
  auto match = opened->find(address, scratch);
  return match ? match->address : 0;
}

std::uint64_t add(std::uint64_t a, std::uint64_t b, std::uint64_t c, std::uint64_t d,
                  std::uint64_t e, std::uint64_t f) {
  return a + 2 * b + 3 * c + 4 * d + 5 * e + 6 * f;
}

}  // extern "C"
