// Real reports of twelve architectures, which are not the project's to copy: shared/corpus/oops
// beside the checkout, or where RINGSIDE_SHARED says. INDEX.tsv tells for each file how many stack
// entries a script counted in it, its architecture and what it is about. Where we differ, kJudged
// says what the right answer is and why (docs/oops.md has the list).
#include <algorithm>
#include <filesystem>
#include <map>
#include <set>
#include <sstream>

#include "tests/unit/oops_reports.hh"

namespace ringside::oops::test {
namespace {

using std::filesystem::path;

path corpus() {
  const char* shared = std::getenv("RINGSIDE_SHARED");
  for (path folder :
       {path(shared ? shared : ""), path(RINGSIDE_SOURCE) / "../shared", path("/work/shared")})
    if (std::filesystem::exists(folder / "corpus/oops/INDEX.tsv")) return folder / "corpus/oops";
  return {};
}

struct Entry {
  std::string file, source, arch, kind, kernel, entries, lines;
};

std::vector<Entry> read_index(const path& folder) {
  std::vector<Entry> index;
  std::ifstream file(folder / "INDEX.tsv");
  std::string line;
  for (std::getline(file, line); std::getline(file, line);) {
    Entry entry;
    std::istringstream fields(line);
    for (auto* field : {&entry.file, &entry.source, &entry.arch, &entry.kind, &entry.kernel,
                        &entry.entries, &entry.lines})
      std::getline(fields, *field, '\t');
    index.push_back(entry);
  }
  return index;
}

std::string content(const path& file) {
  std::ifstream stream(file, std::ios::binary);
  return {std::istreambuf_iterator<char>(stream), {}};
}

// Files in which the script's count is not the number of stack entries; the number that is.
const std::map<std::string, std::size_t> kJudgedEntries = {
    {"006", 14},  // two entries are addresses alone
    {"007", 73},  // "<IRQ>  [<...>]"
    {"012", 18},  // "([<...>] 0x...)": an address alone
    {"017", 24},  // one stands behind another program's half line
    {"019", 36},  // an address alone
    {"022", 25},  // "<NMI> [<...>]", "<<EOE>> [<...>]"
    {"024", 36},  // four addresses alone
    {"071", 18},  // "0x0"
    {"078", 99},  // six addresses alone
    {"080", 7},   // seven "f from g" lines; the script took three lines of memory
    {"081", 33},  // an address alone
    {"085", 30},  // an address alone
    {"088", 8},   // "epc" and "ra" are no stack entries
    {"095", 66},  // three stacks with "[<(ptrval)>]"
    {"106", 40},  // "f (file.c:12)" without an offset
    {"131", 41},  // a place that belongs to a broken headline
    {"142", 7},   // the headline's place is none
};

// Files whose architecture the index has wrong, or has from the mailing list's name.
const std::map<std::string, std::string> kJudgedArch = {
    {"006", "i386"},    // addresses of 32 bits, sysenter_do_call
    {"007", "i386"},    // functions of odd sizes, sysenter_do_call
    {"008", "?"},       // nothing in the text tells
    {"028", ""},        // no report
    {"082", "i386"},    // schedule_tail_wrapper
    {"138", "x86_64"},  // do_syscall_64
    {"146", "x86_64"},  // x64_sys_call
};

// What a word of the index may be in our terms; any one of the file's reports has to be it.
const std::map<std::string, std::set<std::string>> kKinds = {
    {"NULL/paging oops", {"null-dereference", "page-fault", "oops", "bug", "protection-fault"}},
    {"GPF", {"protection-fault"}},
    {"BUG",
     {"bug", "null-dereference", "page-fault", "soft-lockup", "atomic-sleep", "spinlock", "lockdep",
      "kfence", "kasan", "workqueue-lockup"}},
    {"WARN", {"warning", "lockdep", "rcu-usage", "hard-lockup", "soft-lockup"}},
    {"KASAN", {"kasan"}},
    {"KFENCE", {"kfence"}},
    {"UBSAN", {"ubsan", "trace"}},  // 097 begins behind its headline
    {"lockdep", {"lockdep", "rcu-usage"}},
    {"hung task", {"hung-task"}},
    {"RCU stall", {"rcu-stall"}},
    {"soft lockup", {"soft-lockup", "hard-lockup"}},
    {"slab BUG", {"slab"}},
    {"panic", {"panic"}},
    {"none(negative)", {"trace"}},
};

// 080: "WARNING: Caches not enabled" is a boot loader's. 028: openvpn's.
bool is_excused(const std::string& number, const std::string& word) {
  return word == "?" || number == "028" || (number == "080" && word == "WARN");
}

std::set<std::string> kinds_of(const Result& result) {
  std::set<std::string> kinds;
  for (const auto& found : result.reports) {
    kinds.insert(std::string(name_of(found.report().kind)));
    if (!found.report().panic.empty()) kinds.insert("panic");
  }
  return kinds;
}

class OopsCorpus : public testing::Test {
 protected:
  void SetUp() override {
    if (corpus().empty())
      GTEST_SKIP() << "no shared/corpus/oops beside the checkout (RINGSIDE_SHARED names it)";
    index_ = read_index(corpus());
    ASSERT_EQ(index_.size(), 81u);
  }
  std::vector<Entry> index_;
};

TEST_F(OopsCorpus, EveryStackEntryIsFound) {
  std::size_t sum = 0, listed = 0;
  for (const auto& entry : index_) {
    auto result = read_text(content(corpus() / entry.file));
    std::size_t calls = 0, expected = std::stoul(entry.entries);
    for (const auto& found : result.reports)
      for (const auto& frame : found.report().frames())
        calls += frame.role == Role::kCall && !frame.inlined;
    listed += expected;
    sum += calls;
    auto judged = kJudgedEntries.find(entry.file.substr(0, 3));
    EXPECT_EQ(calls, judged == kJudgedEntries.end() ? expected : judged->second) << entry.file;
  }
  EXPECT_EQ(listed, 2303u);
  RecordProperty("entries", static_cast<int>(sum));
}

TEST_F(OopsCorpus, ArchitecturesAreRight) {
  for (const auto& entry : index_) {
    auto result = read_text(content(corpus() / entry.file));
    auto judged = kJudgedArch.find(entry.file.substr(0, 3));
    auto expected = judged == kJudgedArch.end() ? entry.arch : judged->second;
    std::string told;
    for (const auto& found : result.reports) {
      auto arch = std::string(name_of(found.report().arch));
      if (arch != "?") told = arch;
      EXPECT_TRUE(arch == expected || arch == "?") << entry.file << ": " << arch;
    }
    EXPECT_EQ(told, expected == "?" ? "" : expected) << entry.file;
  }
}

TEST_F(OopsCorpus, KindsAreRight) {
  for (const auto& entry : index_) {
    auto kinds = kinds_of(read_text(content(corpus() / entry.file)));
    std::istringstream words(entry.kind);
    for (std::string word; std::getline(words, word, '+');) {
      if (is_excused(entry.file.substr(0, 3), word)) continue;
      auto known = kKinds.find(word);
      ASSERT_NE(known, kKinds.end()) << word;
      bool found = std::ranges::any_of(
          kinds, [&](const auto& kind) { return known->second.contains(kind); });
      EXPECT_TRUE(found) << entry.file << ": " << word;
    }
  }
}

// Every byte of the file comes out once: outside of reports as text, inside as a report's line.
TEST_F(OopsCorpus, TextOutsideReportsIsUnaltered) {
  for (const auto& entry : index_) {
    auto text = content(corpus() / entry.file);
    auto result = read_text(text);
    std::size_t at = 0, size = result.text.size();
    for (std::istringstream lines(result.text); at < text.size();) {
      std::string line;
      if (!std::getline(lines, line)) break;
      at = text.find(line, at);
      ASSERT_NE(at, text.npos) << entry.file << ": " << line;
      at += line.size();
    }
    for (const auto& found : result.reports) size += lines_of(found).size();
    EXPECT_EQ(size, text.size()) << entry.file;
  }
}

}  // namespace
}  // namespace ringside::oops::test
