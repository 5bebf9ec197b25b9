// core/html: every state of the tokenizer, any split, every way of indexing; the page; references.
#include <gtest/gtest.h>

#include <fstream>
#include <iterator>
#include <random>

#include "core/html/entity_table.hh"
#include "tests/unit/html_strip.hh"
#include "tests/unit/html_vectors.hh"

namespace ringside::html {
namespace {

using test::Feeder;
using test::strip;

std::vector<Simd> ways() {
  std::vector<Simd> ways = {Simd::kPortable, Simd::kSse2};
  if (__builtin_cpu_supports("avx2")) ways.push_back(Simd::kAvx2);
  return ways;
}

// Text that is full of what matters, from a fixed seed.
std::string soup(unsigned seed, std::size_t pieces) {
  static constexpr std::string_view kPieces[] = {"<",         ">",
                                                 "</",        "/>",
                                                 "=",         "\"",
                                                 "'",         "&",
                                                 ";",         "#",
                                                 "x",         "-",
                                                 "--",        "!",
                                                 "[CDATA[",   "]]>",
                                                 "]",         "\r",
                                                 "\n",        " ",
                                                 "a",         "amp",
                                                 "not",       "in",
                                                 "41",        "script",
                                                 "style",     "title",
                                                 "svg",       "math",
                                                 "p",         "pre",
                                                 "b",         "<!--",
                                                 "-->",       "<script>",
                                                 "</script>", "<title>",
                                                 "</title>",  "<svg>",
                                                 "</svg>",    "<p class=\"x\">",
                                                 "</p>",      "<a href='y'>",
                                                 "\xc3\xa4",  "foreignObject",
                                                 "<mi>",      "<annotation-xml encoding=",
                                                 "text/html", "<pre>",
                                                 "<td>",      "<br>",
                                                 "  ",        "word"};
  std::mt19937 random(seed);
  std::string text;
  for (std::size_t each = 0; each < pieces; ++each) {
    text += kPieces[random() % std::size(kPieces)];
    if (random() % 64 == 0) text += '\0';
  }
  return text;
}

TEST(Html, EmitsWhatEveryStateOfTheStandardEmits) {
  for (const auto& [state, input, text] : test::vectors())
    EXPECT_EQ(strip(input), text) << state << ": " << input;
}

TEST(Html, EmitsTheSameFarFromTheEndOfTheSlice) {
  // Room behind the input lets the fast path run, which gives up near the end of a slice.
  std::string tail = "<!--" + std::string(100, ' ') + "-->";
  for (const auto& [state, input, text] : test::vectors()) {
    auto whole = std::string(input) + "\n" + tail;
    EXPECT_EQ(strip(whole, Stripper::kRaw), strip(whole, Stripper::kRaw, Simd::kPortable, 1))
        << state << ": " << input;
  }
}

TEST(Html, AnySplitInTwoGivesTheSame) {
  for (auto mode : {Stripper::kRaw, Stripper::kPage}) {
    for (const auto& [state, input, text] : test::vectors()) {
      auto whole = strip(input, mode);
      for (std::size_t at = 0; at <= input.size(); ++at) {
        Feeder feeder(mode);
        feeder.feed(input.substr(0, at));
        feeder.feed(input.substr(at));
        ASSERT_EQ(feeder.finish(), whole) << state << ": " << input << ", split at " << at;
      }
    }
  }
}

TEST(Html, AnySliceAndRoomGiveTheSame) {
  for (unsigned seed = 0; seed < 12; ++seed) {
    auto text = soup(seed, 3000);
    for (auto mode : {Stripper::kRaw, Stripper::kPage}) {
      auto whole = strip(text, mode);
      for (std::size_t slice : {1, 2, 3, 7, 63, 64, 65, 1000})
        ASSERT_EQ(strip(text, mode, Simd::kPortable, slice), whole) << seed << ", " << slice;
      Feeder small(mode, Simd::kPortable, Stripper::kLeastRoom);
      small.feed(text);
      ASSERT_EQ(small.finish(), whole) << seed;
    }
  }
}

TEST(Html, EveryWayOfIndexingGivesTheSameMasks) {
  std::mt19937 random(1);
  std::string bytes(kSlice, 0);
  for (int round = 0; round < 50; ++round) {
    const char* common = "<>&='\" \t\n\f\r\v-a";
    for (auto& byte : bytes)
      byte = static_cast<char>(random() % 2 ? random() : common[random() % 14]);
    auto masks = std::make_unique<Masks[]>(3);
    void (*make[])(const unsigned char*, unsigned, bool, Masks&) = {index_portable, index_sse2,
                                                                    index_avx2};
    for (auto way : ways()) {
      auto at = static_cast<std::size_t>(way);
      make[at](reinterpret_cast<const unsigned char*>(bytes.data()), Masks::kBlocks, true,
               masks[at]);
      for (unsigned kind = 0; kind < kMasks; ++kind)
        ASSERT_TRUE(std::ranges::equal(masks[at].words[kind], masks[0].words[kind])) << kind;
    }
  }
}

TEST(Html, EveryWayOfIndexingFindsEveryByteAtEveryPlace) {
  for (auto way : ways()) {
    auto index = std::make_unique<Index>();
    for (unsigned byte = 0; byte < 256; ++byte) {
      for (unsigned size : {1u, 63u, 64u, 65u, 130u}) {
        std::string text(size, 'x');
        text.back() = static_cast<char>(byte);
        index->make(as_bytes(text), way, true);
        auto finds = [&](Mask mask) { return index->next(mask, 0) == size - 1; };
        EXPECT_EQ(finds(kText), byte == '<' || byte == '&' || byte == '\r' || byte == 0) << byte;
        EXPECT_EQ(finds(kEnd), byte == '>') << byte;
        EXPECT_EQ(finds(kParity), byte == '"') << byte;
        EXPECT_EQ(finds(kStray), byte == '"') << byte;
        EXPECT_EQ(finds(kFold), byte == '\t' || byte == '\n' || byte == '\f' || byte == '\r')
            << byte;
        EXPECT_EQ(index->next(kText, size), size);
      }
    }
  }
}

TEST(Html, EveryWayOfIndexingGivesTheSameText) {
  auto text = soup(99, 60'000);
  for (auto mode : {Stripper::kRaw, Stripper::kPage})
    for (auto way : ways())
      EXPECT_TRUE(strip(text, mode, way) == strip(text, mode)) << static_cast<int>(way);
}

TEST(Html, LaysAPageOut) {
  for (const auto& [rule, input, page] : test::page_vectors()) {
    EXPECT_EQ(strip(input, Stripper::kPage), page) << rule << ": " << input;
    EXPECT_EQ(strip(input, Stripper::kPage, Simd::kPortable, 1), page) << rule << ": " << input;
  }
}

TEST(Html, DeepNestingTakesNoMemory) {
  std::string text = "<svg>";
  for (int each = 0; each < 100'000; ++each) text += "<g>";
  text += "<![CDATA[deep]]>";
  for (int each = 0; each < 100'000; ++each) text += "</g>";
  text += "</svg><![CDATA[x]]>out";
  EXPECT_EQ(strip(text), "deepout");
  EXPECT_LT(sizeof(Stripper), 32u * 1024);
}

TEST(HtmlEntities, EveryNameIsKnown) {
  std::string_view names = kEntityNames;
  unsigned number = 0;
  for (; !names.empty(); ++number) {
    auto name = names.substr(0, names.find(' '));
    names.remove_prefix(name.size() + 1);
    EntityMatcher matcher;
    for (char c : name) ASSERT_TRUE(matcher.take(static_cast<unsigned char>(c))) << name;
    EXPECT_EQ(matcher.matched(), name.size());
    EXPECT_EQ(matcher.ends_with_semicolon(), name.back() == ';');
    EXPECT_EQ(matcher.first(), kEntityValues[number] & 0xff'ffff);
    EXPECT_LE(name.size(), kEntityNameMax);
    EXPECT_FALSE(name.back() == ';' && matcher.take('x')) << name;
  }
  EXPECT_EQ(number, 2231u);
}

TEST(HtmlEntities, OtherBytesAreInNoName) {
  for (unsigned c = 0; c < 256; ++c) {
    EntityMatcher matcher;
    bool letter = is_letter(static_cast<unsigned char>(c));
    EXPECT_EQ(matcher.take(static_cast<unsigned char>(c)), letter) << c;
  }
}

TEST(HtmlElements, NamesAreFoldedAndWhole) {
  EXPECT_EQ(element_flags(Name("SCRIPT")), element_flags(Name("script")));
  EXPECT_TRUE(element_flags(Name("script")) & kToScript);
  EXPECT_EQ(element_flags(Name("scrip")), 0u);
  EXPECT_EQ(element_flags(Name("")), 0u);
  EXPECT_TRUE(element_flags(Name("annotation-xml")) & kAnnotation);
  EXPECT_EQ(element_flags(Name("annotation-xml2")), 0u);
  EXPECT_EQ(element_flags(Name("annotation-xmlannotation-xml")), 0u);
}

}  // namespace
}  // namespace ringside::html
