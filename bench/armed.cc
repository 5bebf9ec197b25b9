// bench-armed: what a kernel that decodes its own traces keeps, and what one frame costs it. In a
// guest with ringside_oops.ko; the device puts the same return addresses of vmlinux into words
// without a table (the kernel's own %pB, the peer), with our symbols, and with source lines and
// inlined functions, which are those of the cache: a guest has no debug information to make them
// of.
#include <fmt/format.h>

#include <algorithm>

#include "cli/finish.hh"
#include "lab/kernels/kernels.hh"
#include "user/armed/device.hh"
#include "user/bench/results.hh"
#include "user/ksyms/symbols.hh"
#include "user/lines/debug_places.hh"

namespace ringside::bench {
namespace {

using armed::Device;

constexpr std::size_t kFrames = 4096;
// x86_64_defconfig with 1,657,997 places and no inlined functions: the fourth patch of the series'
// last version, https://www.mail-archive.com/linux-kernel@vger.kernel.org/msg2657156.html
constexpr double kPublishedLineinfo = 6'277'414;

class Bench {
 public:
  Bench(Context context, Device& device) : context_(std::move(context)), device_(device) {}

  // The median cost of a frame at `addresses` and how many had a line.
  Outcome<std::size_t> measure(const char* placement, const char* operation, const char* peer,
                               const std::vector<std::uint64_t>& addresses) {
    const char* unit = counted_ ? "instructions" : "ns";
    Measure result{placement,
                   operation,
                   counted_ ? "instructions" : "time",
                   unit,
                   {{"frames", addresses.size()}},
                   {},
                   peer};
    std::vector<double> samples;
    std::size_t lined = 0;
    for (auto address : addresses) {
      auto frame = TRY(device_.frame(address, true));
      samples.push_back(static_cast<double>(frame.nanoseconds));
      lined += frame.text.find("  # ") != frame.text.npos;
    }
    result.samples = {median(samples)};
    print(result);
    result.operation += ", dearest";
    result.samples = {*std::max_element(samples.begin(), samples.end())};
    if (counted_) print(result);
    return lined;
  }
  void size(const char* placement, const char* operation, double bytes, const char* peer = "") {
    if (counted_)
      print({placement, operation, "size", "bytes", nlohmann::json::object(), {bytes}, peer});
  }

 private:
  void print(const Measure& measure) const {
    fmt::print("{}\n", to_json(context_, measure).dump());
  }
  Context context_;
  Device& device_;
  bool counted_ = context_.accelerator.ends_with("-count");  // sizes: the same in both
};

// In functions of vmlinux, the same ones on every run.
std::vector<std::uint64_t> sample_addresses(const ksyms::Table& table, std::uint64_t offset) {
  std::vector<std::uint64_t> addresses;
  ksyms::Scratch scratch;
  for (std::uint64_t state = 1; addresses.size() < kFrames;) {
    state = state * 6364136223846793005u + 1442695040888963407u;
    auto match = table.at(static_cast<std::uint32_t>((state >> 33) % table.size()), scratch);
    if (!match || match->size < 2 || (match->type != 't' && match->type != 'T')) continue;
    addresses.push_back(match->address + 1 + (state >> 20) % (match->size - 1) + offset);
  }
  return addresses;
}

Outcome<Nothing> measure_sizes(Bench& bench, const kimage::Image& image, Bytes symbols) {
  bench.size("stock", "table: symbols", static_cast<double>(TRY(image.kallsyms()).bytes()),
             "kallsyms");
  bench.size("kernel", "table: symbols", static_cast<double>(symbols.size()));
  bench.size("stock", "table: source lines", kPublishedLineinfo, "LINEINFO");
  return ok;
}

Outcome<Nothing> run(const std::string& name, Context context) {
  auto kernel = TRY(lab::find_kernel(name));
  auto image = TRY(kimage::Image::open(kernel.image));
  auto symbols = TRY(ksyms::Symbols::open(image));
  context.kernel = image.release(), context.build_id = image.build_id();
  auto device = TRY(Device::open());
  Bench bench(context, device);
  TRY(measure_sizes(bench, image, symbols.table().bytes()));
  TRY(device.take_symbols(symbols.table().bytes()));
  auto offset = TRY(device.status()).kaslr_offset;
  auto addresses = sample_addresses(symbols.table(), offset);
  TRY(device.drop_all());
  TRY(bench.measure("stock", "frame: symbol", "kallsyms", addresses));
  TRY(device.take_symbols(symbols.table().bytes()));
  TRY(bench.measure("kernel", "frame: symbol", "", addresses));
  auto lines = lines::find_lines({image.release(), image.build_id(), {}});
  if (!lines) return Failure{"source lines are not measured: " + lines.error().message, kYes};
  bench.size("kernel", "table: source lines", static_cast<double>(lines->index().bytes().size()));
  TRY(device.take_lines(lines->index().bytes()));
  auto lined = TRY(bench.measure("kernel", "frame: all", "", addresses));
  fmt::print(stderr, "bench-armed: {} of {} frames have a line\n", lined, addresses.size());
  return ok;
}

}  // namespace
}  // namespace ringside::bench

int main(int argc, char** argv) {
  ringside::cli::App app{"What the kernel's own decoded traces cost.", "bench-armed"};
  std::string kernel = "running";
  app.add_option("--kernel", kernel, "which kernel runs here");
  return ringside::cli::finish(app, argc, argv, [&] {
    return ringside::bench::run(kernel, ringside::bench::this_context("kernel-oops", argc, argv));
  });
}
