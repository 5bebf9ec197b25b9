// bench-decode: what it takes to decode one oops, the whole command as a user starts it. The report
// has 24 symbols, five of them of modules, and is made of the kernel's own. Measured are `ringside
// oops` with the line indexes in the cache, without them, and with nothing in the cache at all; and
// the kernel's own scripts/decode_stacktrace.sh on the same report.
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <fstream>

#include "cli/finish.hh"
#include "lab/kernels/kernels.hh"
#include "user/bench/results.hh"
#include "user/cache/cache.hh"
#include "user/oops/kernel.hh"
#include "user/process/process.hh"

namespace ringside::bench {
namespace {

namespace fs = std::filesystem;

constexpr int kRepeats = 9, kPeerRepeats = 3;
const std::pair<const char*, const char*> kModules[] = {{"ext4", "ext4_file_read_iter"},
                                                        {"ext4", "ext4_mpage_readpages"},
                                                        {"ext4", "ext4_map_blocks"},
                                                        {"jbd2", "jbd2__journal_start"},
                                                        {"jbd2", "jbd2_journal_stop"}};
const char* const kFunctions[] = {"read_pages",        "page_cache_ra_unbounded",
                                  "filemap_get_pages", "filemap_read",
                                  "vfs_read",          "ksys_read",
                                  "do_syscall_64",     "__alloc_pages_bulk",
                                  "kmem_cache_alloc",  "get_page_from_freelist",
                                  "schedule",          "__schedule",
                                  "tcp_sendmsg",       "ip_queue_xmit",
                                  "vfs_write",         "__dev_queue_xmit",
                                  "kthread",           "worker_thread",
                                  "process_one_work",  "ksys_write"};

struct Setup {
  std::string kernel, release, ringside, script;
  fs::path folder, vmlinux, modules;

  fs::path report() const { return folder / "report"; }
};

// "name+0x1f/0x80", in the middle of the symbol.
Outcome<std::string> frame(const oops::SymbolTable& table, const std::string& name) {
  auto symbols = table.named(name);
  if (symbols.empty()) return Failure{name + ": no such symbol"};
  return fmt::format("{}+{:#x}/{:#x}", name, symbols[0].size / 2, symbols[0].size);
}

Outcome<std::string> make_report(const oops::Kernel& kernel) {
  std::vector<std::string> frames;
  for (auto [module, name] : kModules)
    frames.push_back(fmt::format("{} [{}]", TRY(frame(*TRY(kernel.module(module)), name)), module));
  for (const auto* name : kFunctions)
    if (auto found = frame(kernel.symbols(), name); found && frames.size() < 24)
      frames.push_back(*found);
  std::string text = "BUG: kernel NULL pointer dereference, address: 0000000000000018\n";
  text += "#PF: supervisor read access in kernel mode\nOops: 0000 [#1] PREEMPT SMP NOPTI\n";
  text += fmt::format("CPU: 1 PID: 321 Comm: cat Not tainted {} #1\n", kernel.release());
  text += fmt::format("RIP: 0010:{}\n", frames.front());
  text += "Code: 0f 1f 44 00 00 48 89 df e8 13 00 00 00 48 85 c0 <48> 8b 40 18 c3 90 90 90\n";
  for (int line = 0; line < 6; ++line)
    text += "RAX: 0000000000000000 RBX: ffff888004567800 RCX: 0000000000000000\n";
  text += "Call Trace:\n <TASK>\n";
  for (std::size_t at = 1; at < frames.size(); ++at) text += " " + frames[at] + "\n";
  return text + " </TASK>\nModules linked in: ext4 jbd2\n---[ end trace 0000000000000000 ]---\n";
}

// Milliseconds of one run; a Failure where it ends badly.
Outcome<double> time_of(const Process& process) {
  auto start = now();
  TRY(output_of(process));
  return (now() - start) / 1e6;
}

Process decode(const Setup& setup, const fs::path& cache) {
  return {{setup.ringside, "oops", setup.report()}, {}, {"XDG_CACHE_HOME=" + cache.native()}};
}

// A cache with the user's kernels and, where `symbols`, all of the index but source lines.
Outcome<Nothing> make_cache(const fs::path& folder, bool symbols) {
  std::error_code error;
  fs::create_directories(folder / "ringside/index", error);
  fs::create_directory_symlink(cache::root() / "kernels", folder / "ringside/kernels", error);
  if (symbols)
    for (const auto& entry : fs::recursive_directory_iterator(cache::root() / "index", error)) {
      auto target = folder / "ringside/index" / fs::relative(entry, cache::root() / "index");
      if (entry.is_directory(error)) fs::create_directories(target, error);
      if (entry.is_regular_file(error) && !entry.path().filename().native().starts_with("lines"))
        fs::copy_file(entry, target, error);
    }
  return error ? Outcome<Nothing>(Failure{folder.native() + ": " + error.message()}) : ok;
}

Outcome<Nothing> index_all(const Setup& setup) {
  TRY(output_of({{setup.ringside, "oops", "index", setup.release}, {}, {}}));
  for (const auto* module : {"ext4/ext4", "jbd2/jbd2"})
    TRY(output_of(
        {{setup.ringside, "oops", "index", setup.modules / fmt::format("kernel/fs/{}.ko", module)},
         {},
         {}}));
  return ok;
}

Process script_of(const Setup& setup) {
  return {{"sh", "-c", "exec bash \"$0\" \"$1\" auto \"$2\" <\"$3\"", setup.script, setup.vmlinux,
           setup.modules, setup.report()},
          {},
          {}};
}

Measure measure_of(const std::string& operation) {
  return {"user", operation, "time", "ms", {{"symbols", 24}}, {}};
}

// With the lines' index and without it, by turns.
Outcome<Nothing> measure_warm(const Setup& setup, Measure& warm, Measure& without) {
  auto symbols = setup.folder / "symbols";
  TRY(index_all(setup));
  TRY(make_cache(symbols, true));
  TRY(time_of(decode(setup, symbols)));
  for (int each = 0; each < kRepeats; ++each) {
    warm.samples.push_back(TRY(time_of(decode(setup, cache::root().parent_path()))));
    without.samples.push_back(TRY(time_of(decode(setup, symbols))));
  }
  return ok;
}

// From nothing, ours and the script.
Outcome<Nothing> measure_cold(const Setup& setup, Measure& first, Measure& script) {
  for (int each = 0; each < kPeerRepeats; ++each) {
    auto empty = setup.folder / fmt::format("empty{}", each);
    TRY(make_cache(empty, false));
    first.samples.push_back(TRY(time_of(decode(setup, empty))));
    script.samples.push_back(TRY(time_of(script_of(setup))));
  }
  return ok;
}

Outcome<Nothing> measure(const Setup& setup, const Context& context) {
  auto print = [&](Measure measure) { fmt::print("{}\n", to_json(context, measure).dump()); };
  auto warm = measure_of("decode an oops, lines indexed");
  auto without = measure_of("decode an oops, no lines indexed");
  auto first = measure_of("decode an oops, nothing in the cache");
  auto script = measure_of("decode an oops");
  script.peer = "decode_stacktrace.sh";
  TRY(measure_warm(setup, warm, without));
  TRY(measure_cold(setup, first, script));
  for (const auto& each : {warm, without, first, script}) print(each);
  Measure ratio{"user", "decode an oops: script to us", "ratio", "x", nlohmann::json::object(), {}};
  ratio.samples = {median(script.samples) / median(warm.samples)}, ratio.peer = script.peer;
  print(ratio);
  return ok;
}

Outcome<Nothing> run(Setup setup, Context context) {
  auto kernel = TRY(lab::find_kernel(setup.kernel));
  auto opened = TRY(oops::Kernel::open({kernel.image, kernel.modules, true}));
  setup.release = context.kernel = opened->release();
  context.build_id = opened->build_id();
  setup.vmlinux = "/usr/lib/debug/boot/vmlinux-" + setup.release;
  setup.modules = "/usr/lib/debug/lib/modules/" + setup.release;
  std::error_code error;
  setup.folder = fs::absolute(setup.folder);  // or XDG_CACHE_HOME would not count
  fs::remove_all(setup.folder, error);
  fs::create_directories(setup.folder, error);
  std::ofstream(setup.report()) << TRY(make_report(*opened));
  return measure(setup, context);
}

}  // namespace
}  // namespace ringside::bench

int main(int argc, char** argv) {
  ringside::cli::App app{"What it takes to decode one oops.", "bench-decode"};
  ringside::bench::Setup setup;
  app.add_option("--kernel", setup.kernel, "the kernel, whose -dbg package is installed")
      ->required();
  app.add_option("--ringside", setup.ringside, "the command")->required();
  app.add_option("--script", setup.script, "the kernel's decode_stacktrace.sh")->required();
  app.add_option("--folder", setup.folder, "for caches and the report; emptied")->required();
  return ringside::cli::finish(app, argc, argv, [&] {
    return ringside::bench::run(setup, ringside::bench::this_context("oops", argc, argv));
  });
}
