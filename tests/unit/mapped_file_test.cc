// user/base/mapped_file: a file's identity, by which the cache knows it again.
#include "user/base/mapped_file.hh"

#include <fstream>

#include "tests/unit/temporary.hh"

namespace ringside {
namespace {

using MappedFileTest = TemporaryTest;

std::uint64_t identity_of(const std::filesystem::path& file) {
  auto mapped = MappedFile::open(file);
  EXPECT_TRUE(mapped) << mapped.error().message;
  return mapped ? mapped->identity() : 0;
}

TEST_F(MappedFileTest, AFileIsKnownAgainAndTwoAreToldApart) {
  auto shell = identity_of("/bin/sh");
  EXPECT_NE(shell, 0u);
  EXPECT_EQ(identity_of("/bin/sh"), shell);
  EXPECT_NE(identity_of("/bin/cat"), shell);
}

// Another change might have the same time.
TEST_F(MappedFileTest, WhatHasJustChangedHasNone) {
  write(folder_ / "file", "once");
  EXPECT_EQ(identity_of(folder_ / "file"), 0u);
}

TEST_F(MappedFileTest, IsForRegularFiles) {
  EXPECT_FALSE(MappedFile::open("/dev/null"));
  EXPECT_FALSE(MappedFile::open(folder_));
}

}  // namespace
}  // namespace ringside
