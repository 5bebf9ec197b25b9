// core/kimage/btf on types that are written here by hand, whole and damaged.
#include <gtest/gtest.h>

#include <chrono>

#include "core/kimage/btf.hh"
#include "tests/unit/image_writer.hh"

namespace ringside::kimage {
namespace {

using test::BtfWriter;
using test::Buffer;
using test::poke;

// A section and the memory that its Btf borrows.
struct Opened {
  explicit Opened(Buffer section, std::size_t room = 4096)
      : bytes(std::move(section)), memory(room), arena(memory), btf(Btf::open(bytes, arena)) {}
  Buffer bytes, memory;
  Arena arena;
  Result<Btf> btf;
};

// int, struct pair { int a; int b; }, int f(int x), enum, a data section: ids 1 to 6.
Buffer small_btf() {
  BtfWriter writer;
  auto integer = writer.add(BtfKind::kInt, "int", 4, 0, {32});
  writer.add(BtfKind::kStruct, "pair", 8, 2,
             {writer.string("a"), integer, 0, writer.string("b"), integer, 32});
  auto prototype = writer.add(BtfKind::kPrototype, "", integer, 1, {writer.string("x"), integer});
  writer.add(BtfKind::kFunction, "f", prototype, 1);
  writer.add(BtfKind::kEnum, "colour", 4, 1, {writer.string("RED"), 7}, true);
  writer.add(BtfKind::kDataSection, ".data", 16, 1, {integer, 12, 4});
  return writer.write();
}

// Everything that can be asked of `btf`, answered or refused.
void read_all(const Btf& btf) {
  for (std::uint32_t id = 0; id <= btf.size() + 1; ++id) {
    auto type = btf.type(id);
    for (std::uint32_t index = 0; type && index <= type->members; ++index)
      static_cast<void>(btf.member(*type, index));
  }
  static_cast<void>(btf.find(BtfKind::kStruct, "pair"));
}

TEST(Btf, FindsTypesByKindAndName) {
  Opened opened(small_btf());
  ASSERT_TRUE(opened.btf) << opened.btf.error().what;
  EXPECT_EQ(opened.btf->size(), 6u);
  EXPECT_EQ(**opened.btf->find(BtfKind::kStruct, "pair"), 2u);
  EXPECT_FALSE(*opened.btf->find(BtfKind::kUnion, "pair"));
  EXPECT_FALSE(*opened.btf->find(BtfKind::kStruct, "pai"));
  EXPECT_EQ(opened.btf->type(0)->kind, BtfKind::kVoid);
  EXPECT_FALSE(opened.btf->type(7));
}

TEST(Btf, GivesMembersOfEachKindThatHasThem) {
  Opened opened(small_btf());
  ASSERT_TRUE(opened.btf);
  auto pair = opened.btf->type(2);
  ASSERT_TRUE(pair);
  EXPECT_EQ(pair->size_or_type, 8u);
  auto b = opened.btf->member(*pair, 1);
  ASSERT_TRUE(b);
  EXPECT_EQ(std::string(b->name), "b");
  EXPECT_EQ(b->offset, 32u);
  EXPECT_FALSE(opened.btf->member(*pair, 2));
  auto parameter = opened.btf->member(*opened.btf->type(3), 0);
  ASSERT_TRUE(parameter);
  EXPECT_EQ(std::string(parameter->name), "x");
  EXPECT_EQ(parameter->type, 1u);
  auto colour = opened.btf->type(5);
  EXPECT_TRUE(colour->flag);
  EXPECT_EQ(opened.btf->member(*colour, 0)->type, 7u);
  auto variable = opened.btf->member(*opened.btf->type(6), 0);
  ASSERT_TRUE(variable);
  EXPECT_EQ(variable->type, 1u);
  EXPECT_EQ(variable->offset, 12u);
  EXPECT_FALSE(opened.btf->member(*opened.btf->type(4), 0)) << "a function's linkage is no member";
}

TEST(Btf, KnowsTheSizeOfEveryKind) {
  BtfWriter writer;
  writer.add(BtfKind::kInt, "int", 4, 0, {32});
  writer.add(BtfKind::kPointer, "", 1);
  writer.add(BtfKind::kArray, "", 0, 0, {1, 1, 4});
  writer.add(BtfKind::kStruct, "s", 4, 1, {0, 1, 0});
  writer.add(BtfKind::kUnion, "u", 4, 1, {0, 1, 0});
  writer.add(BtfKind::kEnum, "e", 4, 1, {0, 1});
  for (auto kind : {BtfKind::kForward, BtfKind::kTypedef, BtfKind::kVolatile, BtfKind::kConst,
                    BtfKind::kRestrict})
    writer.add(kind, "q", 1);
  writer.add(BtfKind::kFunction, "f", 13);
  writer.add(BtfKind::kPrototype, "", 1, 2, {0, 1, 0, 1});
  writer.add(BtfKind::kVariable, "v", 1, 0, {1});
  writer.add(BtfKind::kDataSection, "d", 4, 1, {14, 0, 4});
  writer.add(BtfKind::kFloat, "double", 8);
  writer.add(BtfKind::kDeclTag, "tag", 1, 0, {0xffff'ffff});
  writer.add(BtfKind::kTypeTag, "tag", 1);
  writer.add(BtfKind::kEnum64, "e64", 8, 1, {0, 1, 1});
  writer.add(BtfKind::kInt, "last", 8, 0, {64});
  Opened opened(writer.write());
  ASSERT_TRUE(opened.btf) << opened.btf.error().what;
  for (std::uint32_t id = 1; id <= 19; ++id)
    EXPECT_EQ(static_cast<std::uint32_t>(opened.btf->type(id)->kind), id);
  EXPECT_EQ(std::string(opened.btf->type(20)->name), "last");
}

TEST(Btf, RefusesEveryTruncation) {
  auto whole = small_btf();
  for (std::size_t size = 0; size < whole.size(); ++size) {
    Opened opened(Buffer(whole.begin(), whole.begin() + size));
    EXPECT_FALSE(opened.btf) << size;
  }
}

TEST(Btf, SurvivesEveryDamagedByte) {
  auto whole = small_btf();
  for (std::size_t at = 0; at < whole.size(); ++at)
    for (unsigned char mask : {0xff, 0x01, 0x80}) {
      auto damaged = whole;
      damaged[at] ^= std::byte{mask};
      Opened opened(damaged);
      if (opened.btf) read_all(*opened.btf);
    }
}

TEST(Btf, RefusesABadHeader) {
  struct {
    std::uint64_t at;
    std::uint32_t value;
    const char* what;
  } const cases[] = {{0, 0x0001'eb9e, "not BTF"},
                     {0, 0x0002'eb9f, "unknown version"},
                     {4, 0, "header too short"},
                     {4, 23, "header too short"},
                     {4, 0xffff'ffff, "header past the end"},
                     {8, 0xffff'fff0, "range past the end"},
                     {12, 0xffff'fff0, "range past the end"},
                     {16, 0xffff'fff0, "range past the end"},
                     {20, 0xffff'fff0, "range past the end"}};
  for (const auto& row : cases) {
    auto bytes = small_btf();
    poke(bytes, row.at, row.value);
    Opened opened(bytes);
    ASSERT_FALSE(opened.btf) << row.at;
    EXPECT_STREQ(test::error_of(opened.btf).what, row.what) << row.at;
  }
}

TEST(Btf, RefusesUnknownKindsAndTypesPastTheEnd) {
  for (std::uint32_t info : {0u, 20u << 24, 31u << 24, 4u << 24 | 0xffff, 13u << 24 | 0xffff}) {
    auto bytes = small_btf();
    poke(bytes, 24 + 4, info);
    Opened opened(bytes);
    EXPECT_FALSE(opened.btf) << std::hex << info;
  }
}

TEST(Btf, RefusesANameOutsideTheStrings) {
  auto bytes = small_btf();
  poke<std::uint32_t>(bytes, 24, 0xffff'ffff);
  Opened opened(bytes);
  ASSERT_TRUE(opened.btf);
  EXPECT_FALSE(opened.btf->type(1));
  EXPECT_TRUE(opened.btf->type(2));
}

TEST(Btf, RefusesAnArenaThatIsTooSmall) {
  Opened opened(small_btf(), 8);
  ASSERT_FALSE(opened.btf);
  EXPECT_STREQ(test::error_of(opened.btf).what, "out of memory");
}

// A kernel's "int", and a module's struct that has one and is named by the kernel's string.
TEST(Btf, AModulesGoesOnFromTheKernels) {
  BtfWriter kernel;
  auto shared = kernel.string("shared");
  auto integer = kernel.add(BtfKind::kInt, "int", 4, 0, {32});
  BtfWriter module(1, kernel.string_bytes());
  auto own = module.string("own");
  EXPECT_EQ(module.add(BtfKind::kStruct, "pair", 4, 1, {shared, integer, 0}), 2u);
  module.add(BtfKind::kStruct, "other", 4, 1, {own, 2, 0});
  Opened base(kernel.write());
  ASSERT_TRUE(base.btf);
  auto bytes = module.write();
  Buffer memory(4096);
  Arena arena(memory);
  auto split = Btf::open(bytes, arena, &*base.btf);
  ASSERT_TRUE(split) << split.error().what;
  EXPECT_EQ(split->first(), 2u);
  EXPECT_EQ(split->size(), 3u);
  EXPECT_EQ(std::string(split->type(1)->name), "int");
  EXPECT_EQ(std::string(split->type(2)->name), "pair");
  EXPECT_EQ(std::string(split->member(*split->type(2), 0)->name), "shared");
  EXPECT_EQ(std::string(split->member(*split->type(3), 0)->name), "own");
  EXPECT_EQ(split->member(*split->type(3), 0)->type, 2u);
  EXPECT_FALSE(split->type(4));
  EXPECT_EQ(**split->find(BtfKind::kInt, "int"), 1u);
  EXPECT_EQ(**split->find(BtfKind::kStruct, "other"), 3u);
}

TEST(Btf, AModulesStringsEnd) {
  Opened base(small_btf());
  BtfWriter module(base.btf->size(), 1000);
  module.add(BtfKind::kStruct, "past", 0);
  auto bytes = module.write();
  Buffer memory(4096);
  Arena arena(memory);
  auto split = Btf::open(bytes, arena, &*base.btf);
  ASSERT_TRUE(split);
  EXPECT_FALSE(split->type(base.btf->size() + 1));
}

TEST(Btf, GivesBitFieldsAndArrays) {
  BtfWriter writer;
  auto integer = writer.add(BtfKind::kInt, "int", 4, 0, {32});
  auto name = writer.string("bits");
  auto packed = writer.add(BtfKind::kStruct, "s", 4, 1, {name, integer, 3u << 24 | 17}, true);
  auto array = writer.add(BtfKind::kArray, "", 0, 0, {integer, 9, 5});
  Opened opened(writer.write());
  ASSERT_TRUE(opened.btf);
  auto member = opened.btf->member(*opened.btf->type(packed), 0);
  EXPECT_EQ(member->offset, 17u);
  EXPECT_EQ(member->bits, 3u);
  auto found = opened.btf->array(*opened.btf->type(array));
  ASSERT_TRUE(found);
  EXPECT_EQ(found->element, integer);
  EXPECT_EQ(found->count, 5u);
  EXPECT_FALSE(opened.btf->array(*opened.btf->type(packed)));
}

// Every type is named by one endless string.
TEST(Btf, TakesLinearTimeOverEndlessNames) {
  BtfWriter writer;
  auto name = writer.string(std::string(8u << 20, 'x'));
  constexpr std::uint32_t kTypes = 20'000;
  for (std::uint32_t id = 0; id < kTypes; ++id) writer.add(BtfKind::kPointer, "", 1);
  auto bytes = writer.write();
  for (std::uint32_t id = 0; id < kTypes; ++id) poke(bytes, 24 + id * 12, name);
  Opened opened(bytes, 1u << 20);
  ASSERT_TRUE(opened.btf);
  auto start = std::chrono::steady_clock::now();
  read_all(*opened.btf);
  EXPECT_LT(std::chrono::steady_clock::now() - start, std::chrono::seconds(5));
}

}  // namespace
}  // namespace ringside::kimage
