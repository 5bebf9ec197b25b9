// bench-html: what reading and stripping cost on each side. Reading: the same cached file through
// read(2), mmap, io_uring and, where the module is loaded, kernel_read() behind the device, which
// strips what it read, so that its figures are beside those of reading and stripping here.
// Stripping: the core over pages in memory beside memcpy and a loop of two memchr() a tag; then the
// whole of it, the module's core apart. Under the lab's --count a nanosecond is an instruction.
#include <fcntl.h>
#include <fmt/format.h>
#include <liburing.h>
#include <sys/mman.h>
#include <sys/resource.h>

#include <algorithm>
#include <cstring>
#include <ctime>
#include <filesystem>
#include <memory>

#include "cli/finish.hh"
#include "user/base/mapped_file.hh"
#include "user/bench/results.hh"
#include "user/html/device.hh"
#include "user/html/strip.hh"
#include "user/process/process.hh"

namespace ringside::bench {
namespace {

using html::Device;
using html::kSlice;
using html::Simd;
using html::Stripper;
using html::Way;

struct Options {
  std::string pages, set, parts = "native";
  int repeats = 9;
};

struct Bench {
  Context context;
  Options options;
  bool counted = false;
  Bytes pages;

  void print(const Measure& measure) const { fmt::print("{}\n", to_json(context, measure).dump()); }

  // The cost of `once`, per `units` of what it does; the first run warms up.
  template <class Once>
  Outcome<double> cost(const char* placement, const std::string& operation,
                       nlohmann::json parameters, double units, std::string peer, Once once) const {
    Measure measure{placement,
                    operation,
                    counted ? "instructions" : "time",
                    counted ? "instructions" : "ns",
                    std::move(parameters),
                    {},
                    std::move(peer)};
    TRY(once());
    for (int each = 0; each < options.repeats; ++each) {
      auto start = now();
      TRY(once());
      measure.samples.push_back((now() - start) / units);
    }
    print(measure);
    return median(measure.samples);
  }

  // Bytes of pages through `once`: GB/s natively, instructions a byte where they are counted.
  template <class Once>
  Outcome<double> rate(const char* placement, const std::string& operation, std::string peer,
                       Once once) const {
    Measure measure{placement,
                    operation,
                    counted ? "instructions" : "rate",
                    counted ? "instr/byte" : "GB/s",
                    {{"pages", options.set}, {"bytes", pages.size()}},
                    {},
                    std::move(peer)};
    auto bytes = static_cast<double>(pages.size());
    for (int each = 0; each < options.repeats; ++each) {
      auto spent = TRY(once());
      measure.samples.push_back(counted ? spent / bytes : bytes / spent);
    }
    print(measure);
    return median(measure.samples);
  }
};

// Runs `work` and gives its nanoseconds.
template <class Work>
auto timed(Work work) {
  return [work]() -> Outcome<double> {
    auto start = now();
    work();
    return now() - start;
  };
}

std::size_t strip_memory(Bytes pages, Stripper::Mode mode, Simd simd, std::span<std::byte> room) {
  auto stripper = std::make_unique<Stripper>(mode);
  std::size_t size = 0;
  while (!pages.empty()) {
    stripper->index(pages, simd);
    do {
      size += stripper->run(pages, room);
    } while (!stripper->done());
    pages = pages.subspan(std::min<std::size_t>(pages.size(), kSlice));
  }
  return size + stripper->finish(room);
}

void index_memory(Bytes pages, Simd simd) {
  auto stripper = std::make_unique<Stripper>(Stripper::kRaw);
  for (; !pages.empty(); pages = pages.subspan(std::min<std::size_t>(pages.size(), kSlice)))
    stripper->index(pages, simd);
}

// What a program that knows nothing of quotes, comments, scripts or references would do.
std::size_t memchr_loop(Bytes pages, std::byte* out) {
  auto* from = reinterpret_cast<const char*>(pages.data());
  auto* end = from + pages.size();
  auto* start = out;
  while (from < end) {
    auto* tag = static_cast<const char*>(std::memchr(from, '<', end - from));
    if (!tag) tag = end;
    std::memcpy(out, from, tag - from);
    out += tag - from;
    auto* close = tag < end ? static_cast<const char*>(std::memchr(tag, '>', end - tag)) : nullptr;
    from = close ? close + 1 : end;
  }
  return static_cast<std::size_t>(out - start);
}

Outcome<Nothing> measure_core(const Bench& bench) {
  std::vector<std::byte> out(bench.pages.size() + 64), room(256 * 1024);
  TRY(bench.rate("user", "memcpy", "memcpy",
                 timed([&] { std::memcpy(out.data(), bench.pages.data(), bench.pages.size()); })));
  TRY(bench.rate("user", "memchr loop", "memchr",
                 timed([&] { memchr_loop(bench.pages, out.data()); })));
  auto best = html::best_simd();
  auto strip = [&](Stripper::Mode mode, Simd simd) {
    return timed([&, mode, simd] { strip_memory(bench.pages, mode, simd, room); });
  };
  TRY(bench.rate("user", "core --raw", "", strip(Stripper::kRaw, best)));
  TRY(bench.rate("user", "core --raw, SSE2", "", strip(Stripper::kRaw, Simd::kSse2)));
  TRY(bench.rate("user", "core --raw, portable", "", strip(Stripper::kRaw, Simd::kPortable)));
  TRY(bench.rate("user", "core for people", "", strip(Stripper::kPage, best)));
  TRY(bench.rate("user", "index alone", "", timed([&] { index_memory(bench.pages, best); })));
  return ok;
}

// All of the page file through the module: what the core took there, and of that the FPU.
Outcome<Nothing> measure_module(const Bench& bench) {
  std::vector<std::byte> room(256 * 1024);
  UniqueFd page(::open(bench.options.pages.c_str(), O_RDONLY | O_CLOEXEC));
  auto run = [&](bool raw, std::uint32_t flags) -> Outcome<rs_html_status> {
    auto device = TRY(Device::open());
    TRY(device.source(page.get(), "pages", raw, flags));
    while (!TRY(device.read(room, "pages")).empty()) {
    }
    return TRY(device.status());
  };
  auto core = [&](bool raw, std::uint32_t flags) {
    return [=]() -> Outcome<double> {
      auto status = TRY(run(raw, flags));
      return static_cast<double>(status.core_ns - status.fpu_ns);
    };
  };
  TRY(bench.rate("kernel", "core --raw", "", core(true, 0)));
  TRY(bench.rate("kernel", "core --raw, portable", "", core(true, RS_HTML_PORTABLE)));
  TRY(bench.rate("kernel", "core for people", "", core(false, 0)));
  Measure fpu{"kernel",
              "FPU of a slice",
              bench.counted ? "instructions" : "time",
              bench.counted ? "instructions" : "ns",
              {{"slice", kSlice}},
              {}};
  for (int each = 0; each < bench.options.repeats; ++each) {
    auto status = TRY(run(true, 0));
    fpu.samples.push_back(static_cast<double>(status.fpu_ns) / static_cast<double>(status.slices));
  }
  bench.print(fpu);
  auto whole = bench.rate("kernel", "read and strip --raw", "", [&]() -> Outcome<double> {
    auto start = now();
    TRY(run(true, 0));
    return now() - start;
  });
  return whole ? Outcome<Nothing>(ok) : whole.error();
}

// The same on this side: read(2), strip, and the text is dropped.
Outcome<Nothing> measure_ways(const Bench& bench) {
  UniqueFd nowhere(::open("/dev/null", O_WRONLY | O_CLOEXEC));
  UniqueFd page(::open(bench.options.pages.c_str(), O_RDONLY | O_CLOEXEC));
  for (auto [way, name] :
       {std::pair{Way::kRead, "read"}, {Way::kMmap, "mmap"}, {Way::kUring, "uring"}}) {
    auto once = [&, way = way]() -> Outcome<double> {
      lseek(page.get(), 0, SEEK_SET);
      auto start = now();
      auto source = TRY(html::open_source(way, page.get(), "pages"));
      TRY(html::strip(*source, Stripper::kRaw, nowhere.get()));
      return now() - start;
    };
    TRY(bench.rate("user", fmt::format("{} and strip --raw", name), "", once));
  }
  return ok;
}

// Reading alone, from the page cache, by size; each cost is the median's. A map and a ring are set
// up before, and a map is copied out of, so that all end with the bytes in the same place.
class Reads {
 public:
  Reads(const Bench& bench, std::size_t size)
      : bench_(bench), size_(size), file_(memfd_create("cached", MFD_CLOEXEC)), buffer_(size) {}

  Outcome<Nothing> measure(bool kernel) {
    TRY(html::write_all(file_.get(), buffer_, "a file in memory"));
    auto read = TRY(by("user", "read", [&]() -> Outcome<Nothing> {
      if (pread(file_.get(), buffer_.data(), size_, 0) >= 0) return ok;
      return system_failure("read", "a file in memory");
    }));
    TRY(by_map());
    TRY(by_ring());
    if (!kernel) return ok;
    auto in_kernel = TRY(by_kernel());
    bench_.print({"either",
                  "read / kernel_read " + name(),
                  "ratio",
                  "x",
                  {{"bytes", size_}},
                  {read / in_kernel}});
    return ok;
  }

 private:
  int rounds() const { return size_ < 65536 ? 400 : 20; }
  std::string name() const {
    if (size_ < 1024) return fmt::format("{} B", size_);
    return size_ < 1 << 20 ? fmt::format("{} KiB", size_ >> 10)
                           : fmt::format("{} MiB", size_ >> 20);
  }

  template <class Once>
  Outcome<double> by(const char* placement, const char* way, Once once) {
    return bench_.cost(placement, fmt::format("{} {}", way, name()), {{"bytes", size_}}, rounds(),
                       "", [&]() -> Outcome<Nothing> {
                         for (int each = 0; each < rounds(); ++each) TRY(once());
                         return ok;
                       });
  }

  Outcome<Nothing> by_map() {
    void* map = mmap(nullptr, size_, PROT_READ, MAP_SHARED, file_.get(), 0);
    if (map == MAP_FAILED) return system_failure("map", "a file in memory");
    auto cost = by("user", "mmap", [&]() -> Outcome<Nothing> {
      std::memcpy(buffer_.data(), map, size_);
      asm volatile("" ::: "memory");
      return ok;
    });
    munmap(map, size_);
    return cost ? Outcome<Nothing>(ok) : cost.error();
  }

  Outcome<Nothing> by_ring() {
    io_uring ring;
    int status = io_uring_queue_init(1, &ring, 0);
    if (status < 0) return Failure{"no io_uring here"};
    auto cost = by("user", "uring", [&]() -> Outcome<Nothing> {
      io_uring_prep_read(io_uring_get_sqe(&ring), file_.get(), buffer_.data(),
                         static_cast<unsigned>(size_), 0);
      io_uring_cqe* completion = nullptr;
      if (io_uring_submit_and_wait(&ring, 1) < 0 || io_uring_peek_cqe(&ring, &completion) < 0)
        return Failure{"io_uring did not read"};
      io_uring_cqe_seen(&ring, completion);
      return ok;
    });
    io_uring_queue_exit(&ring);
    return cost ? Outcome<Nothing>(ok) : cost.error();
  }

  // The module measures its own rounds, so that the way into it is not charged to the read.
  Outcome<double> by_kernel() {
    auto device = TRY(Device::open());
    Measure measure{"kernel",
                    "kernel_read " + name(),
                    bench_.counted ? "instructions" : "time",
                    bench_.counted ? "instructions" : "ns",
                    {{"bytes", size_}},
                    {}};
    for (int each = 0; each <= bench_.options.repeats; ++each) {
      auto cost = TRY(device.read_cost(file_.get(), size_, static_cast<unsigned>(rounds())));
      if (each) measure.samples.push_back(static_cast<double>(cost) / rounds());
    }
    bench_.print(measure);
    return median(measure.samples);
  }

  const Bench& bench_;
  std::size_t size_;
  UniqueFd file_;
  std::vector<std::byte> buffer_;
};

// The blog of the 2000s: ticks of one read of a page on either side, and their ratio.
void print_old(const Bench& bench) {
  constexpr double kKernel = 246, kUser = 675;
  const char* who = "an old blog";
  bench.print({"kernel", "read a page, old", "time", "ticks", {}, {kKernel}, who});
  bench.print({"user", "read a page, old", "time", "ticks", {}, {kUser}, who});
  bench.print({"either", "read a page, old", "ratio", "x", {}, {kUser / kKernel}, who});
}

// A program that turns HTML into text, in processor time with its start; these lay out, too.
Outcome<Nothing> measure_peer(const Bench& bench, const std::string& peer,
                              const std::vector<std::string>& argv) {
  if (!find_program(argv[0])) {
    fmt::print(stderr, "bench-html: {} is not installed: left out\n", argv[0]);
    return ok;
  }
  auto cpu = [] {
    rusage usage{};
    getrusage(RUSAGE_CHILDREN, &usage);
    return static_cast<double>(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) * 1e9 +
           static_cast<double>(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) * 1e3;
  };
  auto bytes = static_cast<double>(bench.pages.size());
  Measure measure{"user",
                  "page to text, CPU",
                  "rate",
                  "MB/s",
                  {{"pages", bench.options.set}, {"bytes", bench.pages.size()}},
                  {},
                  peer};
  if (!peer.empty()) measure.placement = peer;
  if (argv.size() > 2 && argv[2] == "--raw") measure.operation += ", --raw";
  for (int each = 0; each < 3; ++each) {
    auto start = cpu();
    TRY(output_of({argv, {}, {"LC_ALL=C.UTF-8"}}));
    measure.samples.push_back(bytes / (cpu() - start) * 1e3);
  }
  bench.print(measure);
  return ok;
}

Outcome<Nothing> measure_peers(const Bench& bench) {
  auto ringside = std::filesystem::read_symlink("/proc/self/exe").parent_path() / "ringside";
  const auto& pages = bench.options.pages;
  TRY(measure_peer(bench, "", {ringside.string(), "html", "--in=mmap", pages}));
  TRY(measure_peer(bench, "", {ringside.string(), "html", "--raw", "--in=mmap", pages}));
  TRY(measure_peer(bench, "html2text", {"html2text", pages}));
  TRY(measure_peer(bench, "lynx", {"lynx", "-dump", "-nolist", "-force_html", pages}));
  return measure_peer(bench, "w3m", {"w3m", "-dump", "-T", "text/html", pages});
}

Outcome<Nothing> run(Options options, Context context) {
  name_running_kernel(context);
  Bench bench{context, options, context.accelerator.ends_with("-count"), {}};
  auto pages = TRY(MappedFile::open(options.pages));
  std::vector<std::byte> copy(pages.bytes().begin(), pages.bytes().end());
  bench.pages = copy;
  if (options.parts == "peers") return measure_peers(bench);
  if (options.parts != "strip") {
    for (std::size_t size : {64, 1024, 4096, 65536, 1 << 20})
      TRY(Reads(bench, size).measure(options.parts == "guest"));
    if (options.parts == "guest") print_old(bench);
  }
  TRY(measure_core(bench));
  TRY(measure_ways(bench));
  return options.parts == "guest" ? measure_module(bench) : Outcome<Nothing>(ok);
}

}  // namespace
}  // namespace ringside::bench

int main(int argc, char** argv) {
  using namespace ringside::bench;
  ringside::cli::App app{"What reading and stripping HTML costs on each side.", "bench-html"};
  Options options;
  app.add_option("PAGES", options.pages, "a file of HTML")->required();
  app.add_option("--set", options.set, "what pages they are, for the results")->required();
  app.add_option("--parts", options.parts,
                 "native; strip: without the reads; guest: with ringside_html.ko; peers")
      ->one_of({"native", "strip", "guest", "peers"});
  app.add_option("--repeats", options.repeats, "samples of each figure");
  return ringside::cli::finish(app, argc, argv,
                               [&] { return run(options, this_context("html", argc, argv)); });
}
