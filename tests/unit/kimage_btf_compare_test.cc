// Two BTFs compared: each aspect in which they may differ, what does not count, and what ends.
#include "core/kimage/btf_compare.hh"

#include <gtest/gtest.h>

#include "tests/unit/image_writer.hh"

namespace ringside::kimage {
namespace {

using test::BtfWriter;
using test::Buffer;

struct Opened {
  explicit Opened(Buffer section) : bytes(std::move(section)), memory(btf_memory(bytes)) {
    Arena arena(memory);
    auto opened = Btf::open(bytes, arena);
    EXPECT_TRUE(opened);
    btf = *opened;
  }
  Buffer bytes, memory;
  Btf btf;
};

struct Options {
  bool complete = true;
  std::uint32_t most_pairs = 1000;
};

// What compare() says of the last types of the two.
struct Outcome {
  Result<std::optional<BtfDifference>> result;
  std::vector<BtfStep> steps;

  bool same() const { return result && !*result; }
  BtfDifference difference() const {
    EXPECT_TRUE(result && *result);
    return result && *result ? **result : BtfDifference{};
  }
};

Outcome compare(BtfWriter ours, BtfWriter theirs, Options options = {}) {
  Opened left(ours.write()), right(theirs.write());
  Buffer memory(BtfComparison::memory(options.most_pairs));
  Arena arena(memory);
  auto comparison =
      BtfComparison::create(left.btf, right.btf, options.most_pairs, options.complete, arena);
  EXPECT_TRUE(comparison);
  auto result = comparison->compare(left.btf.size(), right.btf.size());
  auto steps = comparison->steps();
  return {result, {steps.begin(), steps.end()}};
}

std::uint32_t add_int(BtfWriter& writer, std::string_view name = "int", std::uint32_t size = 4,
                      std::uint32_t encoding = 0) {
  return writer.add(BtfKind::kInt, name, size, 0, {encoding << 24 | size * 8});
}

struct Field {
  std::string name;
  std::uint32_t type, offset;
};

std::uint32_t add_struct(BtfWriter& writer, std::string_view name, std::uint32_t size, Field first,
                         Field second, bool packed = false) {
  return writer.add(BtfKind::kStruct, name, size, 2,
                    {writer.string(first.name), first.type, first.offset,
                     writer.string(second.name), second.type, second.offset},
                    packed);
}

BtfWriter of_int(std::string_view name, std::uint32_t size, std::uint32_t encoding = 0) {
  BtfWriter writer;
  add_int(writer, name, size, encoding);
  return writer;
}

BtfWriter of_pair(std::uint32_t size, std::string second, std::uint32_t offset) {
  BtfWriter writer;
  auto integer = add_int(writer);
  add_struct(writer, "pair", size, {"a", integer, 0}, {std::move(second), integer, offset});
  return writer;
}

TEST(BtfCompare, IntegersAreTheirNameAndSize) {
  EXPECT_TRUE(compare(of_int("int", 4), of_int("int", 4)).same());
  EXPECT_TRUE(compare(of_int("char", 1, 1), of_int("char", 1, 2)).same()) << "compilers differ";
  EXPECT_EQ(compare(of_int("int", 4), of_int("unsigned int", 4)).difference().aspect,
            BtfAspect::kType);
  auto difference = compare(of_int("int", 4), of_int("int", 8)).difference();
  EXPECT_EQ(difference.aspect, BtfAspect::kSize);
  EXPECT_EQ(difference.expected, 4u);
  EXPECT_EQ(difference.found, 8u);
}

TEST(BtfCompare, MembersAreTheirNamesAndPlaces) {
  EXPECT_TRUE(compare(of_pair(8, "b", 32), of_pair(8, "b", 32)).same());
  auto difference = compare(of_pair(8, "b", 32), of_pair(8, "c", 32)).difference();
  EXPECT_EQ(difference.aspect, BtfAspect::kMember);
  EXPECT_EQ(difference.index, 1u);
  difference = compare(of_pair(16, "b", 32), of_pair(16, "b", 64)).difference();
  EXPECT_EQ(difference.aspect, BtfAspect::kOffset);
  EXPECT_EQ(difference.expected, 32u);
  EXPECT_EQ(difference.found, 64u);
  difference = compare(of_pair(8, "b", 32), of_pair(12, "b", 32)).difference();
  EXPECT_EQ(difference.aspect, BtfAspect::kSize);
}

TEST(BtfCompare, AMemberMore) {
  BtfWriter theirs;
  auto integer = add_int(theirs);
  auto a = theirs.string("a"), b = theirs.string("b"), c = theirs.string("c");
  theirs.add(BtfKind::kStruct, "pair", 8, 3, {a, integer, 0, b, integer, 32, c, integer, 32});
  auto difference = compare(of_pair(8, "b", 32), std::move(theirs)).difference();
  EXPECT_EQ(difference.aspect, BtfAspect::kCount);
  EXPECT_EQ(difference.expected, 2u);
  EXPECT_EQ(difference.found, 3u);
}

BtfWriter of_bit_field(std::uint32_t bits, bool packed = true) {
  BtfWriter writer;
  auto integer = add_int(writer);
  add_struct(writer, "flags", 4, {"a", integer, packed ? bits << 24 : 0},
             {"b", integer, packed ? 1u << 24 | 8u : 8u}, packed);
  return writer;
}

TEST(BtfCompare, BitFieldsAreTheirWidth) {
  EXPECT_TRUE(compare(of_bit_field(3), of_bit_field(3)).same());
  auto difference = compare(of_bit_field(3), of_bit_field(4)).difference();
  EXPECT_EQ(difference.aspect, BtfAspect::kBits);
  EXPECT_EQ(difference.index, 0u);
  EXPECT_EQ(difference.expected, 3u);
  EXPECT_EQ(difference.found, 4u);
  EXPECT_EQ(compare(of_bit_field(3), of_bit_field(3, false)).difference().aspect, BtfAspect::kBits);
}

BtfWriter of_enum(std::uint32_t second, bool wide = false) {
  BtfWriter writer;
  auto red = writer.string("RED"), blue = writer.string("BLUE");
  if (wide)
    writer.add(BtfKind::kEnum64, "colour", 4, 2, {red, 0, 0, blue, second, 0});
  else
    writer.add(BtfKind::kEnum, "colour", 4, 2, {red, 0, blue, second});
  return writer;
}

TEST(BtfCompare, EnumeratorsAreTheirValues) {
  EXPECT_TRUE(compare(of_enum(1), of_enum(1)).same());
  EXPECT_TRUE(compare(of_enum(1), of_enum(1, true)).same()) << "one value, written in 64 bits";
  auto difference = compare(of_enum(1), of_enum(2)).difference();
  EXPECT_EQ(difference.aspect, BtfAspect::kValue);
  EXPECT_EQ(difference.index, 1u);
}

// RESULT f(int, LAST), qualified and named as told.
BtfWriter of_function(bool decorated, std::string_view last, bool more = false) {
  BtfWriter writer;
  auto integer = add_int(writer), other = add_int(writer, last, 8);
  auto type = other;
  if (decorated) {
    type = writer.add(BtfKind::kTypedef, "other_t", writer.add(BtfKind::kConst, "", type));
    type = writer.add(BtfKind::kVolatile, "", type);
  }
  auto name = decorated ? writer.string("x") : 0;
  if (more)
    writer.add(BtfKind::kPrototype, "", integer, 3, {name, integer, name, type, name, integer});
  else
    writer.add(BtfKind::kPrototype, "", integer, 2, {name, integer, name, type});
  return writer;
}

TEST(BtfCompare, PrototypesAreTheirTypesAlone) {
  EXPECT_TRUE(compare(of_function(false, "long"), of_function(true, "long")).same());
  auto outcome = compare(of_function(false, "long"), of_function(false, "double"));
  EXPECT_EQ(outcome.difference().aspect, BtfAspect::kType);
  EXPECT_EQ(outcome.steps[outcome.difference().step].index, 1u) << "the second argument";
  auto difference = compare(of_function(false, "long"), of_function(false, "long", true));
  EXPECT_EQ(difference.difference().aspect, BtfAspect::kCount);
  EXPECT_EQ(difference.difference().found, 3u);
}

TEST(BtfCompare, AResultOfAnotherTypeIsNamedAsTheResult) {
  BtfWriter ours, theirs;
  ours.add(BtfKind::kPrototype, "", add_int(ours));
  add_int(theirs);
  theirs.add(BtfKind::kPrototype, "", 0);
  auto outcome = compare(std::move(ours), std::move(theirs));
  EXPECT_EQ(outcome.difference().aspect, BtfAspect::kType);
  EXPECT_EQ(outcome.steps[outcome.difference().step].index, kStepResult);
}

TEST(BtfCompare, ArraysOfArraysAreOneArray) {
  BtfWriter ours, theirs, other;
  for (auto* writer : {&ours, &theirs, &other}) add_int(*writer);
  auto inner = ours.add(BtfKind::kArray, "", 0, 0, {1, 1, 3});
  ours.add(BtfKind::kArray, "", 0, 0, {inner, 1, 4});
  theirs.add(BtfKind::kArray, "", 0, 0, {1, 1, 12});
  other.add(BtfKind::kArray, "", 0, 0, {1, 1, 13});
  EXPECT_TRUE(compare(ours, std::move(theirs)).same());
  auto difference = compare(std::move(ours), std::move(other)).difference();
  EXPECT_EQ(difference.aspect, BtfAspect::kLength);
  EXPECT_EQ(difference.expected, 12u);
  EXPECT_EQ(difference.found, 13u);
}

// struct node { struct node *next; LAST value; }, and a pointer to it behind it.
BtfWriter of_list(std::string_view last) {
  BtfWriter writer;
  auto value = add_int(writer, last, 8);
  add_struct(writer, "node", 16, {"next", 3, 0}, {"value", value, 64});
  writer.add(BtfKind::kPointer, "", 2);
  return writer;
}

TEST(BtfCompare, CirclesEnd) {
  auto same = compare(of_list("long"), of_list("long"));
  EXPECT_TRUE(same.same());
  EXPECT_EQ(same.steps.size(), 3u);
  auto outcome = compare(of_list("long"), of_list("double"));
  EXPECT_EQ(outcome.difference().aspect, BtfAspect::kType);
}

BtfWriter of_pointer_to(bool defined, std::uint32_t size, bool defined_elsewhere = false) {
  BtfWriter writer;
  auto integer = add_int(writer);
  auto target = writer.add(BtfKind::kForward, "pair", 0);
  if (defined || defined_elsewhere) {
    auto full = add_struct(writer, "pair", size, {"a", integer, 0}, {"b", integer, 32});
    if (defined) target = full;
  }
  writer.add(BtfKind::kPointer, "", target);
  return writer;
}

TEST(BtfCompare, WhatOursOnlyDeclaresIsNotLookedInto) {
  EXPECT_TRUE(compare(of_pointer_to(false, 0), of_pointer_to(true, 8)).same());
  EXPECT_TRUE(compare(of_pointer_to(false, 0), of_pointer_to(false, 0)).same());
}

TEST(BtfCompare, WhatTheirsOnlyDeclaresIsFoundByName) {
  EXPECT_TRUE(compare(of_pointer_to(true, 8), of_pointer_to(false, 8, true)).same());
  auto outcome = compare(of_pointer_to(true, 8), of_pointer_to(false, 12, true));
  EXPECT_EQ(outcome.difference().aspect, BtfAspect::kSize);
  EXPECT_EQ(outcome.steps[outcome.difference().step].index, kStepNamed);
  outcome = compare(of_pointer_to(true, 8), of_pointer_to(false, 0));
  EXPECT_EQ(outcome.difference().aspect, BtfAspect::kNoLayout);
  EXPECT_TRUE(compare(of_pointer_to(true, 8), of_pointer_to(false, 0), {.complete = false}).same());
}

TEST(BtfCompare, AUnionIsNoStruct) {
  BtfWriter ours, theirs;
  ours.add(BtfKind::kForward, "pair", 0);
  theirs.add(BtfKind::kForward, "pair", 0, 0, {}, true);
  EXPECT_EQ(compare(std::move(ours), std::move(theirs)).difference().aspect, BtfAspect::kType);
}

// struct outer { struct inner first; int last; }: inner has one member more or less.
BtfWriter of_outer(bool grown) {
  BtfWriter writer;
  auto integer = add_int(writer);
  auto inner = add_struct(writer, "inner", grown ? 12 : 8, {"a", integer, 0},
                          {"b", integer, grown ? 64u : 32u});
  add_struct(writer, "outer", grown ? 16 : 12, {"first", inner, 0},
             {"last", integer, grown ? 96u : 64u});
  return writer;
}

TEST(BtfCompare, SaysWhyAMemberHasMoved) {
  auto outcome = compare(of_outer(false), of_outer(true));
  EXPECT_EQ(outcome.difference().aspect, BtfAspect::kOffset);
  EXPECT_EQ(outcome.difference().index, 1u);
  EXPECT_EQ(outcome.difference().found, 64u) << "inside inner, not outer's 96";
}

TEST(BtfCompare, EndsWhereModifiersDoNot) {
  BtfWriter circle;
  circle.add(BtfKind::kConst, "", 2);
  circle.add(BtfKind::kVolatile, "", 1);
  auto outcome = compare(circle, circle);
  ASSERT_FALSE(outcome.result);
  EXPECT_STREQ(outcome.result.error().what, "modifiers without end");
}

TEST(BtfCompare, EndsWhereDimensionsDoNot) {
  BtfWriter circle;
  circle.add(BtfKind::kArray, "", 0, 0, {1, 1, 2});
  auto outcome = compare(circle, circle);
  ASSERT_FALSE(outcome.result);
  EXPECT_STREQ(outcome.result.error().what, "dimensions without end");
}

TEST(BtfCompare, RefusesWhatIsNoType) {
  BtfWriter writer;
  writer.add(BtfKind::kFunction, "f", 0);
  auto outcome = compare(writer, writer);
  ASSERT_FALSE(outcome.result);
  EXPECT_STREQ(outcome.result.error().what, "not a type");
}

// A chain of pointers, each one pair.
TEST(BtfCompare, RefusesToCompareMoreThanItHasRoomFor) {
  BtfWriter chain;
  add_int(chain);
  for (std::uint32_t id = 1; id < 100; ++id) chain.add(BtfKind::kPointer, "", id);
  EXPECT_TRUE(compare(chain, chain, {.most_pairs = 100}).same());
  auto outcome = compare(chain, chain, {.most_pairs = 99});
  ASSERT_FALSE(outcome.result);
  EXPECT_STREQ(outcome.result.error().what, "too many types to compare");
}

TEST(BtfCompare, WantsTheMemoryThatItSays) {
  Opened opened(of_list("long").write());
  for (std::uint32_t pairs : {0u, 1u, 7u, 8u, 9u, 1000u}) {
    Buffer memory(BtfComparison::memory(pairs));
    Arena arena(memory);
    EXPECT_TRUE(BtfComparison::create(opened.btf, opened.btf, pairs, true, arena)) << pairs;
  }
  Arena none({});
  EXPECT_FALSE(BtfComparison::create(opened.btf, opened.btf, 1, true, none));
}

}  // namespace
}  // namespace ringside::kimage
