// user/scsi: the list of quirks, ours and a user's.
#include "user/scsi/quirk_list.hh"

#include <gtest/gtest.h>

#include <unistd.h>

#include <fstream>

namespace ringside::scsi {
namespace {

std::string complaint_about(const std::string& text) {
  auto file = std::filesystem::temp_directory_path() / ("quirks-" + std::to_string(getpid()));
  std::ofstream(file) << text;
  QuirkList list;
  auto added = list.add(file);
  std::filesystem::remove(file);
  return added ? "" : added.error().message.substr(file.native().size());
}

TEST(ScsiQuirkList, OursIsGood) {
  auto list = QuirkList::standard();
  ASSERT_TRUE(list) << list.error().message;
  EXPECT_GT(list->rows().size(), 100u);
  for (const auto& row : list->rows()) EXPECT_NE(row.flags, 0u) << row.vendor << row.model;
}

TEST(ScsiQuirkList, RowsThatAreWrongAreNamed) {
  EXPECT_EQ(complaint_about("# words\n\nV\tM\tnolun,sparselun\nV\t\tisrom\n"), "");
  EXPECT_EQ(complaint_about("V\tM\n"),
            ": line 1: expected vendor, model and flags with a tab between them");
  EXPECT_EQ(complaint_about("#\nV\tM\tnolun\tx\n"),
            ": line 2: expected vendor, model and flags with a tab between them");
  EXPECT_EQ(complaint_about("V\tM\tnolun,none\n"), ": line 1: no flag 'none'");
  EXPECT_EQ(complaint_about("123456789\tM\tnolun\n"),
            ": line 1: a vendor has 8 characters at most, a model 16");
}

}  // namespace
}  // namespace ringside::scsi
