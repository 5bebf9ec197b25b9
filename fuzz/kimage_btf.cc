// Two BTF sections in one input: two bytes say how long the first is, the rest is the second. The
// second is read as a module's that goes on from the first, then both are compared with each other,
// type by type, and what differs is put into words. With a first length of 0 the second one is
// patches (three bytes where, one byte what) to a good section, compared with the good one.
#include <algorithm>
#include <cstdlib>

#include "core/kimage/btf_compare.hh"
#include "tests/unit/image_writer.hh"
#include "user/modules/type_text.hh"

using namespace ringside;
using namespace ringside::kimage;

constexpr std::uint32_t kMostTypes = 64, kMostPairs = 500;

static void require(bool holds) {
  if (!holds) std::abort();
}

// Everything that a module's types can be asked.
static void read_all(const Btf& btf) {
  for (std::uint32_t id = 0; id <= btf.size() + 1 && id < 4096; ++id) {
    auto type = btf.type(id);
    require(type || id > 0);
    if (!type) continue;
    static_cast<void>(btf.array(*type));
    for (std::uint32_t index = 0; index <= type->members && index < 64; ++index)
      static_cast<void>(btf.member(*type, index));
  }
}

static void compare(const Btf& ours, const Btf& theirs, bool complete) {
  test::Buffer memory(BtfComparison::memory(kMostPairs));
  Arena arena(memory);
  auto comparison = BtfComparison::create(ours, theirs, kMostPairs, complete, arena);
  require(static_cast<bool>(comparison));
  for (std::uint32_t id = 0; id < kMostTypes && id <= ours.size(); ++id) {
    auto difference = comparison->compare(id, id);
    require(comparison->steps().size() <= kMostPairs);
    if (difference && *difference)
      static_cast<void>(modules::difference_text(ours, theirs, *comparison, **difference, "name"));
    static_cast<void>(modules::declaration_text(ours, id, "name"));
  }
}

static void read_pair(Bytes first, Bytes second) {
  test::Buffer base_memory(btf_memory(first)), memory(btf_memory(second));
  Arena base_arena(base_memory), arena(memory);
  auto base = Btf::open(first, base_arena);
  if (!base) return;
  if (auto split = Btf::open(second, arena, &*base)) {
    read_all(*split);
    compare(*split, *base, true);
  }
  Arena again(memory);
  if (auto other = Btf::open(second, again)) {
    compare(*base, *other, true);
    compare(*other, *base, false);
  }
}

// A section with every kind that the comparison tells apart, each reached from the last type.
static test::Buffer good_section() {
  test::BtfWriter writer;
  auto name = writer.string("a"), integer = writer.add(BtfKind::kInt, "int", 4, 0, {32});
  auto array = writer.add(BtfKind::kArray, "", 0, 0, {integer, integer, 4});
  auto nested = writer.add(BtfKind::kArray, "", 0, 0, {array, integer, 2});
  auto colour = writer.add(BtfKind::kEnum, "colour", 4, 1, {name, 1});
  auto wide = writer.add(BtfKind::kEnum64, "wide", 8, 1, {name, 1, 2});
  auto packed = writer.add(BtfKind::kStruct, "packed", 8, 2,
                           {name, integer, 3 << 24, name, colour, 32}, true);
  auto both = writer.add(BtfKind::kUnion, "both", 32, 2, {name, packed, 0, name, nested, 0});
  auto link = writer.add(BtfKind::kPointer, "", both + 4);
  auto forward = writer.add(BtfKind::kForward, "elsewhere", 0);
  auto other = writer.add(BtfKind::kPointer, "", forward);
  auto alias = writer.add(BtfKind::kTypedef, "alias", writer.add(BtfKind::kConst, "", other));
  writer.add(BtfKind::kStruct, "node", 48, 4,
             {name, link, 0, name, both, 64, name, alias, 320, name, wide, 384});
  writer.add(BtfKind::kStruct, "elsewhere", 4, 1, {name, integer, 0});
  writer.add(BtfKind::kPrototype, "", integer, 2, {name, link, name, other});
  return writer.write();
}

static void read_patched(Bytes patches) {
  static const auto good = good_section();
  auto patched = good;
  for (std::size_t at = 0; fits(at, 4, patches.size()); at += 4) {
    auto word = load<std::uint32_t>(patches, at);
    patched[(word >> 8) % patched.size()] ^= static_cast<std::byte>(word & 0xff);
  }
  read_pair(good, patched);
}

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  Bytes input(reinterpret_cast<const std::byte*>(data), size);
  if (size < 2) return 0;
  std::size_t length = load<std::uint16_t>(input, 0);
  auto rest = input.subspan(2);
  if (length == 0)
    read_patched(rest);
  else
    read_pair(rest.first(std::min(length, rest.size())),
              rest.subspan(std::min(length, rest.size())));
  return 0;
}
