// Damaged packed streams of every format: unpack gives at most as much as it may, or a reason.
#include <cstdlib>

#include "user/compress/unpack.hh"

using namespace ringside;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  constexpr std::uint64_t kLimit = 64u << 10;
  Bytes input(reinterpret_cast<const std::byte*>(data), size);
  auto result = compress::unpack(input, packing_of(input), "input", kLimit);
  if (packing_of(input) == Packing::kNone) return 0;
  if (result ? result->size() > kLimit : result.error().message.empty()) std::abort();
  return 0;
}
