// demo-oops: one console log with a stock oops and, behind it, our module's raw addresses. Has the
// raw addresses resolved by `ringside ksyms` (the core in user space), puts beside them what the
// same core said in the dying kernel and what the kernel itself printed, and says whether the three
// agree.
//   usage: demo-oops KERNEL CONSOLE-FILE; exit status 0 where no frame differs and at least one
//   agrees, 1 where not.
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <cstdio>
#include <filesystem>
#include <fstream>
#include <map>
#include <regex>
#include <sstream>

#include "user/process/process.hh"

namespace ringside::demo {
namespace {

struct Frame {
  std::string kind;  // "ip" or "ret"
  std::uint64_t address = 0;
  std::string kernel_side;  // what the core said in the kernel; empty where it knew nothing
};

// A frame as the stock kernel printed it.
struct Stock {
  std::string text;
  bool in_module = false;  // it bore a " [module]"
};

struct Report {
  std::uint64_t offset = 0;
  std::vector<std::string> text;  // the stock report, as printed
  std::vector<Stock> stock;       // its frames: RIP first, then the certain entries of the trace
  std::vector<Frame> raw;
};

// Drops a leading "[   12.345678] " and trailing white space.
std::string bare(std::string line) {
  static const std::regex stamp(R"(^\[ *[0-9]+\.[0-9]+\] ?)");
  line = std::regex_replace(line, stamp, "");
  while (!line.empty() && std::isspace(static_cast<unsigned char>(line.back()))) line.pop_back();
  return line;
}

// The stock report runs from "BUG:" to the line before our first one.
void read_line(Report& report, const std::string& line) {
  static const std::regex ours(R"(^ringside-ksyms: (offset|ip|ret) (0x)?([0-9a-f]+) ?(.*)$)");
  static const std::regex rip(R"(^RIP: 0010:(\S+)( \[.*\])?)"),
      entry(R"(^ (\S+\+0x[0-9a-f]+/0x[0-9a-f]+)( \[.*\])?$)");
  std::smatch part;
  if (std::regex_match(line, part, ours)) {
    auto value = std::stoull(part[3], nullptr, 16);
    if (part[1] == "offset")
      report.offset = value;
    else
      report.raw.push_back({part[1], value, part[4]});
    return;
  }
  if (!report.raw.empty()) return;
  if (!report.text.empty() || line.starts_with("BUG:")) report.text.push_back(line);
  if (report.text.empty()) return;
  if (report.stock.empty() ? std::regex_search(line, part, rip)
                           : std::regex_match(line, part, entry))
    report.stock.push_back({part[1], part[2].matched});
}

// What `ringside ksyms` knows, by address: "strlen+0x0/0x20".
using Answers = std::map<std::uint64_t, std::string>;

// Asks it for all frames of one kind, and shows the call and its answer. "ADDRESS ?" is no answer.
Outcome<Nothing> ask(const std::vector<std::string>& call, const Report& report,
                     const std::string& kind, Answers& answers) {
  auto argv = call;
  for (const auto& frame : report.raw)
    if (frame.kind == kind) argv.push_back(fmt::format("{:016x}", frame.address));
  if (argv.size() == call.size()) return ok;
  auto result = TRY(run_process({argv, {}, {}}));
  if (result.status > kNo) return Failure{result.err};
  fmt::print("$ ringside {} ...\n{}", fmt::join(call.begin() + 1, call.end(), " "), result.out);
  std::istringstream lines(result.out);
  for (std::string address, type, symbol; lines >> address >> type;)
    if (type != "?" && lines >> symbol) answers[std::stoull(address, nullptr, 16)] = symbol;
  return ok;
}

// A return address belongs to the call before it, the faulting one stands for itself.
Outcome<Answers> ask_ringside(const std::string& kernel, const Report& report) {
  auto beside = std::filesystem::read_symlink("/proc/self/exe").replace_filename("ringside");
  std::vector<std::string> call = {beside.native(), "ksyms",    "--kernel",
                                   kernel,          "--offset", fmt::format("{:x}", report.offset)};
  Answers answers;
  TRY(ask(call, report, "ip", answers));
  call.push_back("--return");
  TRY(ask(call, report, "ret", answers));
  return answers;
}

// A frame in a module is nobody's but the stock kernel's: the table is vmlinux's.
const char* verdict(const Stock& stock, const std::string& kernel, const std::string& user) {
  if (kernel.empty() && user.empty()) return stock.in_module ? "in a module" : "DIFFER";
  return kernel == user && user == stock.text ? "agree" : "DIFFER";
}

// Prints every frame with its three answers; true where none differs and at least one agrees.
bool compare(const Answers& answers, const Report& report) {
  std::size_t agreeing = 0, differing = report.raw.size() == report.stock.size() ? 0 : 1;
  for (std::size_t each = 0; each < report.raw.size(); ++each) {
    const auto& frame = report.raw[each];
    auto stock = each < report.stock.size() ? report.stock[each] : Stock{};
    auto found = answers.find(frame.address);
    auto user = found == answers.end() ? "" : found->second;
    std::string_view word = verdict(stock, frame.kernel_side, user);
    agreeing += word == "agree";
    differing += word == "DIFFER";
    fmt::print("{:<5}{:016x}  {:<42}{:<42}{:<42}{}\n", frame.kind, frame.address, stock.text,
               frame.kernel_side, user, word);
  }
  return differing == 0 && agreeing > 0;
}

Outcome<int> run(const std::string& kernel, const std::string& file_name) {
  Report report;
  std::ifstream file(file_name);
  for (std::string line; std::getline(file, line);) read_line(report, bare(line));
  if (report.raw.empty()) return Failure{file_name + ": no report of ringside-ksyms in it"};
  for (const auto& line : report.text) fmt::print("  {}\n", line);
  fmt::print("\n");
  auto answers = TRY(ask_ringside(kernel, report));
  fmt::print("\nKASLR offset {:#x}; raw addresses, resolved three times:\n", report.offset);
  fmt::print("{:<5}{:<18}{:<42}{:<42}{:<42}{}\n", "", "address", "stock kernel",
             "core, in the kernel", "ringside ksyms", "");
  return compare(answers, report) ? kYes : kNo;
}

}  // namespace
}  // namespace ringside::demo

int main(int argc, char** argv) {
  if (argc != 3) return fmt::print(stderr, "usage: demo-oops KERNEL CONSOLE-FILE\n"), 64;
  auto outcome = ringside::demo::run(argv[1], argv[2]);
  if (!outcome) return fmt::print(stderr, "demo-oops: {}\n", outcome.error().message), 2;
  return *outcome;
}
