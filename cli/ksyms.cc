// ringside ksyms: kernel addresses to symbols and names to addresses, one answer a line, in the
// order of the questions. Questions are arguments or, without any, words on stdin, answered as
// they come.
#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <iostream>
#include <nlohmann/json.hpp>

#include "cli/commands.hh"
#include "cli/finish.hh"
#include "cli/kernel_image.hh"
#include "core/x86/addresses.hh"
#include "user/ksyms/device.hh"
#include "user/ksyms/symbols.hh"

namespace ringside::cli {
namespace {

using ksyms::Device;
using ksyms::Match;
using ksyms::Scratch;
using ksyms::Symbols;
using nlohmann::json;

struct Options {
  std::vector<std::string> words;
  std::string kernel = "running", offset, placement = "user";
  bool returns = false, json = false;
};

// One answer: a symbol and how far into it. Addresses are run-time ones.
struct Answer {
  std::uint64_t address = 0, start = 0, size = 0;
  char type = 0;
  std::string name;
};

// "0xffffffff81000000", "ffffffff81000000", "[<ffffffff81000000>]"; no value where it is a name.
std::optional<std::uint64_t> as_address(std::string_view word) {
  while (!word.empty() && (word.front() == '[' || word.front() == '<')) word.remove_prefix(1);
  while (!word.empty() && (word.back() == ']' || word.back() == '>')) word.remove_suffix(1);
  bool prefixed = word.starts_with("0x") || word.starts_with("0X");
  if (prefixed) word.remove_prefix(2);
  if (!prefixed && word.size() != 16) return std::nullopt;
  std::uint64_t value = 0;
  auto [end, error] = std::from_chars(word.data(), word.data() + word.size(), value, 16);
  if (error != std::errc() || end != word.data() + word.size()) return std::nullopt;
  return value;
}

// A name, and what stands behind its '+' ("vfs_write+0x12/0x340"), if anything.
struct NameQuestion {
  std::string name;
  std::uint64_t offset = 0;
};

// No value where something other than a hexadecimal offset stands behind the '+'.
std::optional<NameQuestion> as_name(const std::string& word) {
  NameQuestion question{word.substr(0, word.find('+')), 0};
  if (question.name.size() == word.size()) return question;
  std::string_view text = std::string_view(word).substr(question.name.size() + 1);
  text = text.substr(0, text.find('/'));
  if (!text.starts_with("0x")) return std::nullopt;
  auto* end = text.data() + text.size();
  auto [after, error] = std::from_chars(text.data() + 2, end, question.offset, 16);
  if (error != std::errc() || after != end) return std::nullopt;
  return question;
}

// Who answers: the core in this process, or the module (the same core, or the kernel's kallsyms).
class Resolver {
 public:
  virtual ~Resolver() = default;
  virtual Outcome<std::vector<Answer>> by_address(std::uint64_t address) = 0;
  virtual Outcome<std::vector<Answer>> by_name(const std::string& name) = 0;
};

class UserResolver : public Resolver {
 public:
  UserResolver(Symbols symbols, std::uint64_t offset, bool returns)
      : symbols_(std::move(symbols)), offset_(offset), back_(returns ? 1 : 0) {}

  Outcome<std::vector<Answer>> by_address(std::uint64_t address) override {
    auto match = symbols_.table().find(address - offset_ - back_, scratch_);
    if (!match) return std::vector<Answer>();
    auto answer = answer_of(*match);
    answer.address = address;
    return std::vector{answer};
  }

  Outcome<std::vector<Answer>> by_name(const std::string& name) override {
    std::vector<Answer> answers;
    auto cursor = symbols_.table().names(name);
    while (auto match = symbols_.table().next(cursor, scratch_))
      answers.push_back(answer_of(*match));
    return answers;
  }

 private:
  Answer answer_of(const Match& match) const {
    auto start = match.address + (match.address >= kKernelBase ? offset_ : 0);
    return {start, start, match.size, match.type, std::string(match.name)};
  }

  Symbols symbols_;
  std::uint64_t offset_, back_;
  Scratch scratch_;
};

class KernelResolver : public Resolver {
 public:
  KernelResolver(Device device, bool returns)
      : device_(std::move(device)), back_(returns ? 1 : 0) {}

  Outcome<std::vector<Answer>> by_address(std::uint64_t address) override {
    rs_ksyms_record record{};
    record.address = address - back_;
    auto answers = TRY(ask(RS_KSYMS_FIND, record));
    for (auto& answer : answers) answer.address = address;
    return answers;
  }

  Outcome<std::vector<Answer>> by_name(const std::string& name) override {
    rs_ksyms_record record{};
    record.length = static_cast<__u32>(name.copy(record.text, sizeof(record.text)));
    std::vector<Answer> answers;
    for (; record.nth < RS_KSYMS_NTH_MAX; ++record.nth) {
      auto next = TRY(ask(RS_KSYMS_NAME, record));
      if (next.empty()) break;
      answers.push_back(std::move(next.front()));
    }
    return answers;
  }

 private:
  Outcome<std::vector<Answer>> ask(rs_ksyms_op op, rs_ksyms_record& record) {
    TRY(device_.look_up(op, {&record, 1}));
    if (!record.found) return std::vector<Answer>();
    return std::vector{Answer{record.symbol_address,
                              record.symbol_address,
                              record.symbol_size,
                              static_cast<char>(record.type),
                              {record.text, record.length}}};
  }

  Device device_;
  std::uint64_t back_;
};

Outcome<std::uint64_t> offset_of(const Options& options, const Symbols& symbols) {
  if (options.offset.empty())
    return options.kernel == "running" ? ksyms::running_offset(symbols.table()) : 0;
  std::uint64_t value = 0;
  auto text = std::string_view(options.offset);
  if (text.starts_with("0x")) text.remove_prefix(2);
  auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value, 16);
  if (error != std::errc() || end != text.data() + text.size())
    return Failure{fmt::format("--offset {}: not a hexadecimal number", options.offset), kUsage};
  return value;
}

Outcome<std::unique_ptr<Resolver>> kernel_resolver(const Symbols& symbols, bool returns) {
  auto device = TRY(Device::open());
  auto status = TRY(device.status());
  auto running = std::as_bytes(std::span(status.build_id, status.build_id_bytes));
  if (!std::ranges::equal(running, symbols.table().build_id()))
    return Failure{"--placement kernel: the module runs in another kernel than --kernel names",
                   kNo};
  if (!status.table_bytes) TRY(device.take(symbols.table().bytes()));
  return std::unique_ptr<Resolver>(new KernelResolver(std::move(device), returns));
}

// The running kernel needs no image: /proc/kallsyms says as much, to root.
Outcome<Symbols> open_symbols(const std::string& name) {
  auto image = open_image(name);
  if (!image && name == "running") return Symbols::open_running();
  if (!image) return image.error();
  return Symbols::open(*image);
}

Outcome<std::unique_ptr<Resolver>> open_resolver(const Options& options) {
  auto symbols = TRY(open_symbols(options.kernel));
  if (options.placement == "kernel" && !options.offset.empty())
    return Failure{"--offset: the kernel placement knows its own; leave it out", kUsage};
  if (options.placement == "kernel") return kernel_resolver(symbols, options.returns);
  auto offset = TRY(offset_of(options, symbols));
  return std::unique_ptr<Resolver>(new UserResolver(std::move(symbols), offset, options.returns));
}

void print(const Options& options, const std::string& word, const std::vector<Answer>& answers) {
  if (options.json) {
    json list = json::array();
    for (const auto& answer : answers)
      list.push_back({{"address", fmt::format("{:#x}", answer.address)},
                      {"symbol", answer.name},
                      {"offset", answer.address - answer.start},
                      {"size", answer.size},
                      {"type", std::string(1, answer.type)}});
    fmt::print("{}\n", json{{"query", word}, {"matches", list}}.dump());
    return;
  }
  if (answers.empty()) fmt::print("{} ?\n", word);  // 16 digits or 0x make an address
  for (const auto& answer : answers)
    fmt::print("{:016x} {} {}+{:#x}/{:#x}\n", answer.address, answer.type, answer.name,
               answer.address - answer.start, answer.size);
}

Outcome<std::vector<Answer>> answers_to(Resolver& resolver, const std::string& word) {
  if (auto address = as_address(word)) return resolver.by_address(*address);
  auto question = word.starts_with("0x") ? std::nullopt : as_name(word);
  if (!question) {
    fmt::print(stderr, "ringside ksyms: {}: hexadecimal digits are expected behind 0x{}\n", word,
               word.starts_with("0x") ? "" : ", and 0x behind +");
    return std::vector<Answer>();
  }
  auto answers = TRY(resolver.by_name(question->name));
  for (auto& each : answers) each.address += question->offset;
  return answers;
}

// Answers one word; false where nothing bears that name or covers that address.
Outcome<bool> answer(const Options& options, Resolver& resolver, const std::string& word) {
  auto answers = TRY(answers_to(resolver, word));
  print(options, word, answers);
  return !answers.empty();
}

Outcome<int> run(const Options& options) {
  auto resolver = TRY(open_resolver(options));
  bool all = true;
  for (const auto& word : options.words) all &= TRY(answer(options, *resolver, word));
  std::string word;
  while (options.words.empty() && std::cin >> word) {
    all &= TRY(answer(options, *resolver, word));
    if (std::cin.rdbuf()->in_avail() <= 1) std::fflush(stdout);  // a co-process waits for it
  }
  return all ? kYes : kNo;
}

}  // namespace

int ksyms(int argc, char** argv) {
  App app{"Kernel addresses to symbols, and names to addresses, from a kernel image alone.",
          "ringside ksyms"};
  Options options;
  app.add_option("ADDRESS|NAME", options.words, "what to look up; without any: words from stdin");
  app.add_option("--kernel,-k", options.kernel, "6.1, 6.12, a package, a release or an image")
      ->capture_default_str();
  app.add_option("--offset", options.offset,
                 "bytes that the kernel ran above its link address (KASLR), in hexadecimal");
  app.add_flag("--return", options.returns,
               "addresses are return addresses: look up the call before");
  app.add_option("--placement", options.placement,
                 "which side answers: user, or kernel (the module)")
      ->one_of({"user", "kernel"})
      ->capture_default_str();
  app.add_flag("--json", options.json, "one JSON object a question");
  app.footer(
      "Example: ringside ksyms --kernel 6.1 --offset 0x1a000000 ffffffff9b2d5f60 vfs_write\n"
      "An address has 16 hexadecimal digits or begins with 0x; anything else is a name.\n"
      "Exit status: 0 all found, 1 some were not (printed with a ?), 2 could not tell.\n"
      "What is neither an address nor a name counts as not found, and is named on stderr.");
  return finish(app, argc, argv, [&] { return run(options); });
}

}  // namespace ringside::cli
