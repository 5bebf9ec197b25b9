// wrong-modules: the generator of wrong modules by hand and by script.
//   wrong-modules list SERIES [alone]   the kinds, or those that want a guest of their own
//   wrong-modules try KIND              asks the kernel that runs here (a guest!), prints the line
//   wrong-modules line SERIES KIND WHAT the line for a kernel that did not live to answer
//   wrong-modules table FILE...         result lines as one Markdown table
#include <fmt/format.h>

#include <cstdio>
#include <fstream>
#include <map>
#include <sstream>
#include <vector>

#include "lab/kernels/kernels.hh"
#include "tests/modules/kernel_answer.hh"

namespace ringside::modules::test {
namespace {

constexpr int kUsage = 64;

const Kind* find(std::string_view name) {
  for (const auto& kind : kinds())
    if (kind.name == name) return &kind;
  return nullptr;
}

void list(std::string_view series, bool alone) {
  for (const auto& kind : kinds())
    if (!alone || kind.is_dangerous_on(series)) fmt::print("{}\n", kind.name);
}

int attempt(const Kind& kind) {
  std::string release;
  std::ifstream("/proc/sys/kernel/osrelease") >> release;
  auto kernel = lab::find_kernel(release);
  auto files = kernel ? files_for(release, kernel->modules) : std::nullopt;
  if (!files) return 2;
  kind.edit(*files);
  fmt::print("{}", result_line(series_of(release), kind, ask_kernel(*files), "alone"));
  return 0;
}

struct Row {
  std::string said, answer, where;
};
using Results = std::map<std::string, std::map<std::string, Row>>;  // by series, by kind

void read(const char* path, Results& results) {
  std::ifstream file(path);
  for (std::string line; std::getline(file, line);) {
    std::istringstream words(line);
    std::string series, kind;
    Row row;
    std::getline(words, series, '\t'), std::getline(words, kind, '\t');
    std::getline(words, row.said, '\t'), std::getline(words, row.answer, '\t');
    std::getline(words, row.where, '\t');
    results[series][kind] = row;
  }
}

// What the checker says, and what of it keeps the module out.
std::string cells(const Kind& kind, const std::string& series,
                  const std::map<std::string, Row>& rows) {
  auto row = rows.find(kind.name.data());
  auto answer = row == rows.end() ? "not asked" : row->second.answer;
  if (row != rows.end() && row->second.where == "alone") answer += " (alone)";
  auto said = std::string(kind.said_on(series));
  bool unsure = said.find("unsupported ") != said.npos && said.find("refused ") == said.npos &&
                said.find("unsafe ") == said.npos;
  auto verdict = kind.loads_on(series) ? "loads" : unsure ? "cannot tell" : "no";
  return fmt::format(" {} | {} | {} |", verdict, said, answer);
}

void table(const Results& results) {
  fmt::print("# Wrong modules: the checker's verdict and the stock kernel's\n\n");
  fmt::print(
      "Written by `make test-full` (tests/modules/table); the kinds are rows of "
      "tests/modules/kinds.cc. *alone*: the kernel does not look at what is wrong there, so it was "
      "asked in a guest of its own, which may have been harmed.\n\n| kind |");
  for (const auto& [series, rows] : results)
    fmt::print(" {0}: ringside | because | {0}: kernel |", series);
  fmt::print("\n|---|");
  for (std::size_t each = 0; each < results.size(); ++each) fmt::print("---|---|---|");
  fmt::print("\n");
  for (const auto& kind : kinds()) {
    fmt::print("| {} |", kind.name);
    for (const auto& [series, rows] : results) fmt::print("{}", cells(kind, series, rows));
    fmt::print("\n");
  }
}

int run(const std::vector<std::string_view>& words) {
  if (words.size() >= 2 && words[0] == "list") return list(words[1], words.size() > 2), 0;
  if (words.size() == 2 && words[0] == "try" && find(words[1])) return attempt(*find(words[1]));
  if (words.size() == 4 && words[0] == "line" && find(words[2])) {
    fmt::print("{}", result_line(words[1], *find(words[2]), words[3], "alone"));
    return 0;
  }
  if (words.size() < 2 || words[0] != "table") return kUsage;
  Results results;
  for (std::size_t each = 1; each < words.size(); ++each) read(words[each].data(), results);
  table(results);
  return 0;
}

}  // namespace
}  // namespace ringside::modules::test

int main(int argc, char** argv) {
  return ringside::modules::test::run({argv + 1, argv + argc});
}
