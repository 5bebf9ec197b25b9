// bench-ksyms: what a look-up costs. The same addresses go through the core in this process
// ("user"), the same core in the kernel ("kernel") and the kernel's own kallsyms ("stock", the
// peer); each gives the text that %pS prints. Under the lab's --count a nanosecond of the guest's
// clock is an instruction.
#include <fmt/format.h>

#include <ctime>
#include <functional>

#include "cli/finish.hh"
#include "lab/kernels/kernels.hh"
#include "user/bench/results.hh"
#include "user/ksyms/device.hh"
#include "user/ksyms/symbols.hh"

namespace ringside::bench {
namespace {

using ksyms::Device;
using ksyms::Scratch;
using ksyms::Symbols;
using ksyms::Table;

constexpr std::size_t kBatch = 4096, kRepeats = 9;

struct Bench {
  Context context;
  std::string metric, unit;
  const Table& table;
  std::uint64_t kaslr = 0;
  std::vector<std::uint64_t> addresses;  // link-time

  void print(const Measure& measure) const { fmt::print("{}\n", to_json(context, measure).dump()); }

  // Runs `once` (the cost of a whole batch) kRepeats times and prints the cost of one look-up.
  template <class Once>
  Outcome<Nothing> measure(const char* placement, const char* operation, std::string peer,
                           Once once) const {
    Measure result{placement, operation, metric, unit, {{"batch", kBatch}}, {}, std::move(peer)};
    for (std::size_t repeat = 0; repeat < kRepeats; ++repeat)
      result.samples.push_back(TRY(once()) / static_cast<double>(addresses.size()));
    print(result);
    return ok;
  }
};

// Addresses spread over all code and data symbols, the same ones on every run and side.
std::vector<std::uint64_t> sample_addresses(const Table& table) {
  std::vector<std::uint64_t> addresses;
  Scratch scratch;
  for (std::uint64_t state = 1; addresses.size() < kBatch;) {
    state = state * 6364136223846793005u + 1442695040888963407u;
    auto match = table.at(static_cast<std::uint32_t>((state >> 33) % table.size()), scratch);
    if (!match || !match->size) continue;
    auto address = match->address + (state >> 20) % match->size;
    if (table.find(address, scratch)) addresses.push_back(address);
  }
  return addresses;
}

// As the kernel's scnprintf() does for us: no allocation.
std::size_t format_into(char* text, std::size_t room, const ksyms::Match& match,
                        std::uint64_t address) {
  return fmt::format_to_n(text, room, "{}+{:#x}/{:#x}", match.name, address - match.address,
                          match.size)
      .size;
}

Outcome<Nothing> measure_user(const Bench& bench) {
  Scratch scratch;
  char text[RS_KSYMS_TEXT_MAX];
  std::size_t sum = 0;
  TRY(bench.measure("user", "address", "", [&]() -> Outcome<double> {
    auto start = now();
    for (auto address : bench.addresses)
      if (auto match = bench.table.find(address, scratch))
        sum += format_into(text, sizeof(text), *match, address);
    return now() - start;
  }));
  TRY(bench.measure("user", "find", "", [&]() -> Outcome<double> {
    auto start = now();
    for (auto address : bench.addresses)
      if (auto match = bench.table.find(address, scratch)) sum += match->index;
    return now() - start;
  }));
  std::vector<std::string> names;
  for (auto address : bench.addresses) names.emplace_back(bench.table.find(address, scratch)->name);
  TRY(bench.measure("user", "name", "", [&]() -> Outcome<double> {
    auto start = now();
    for (const auto& name : names) {
      auto cursor = bench.table.names(name);
      if (auto match = bench.table.next(cursor, scratch)) sum += match->index;
    }
    return now() - start;
  }));
  return sum ? Outcome<Nothing>(ok) : Failure{"no look-up found anything"};
}

// The dearest single look-up over every symbol; each is timed as the best of three, so that an
// interrupt is not taken for a look-up.
Outcome<Nothing> measure_worst(const Bench& bench) {
  Scratch scratch;
  double worst_address = 0, worst_name = 0;
  auto best_of_three = [](auto once) {
    double best = 1e18;
    for (int each = 0; each < 3; ++each) {
      auto start = now();
      once();
      best = std::min(best, now() - start);
    }
    return best;
  };
  for (std::uint32_t index = 0; index < bench.table.size(); ++index) {
    auto match = bench.table.at(index, scratch);
    std::string name(match->name);
    worst_address = std::max(worst_address, best_of_three([&] {
                               Scratch own;
                               (void)bench.table.find(match->address, own);
                             }));
    worst_name = std::max(worst_name, best_of_three([&] {
                            auto cursor = bench.table.names(name);
                            (void)bench.table.next(cursor, scratch);
                          }));
  }
  nlohmann::json parameters = {{"symbols", bench.table.size()}};
  bench.print({"user", "find worst", bench.metric, bench.unit, parameters, {worst_address}});
  bench.print({"user", "name worst", bench.metric, bench.unit, parameters, {worst_name}});
  return ok;
}

Outcome<Nothing> measure_kernel(const Bench& bench) {
  auto device = TRY(Device::open());
  TRY(device.take(bench.table.bytes()));
  auto status = TRY(device.status());
  std::vector<rs_ksyms_record> records(bench.addresses.size());
  auto ask = [&](rs_ksyms_op op) -> Outcome<double> {
    for (std::size_t each = 0; each < records.size(); ++each)
      records[each].address = bench.addresses[each] + status.kaslr_offset;
    return static_cast<double>(TRY(device.look_up(op, records)));
  };
  TRY(bench.measure("kernel", "address", "", [&] { return ask(RS_KSYMS_FORMAT); }));
  TRY(bench.measure("stock", "address", "kallsyms", [&] { return ask(RS_KSYMS_STOCK); }));
  TRY(bench.measure("kernel", "find", "", [&] { return ask(RS_KSYMS_FIND); }));
  TRY(device.look_up(RS_KSYMS_FIND, records));  // leaves the names in them
  TRY(bench.measure("kernel", "name", "", [&] { return ask(RS_KSYMS_NAME); }));
  return ok;
}

Outcome<Nothing> measure_sizes(const Bench& bench, const kimage::Image& image) {
  auto symbols = static_cast<double>(bench.table.size());
  auto total = static_cast<double>(bench.table.bytes().size());
  auto names = static_cast<double>(bench.table.name_index_bytes());
  auto kallsyms = TRY(image.kallsyms());
  auto size = [&](const char* placement, const char* operation, double bytes, const char* peer) {
    bench.print({placement,
                 operation,
                 "size",
                 "bytes/symbol",
                 {{"symbols", bench.table.size()}},
                 {bytes / symbols},
                 peer});
  };
  size("either", "table, both look-ups", total, "");
  size("either", "table, by address", total - names, "");
  size("stock", "table, both look-ups", static_cast<double>(kallsyms.bytes()), "kallsyms");
  return ok;
}

Outcome<Nothing> run(const std::string& name, const std::string& sides, Context context) {
  auto kernel = TRY(lab::find_kernel(name));
  auto image = TRY(kimage::Image::open(kernel.image));
  auto symbols = TRY(Symbols::open(image));
  context.kernel = image.release();
  context.build_id = image.build_id();
  bool counted = context.accelerator.ends_with("-count");
  Bench bench{
      context, counted ? "instructions" : "time", counted ? "instructions" : "ns", symbols.table(),
      0,       sample_addresses(symbols.table())};
  TRY(measure_user(bench));
  if (sides == "both") return measure_kernel(bench);
  TRY(measure_sizes(bench, image));  // the same in a guest: once will do
  return counted ? Outcome<Nothing>(ok) : measure_worst(bench);
}

}  // namespace
}  // namespace ringside::bench

int main(int argc, char** argv) {
  ringside::cli::App app{"What a symbol look-up costs on each side.", "bench-ksyms"};
  std::string kernel = "running", sides = "both";
  app.add_option("--kernel", kernel, "whose symbols");
  app.add_option("--sides", sides, "both (in a guest with ringside_ksyms.ko), or user")
      ->one_of({"both", "user"});
  return ringside::cli::finish(app, argc, argv, [&] {
    return ringside::bench::run(kernel, sides, ringside::bench::this_context("ksyms", argc, argv));
  });
}
