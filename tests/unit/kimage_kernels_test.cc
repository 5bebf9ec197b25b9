// What stock kernels say, held against what their headers say and against each other's parts: two
// series and their flavours. One that is not in the cache is skipped.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cctype>
#include <fstream>
#include <map>
#include <set>

#include "lab/kernels/kernels.hh"
#include "user/kimage/image.hh"

namespace ringside::kimage {
namespace {

constexpr std::uint64_t kText = 0xffff'ffff'8100'0000;

const std::string kKernels[] = {"6.1", "6.1-rt", "6.1-cloud", "6.12", "6.12-rt", "6.12-cloud"};

class Kernels : public testing::TestWithParam<std::string> {
 protected:
  void SetUp() override {
    auto kernel = lab::find_kernel(GetParam());
    if (!kernel)
      GTEST_SKIP() << "no kernel " << GetParam() << " in the cache: ringside lab fetch "
                   << GetParam();
    kernel_ = *kernel;
    auto image = Image::open(kernel_.image);
    ASSERT_TRUE(image) << image.error().message;
    image_ = *std::move(image);
  }

  // Name to address and type; of names that several symbols bear, the first.
  std::map<std::string, KernelSymbol> symbols() {
    auto tables = image_->kallsyms();
    std::map<std::string, KernelSymbol> result;
    if (!tables) return result;
    Kallsyms::Cursor cursor(*tables);
    for (auto next = cursor.next(); next && *next; next = cursor.next())
      result.emplace((*next)->name, KernelSymbol{(*next)->address, (*next)->type, {}});
    return result;
  }

  lab::Kernel kernel_;
  std::optional<Image> image_;
};
INSTANTIATE_TEST_SUITE_P(InTheCache, Kernels, testing::ValuesIn(kKernels), [](const auto& info) {
  std::string name = info.param;
  for (auto& letter : name)
    if (letter == '.' || letter == '-') letter = '_';
  return name;
});

TEST_P(Kernels, NameTheirReleaseAndBuildId) {
  EXPECT_EQ(image_->release(), kernel_.release);
  EXPECT_EQ(image_->build_id().size(), 40u);
}

TEST_P(Kernels, ListAsManySymbolsAsTheyCountInRisingOrder) {
  auto tables = image_->kallsyms();
  ASSERT_TRUE(tables) << tables.error().message;
  EXPECT_GT(tables->size(), 70'000u);
  Kallsyms::Cursor cursor(*tables);
  std::uint32_t count = 0;
  std::uint64_t last = 0;
  for (;; ++count) {
    auto next = cursor.next();
    ASSERT_TRUE(next) << next.error().what;
    if (!*next) break;
    ASSERT_GE((*next)->address, last) << (*next)->name;
    ASSERT_TRUE(std::isalpha((*next)->type)) << (*next)->name;
    last = (*next)->address;
  }
  EXPECT_EQ(count, tables->size());
}

TEST_P(Kernels, KnowWhatEveryKernelHas) {
  auto all = symbols();
  struct {
    const char* name;
    char type;
  } const known[] = {{"_text", 'T'},   {"kfree", 'T'},     {"__x64_sys_openat", 'T'},
                     {"jiffies", 'D'}, {"init_task", 'D'}, {"fixed_percpu_data", 'A'}};
  for (const auto& row : known) {
    ASSERT_TRUE(all.count(row.name)) << row.name;
    EXPECT_EQ(std::toupper(all[row.name].type), row.type) << row.name;
  }
  EXPECT_EQ(all["_text"].address, kText);
  EXPECT_EQ(all["fixed_percpu_data"].address, 0u);
  auto section = image_->vmlinux().covering(all["kfree"].address);
  ASSERT_TRUE(section && *section);
  EXPECT_EQ(std::string((*section)->name), ".text");
}

// As Module.symvers has it, those of vmlinux only.
std::set<std::string> symvers(const std::filesystem::path& file) {
  std::set<std::string> lines;
  std::ifstream stream(file);
  for (std::string line; std::getline(stream, line);)
    if (line.find("\tvmlinux\t") != line.npos) lines.insert(line);
  return lines;
}

TEST_P(Kernels, ExportWhatTheirHeadersSay) {
  if (kernel_.headers.empty()) GTEST_SKIP() << "no headers of " << GetParam() << " in the cache";
  auto exports = image_->exports();
  ASSERT_TRUE(exports) << exports.error().message;
  std::set<std::string> found;
  for (std::uint32_t index = 0; index < exports->size(); ++index) {
    auto entry = exports->at(index);
    ASSERT_TRUE(entry) << index << " " << entry.error().what;
    found.insert(fmt::format("{:#010x}\t{}\tvmlinux\t{}\t{}", entry->crc, entry->name,
                             entry->gpl_only ? "EXPORT_SYMBOL_GPL" : "EXPORT_SYMBOL",
                             entry->name_space));
  }
  auto expected = symvers(kernel_.headers / "Module.symvers");
  EXPECT_GT(expected.size(), 5'000u);
  EXPECT_EQ(found.size(), exports->size());
  std::vector<std::string> difference;
  std::set_symmetric_difference(found.begin(), found.end(), expected.begin(), expected.end(),
                                std::back_inserter(difference));
  EXPECT_TRUE(difference.empty()) << difference.size() << " differ, the first: " << difference[0];
}

// Two tables, made by different tools: the names and addresses of one are in the other.
TEST_P(Kernels, ExportSymbolsAtTheAddressesOfKallsyms) {
  auto tables = image_->kallsyms();
  auto exports = image_->exports();
  ASSERT_TRUE(tables && exports);
  std::set<std::pair<std::string, std::uint64_t>> known;
  Kallsyms::Cursor cursor(*tables);
  for (auto next = cursor.next(); next && *next; next = cursor.next())
    known.emplace((*next)->name, (*next)->address);
  for (std::uint32_t index = 0; index < exports->size(); ++index) {
    auto entry = exports->at(index);
    ASSERT_TRUE(entry);
    EXPECT_TRUE(known.count({std::string(entry->name), entry->address})) << entry->name;
  }
}

TEST_P(Kernels, UnwindTheirFunctions) {
  constexpr std::uint8_t kSp = 5;  // ORC_REG_SP
  auto orc = image_->orc();
  ASSERT_TRUE(orc) << orc.error().message;
  EXPECT_GT(orc->size(), 200'000u);
  std::uint64_t last = kText;
  for (std::uint32_t index = 0; index < orc->size(); ++index) {
    auto ip = orc->at(index).ip;
    ASSERT_GE(ip, last) << index;
    last = ip;
  }
  auto all = symbols();
  for (auto name : {"kfree", "__x64_sys_openat", "vfs_read", "schedule"}) {
    auto entry = orc->find(all[name].address);  // its first instruction: nothing pushed yet
    ASSERT_TRUE(entry) << name;
    EXPECT_EQ(entry->type, OrcType::kCall) << name;
    EXPECT_EQ(entry->sp_reg, kSp) << name;
    EXPECT_EQ(entry->sp_offset, 8) << name;
  }
}

TEST_P(Kernels, DescribeTheirTypes) {
  auto btf = image_->btf();
  ASSERT_TRUE(btf) << btf.error().message;
  for (std::uint32_t id = 1; id <= btf->size(); ++id) ASSERT_TRUE(btf->type(id)) << id;
  auto module = btf->find(BtfKind::kStruct, "module");
  ASSERT_TRUE(module && *module);
  auto type = btf->type(**module);
  EXPECT_GE(type->size_or_type, 512u);
  EXPECT_LE(type->size_or_type, 4096u);
  EXPECT_EQ(std::string(btf->member(*type, 0)->name), "state");
  EXPECT_EQ(btf->member(*type, 0)->offset, 0u);
}

TEST_P(Kernels, DescribeThePrototypesOfTheirFunctions) {
  auto btf = image_->btf();
  ASSERT_TRUE(btf) << btf.error().message;
  auto kfree = btf->find(BtfKind::kFunction, "kfree");
  ASSERT_TRUE(kfree && *kfree);
  auto prototype = btf->type(btf->type(**kfree)->size_or_type);  // void (const void *)
  ASSERT_TRUE(prototype);
  EXPECT_EQ(prototype->kind, BtfKind::kPrototype);
  EXPECT_EQ(prototype->size_or_type, 0u);
  ASSERT_EQ(prototype->members, 1u);
  auto parameter = btf->type(btf->member(*prototype, 0)->type);
  ASSERT_EQ(parameter->kind, BtfKind::kPointer);
  EXPECT_EQ(btf->type(parameter->size_or_type)->kind, BtfKind::kConst);
}

}  // namespace
}  // namespace ringside::kimage
