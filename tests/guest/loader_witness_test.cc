// What our core in the kernel relocated, byte for byte: a probe (tests/lab/hard/witness.c) keeps
// the module as it is when relocation is over and nothing is patched yet; the same file, linked
// here at the same addresses, must be equal. What the kernel relocates goes the same way, for the
// witness's own sake.
#include "tests/guest/loader_fixture.hh"

namespace ringside::guest {
namespace {

const fs::path kWitness = "/sys/kernel/debug/ringside-witness";

template <class Record>
std::vector<Record> records_of(const char* file) {
  auto text = text_of(kWitness / file);
  std::vector<Record> records(text.size() / sizeof(Record));
  std::memcpy(records.data(), text.data(), records.size() * sizeof(Record));
  return records;
}

// The kernel has sorted this table by then, and moved each entry's relative words with it.
std::vector<std::array<std::uint64_t, 3>> exceptions_of(Bytes table, std::uint64_t address) {
  std::vector<std::array<std::uint64_t, 3>> entries;
  for (std::size_t at = 0; at + 12 <= table.size(); at += 12)
    entries.push_back({address + at + ringside::load<std::int32_t>(table, at),
                       address + at + 4 + ringside::load<std::int32_t>(table, at + 4),
                       ringside::load<std::uint32_t>(table, at + 8)});
  std::sort(entries.begin(), entries.end());
  return entries;
}

class Witness : public LoaderModule, public ::testing::WithParamInterface<std::uint32_t> {
 protected:
  void SetUp() override { ASSERT_TRUE(load("ringside_witness")); }
  void TearDown() override { EXPECT_TRUE(unload("ringside_witness")); }

  // Loads `module` in the mode at hand; the load, as the device tells of it.
  static rs_loader_load load_now(const std::string& name, const StockModule& module) {
    std::ofstream("/sys/module/ringside_witness/parameters/name") << name;
    LoaderFile file;
    HandedLoad handed(file, module.bytes(), GetParam());
    EXPECT_EQ(handed.arm(), 0);
    rs_loader_load load;
    EXPECT_EQ(file.wait(load), 0);
    bool parked = load.state == RS_LOADER_PARKED;
    EXPECT_EQ(parked ? file.complete(RS_LOADER_DONE) : 0, 0);
    EXPECT_EQ(handed.result(), 0) << name;
    EXPECT_EQ(file.wait(load), 0);
    return load;
  }

  // Bytes that were compared.
  static std::size_t expect_equal(const LinkedHere& here, Bytes theirs, const rs_loader_load& load,
                                  const modules::Object& object) {
    std::size_t at = 0;
    for (std::uint32_t each = 1; each < here.bytes.size(); ++each) {
      Bytes ours = here.bytes[each];
      auto there = theirs.subspan(at, ours.size());
      at += ours.size();
      auto name = object.section_name(each);
      if (each == load.module_section) {
        for (auto word : entry_words(load, object))
          EXPECT_EQ(std::memcmp(there.data() + word, ours.data() + word, 8), 0) << word;
      } else if (name == "__ex_table") {
        auto address = here.sections[each].address;
        EXPECT_EQ(exceptions_of(there, address), exceptions_of(ours, address)) << load.name;
      } else {
        EXPECT_TRUE(std::equal(ours.begin(), ours.end(), there.begin()))
            << load.name << " " << name;
      }
    }
    return at;
  }
};

INSTANTIATE_TEST_SUITE_P(, Witness, ::testing::Values(RS_LOADER_KERNEL, RS_LOADER_SHADOW),
                         [](const auto& info) {
                           return info.param == RS_LOADER_KERNEL ? "Core" : "Kernel";
                         });

TEST_P(Witness, SeesTheBytesThatWeLink) {
  for (const auto& name : some_modules()) {
    auto module = stock(name);
    auto load = load_now(name, module);
    EXPECT_EQ(load.by, GetParam() == RS_LOADER_KERNEL ? RS_LOADER_BY_CORE : RS_LOADER_BY_KERNEL);
    auto sections = records_of<rs_loader_section>("sections");
    auto symbols = records_of<std::uint64_t>("symbols");
    ASSERT_EQ(sections.size(), load.sections) << name;
    ASSERT_EQ(symbols.size(), load.symbols) << name;
    auto here = link_at(sections, symbols, module.object());
    EXPECT_EQ(here.faults, 0u) << name;
    auto theirs = text_of(kWitness / "bytes");
    std::size_t expected = 0;
    for (const auto& bytes : here.bytes) expected += bytes.size();
    ASSERT_EQ(theirs.size(), expected) << name;
    EXPECT_GT(expect_equal(here, as_bytes(theirs), load, module.object()), 1000u) << name;
    EXPECT_EQ(delete_module(name), 0) << name;
  }
}

}  // namespace
}  // namespace ringside::guest
