// HTML split at any place against the same in one piece, in both modes; indexed by SSE2 and AVX2
// against the portable way. The first two bytes say how it is split and how much room there is.
#include <cstddef>
#include <cstdint>
#include <cstdlib>

#include "tests/unit/html_strip.hh"

using namespace ringside;
using namespace ringside::html;

static void compare(const std::string& one, const std::string& other) {
  if (one != other) std::abort();
}

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size < 2) return 0;
  std::size_t slice = 1u + data[0], room = Stripper::kLeastRoom + data[1] * 64u;
  std::string_view input(reinterpret_cast<const char*>(data) + 2, size - 2);
  for (auto mode : {Stripper::kRaw, Stripper::kPage}) {
    auto whole = test::strip(input, mode);
    compare(whole, test::strip(input, mode, Simd::kPortable, slice));
    compare(whole, test::strip(input, mode, Simd::kSse2));
    if (__builtin_cpu_supports("avx2")) compare(whole, test::strip(input, mode, Simd::kAvx2));
    test::Feeder small(mode, Simd::kSse2, room);
    small.feed(input);
    compare(whole, small.finish());
  }
  return 0;
}
