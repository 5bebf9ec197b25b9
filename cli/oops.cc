// ringside oops: reports of kernels found in any text and decoded; the text around them goes
// through as it came.
#include <fcntl.h>
#include <fmt/format.h>
#include <sys/utsname.h>

#include <fstream>
#include <thread>

#include "cli/commands.hh"
#include "cli/finish.hh"
#include "cli/oops_arm.hh"
#include "cli/oops_filter.hh"
#include "cli/oops_index.hh"
#include "cli/progress.hh"
#include "lab/kernels/kernels.hh"
#include "user/base/memory_file.hh"
#include "user/base/unique_fd.hh"
#include "user/kimage/running.hh"
#include "user/oops/output.hh"
#include "user/oops/pool.hh"
#include "user/oops/print.hh"
#include "user/oops/pstore.hh"
#include "user/oops/stream.hh"

namespace ringside::cli {
namespace {

struct Options {
  std::vector<std::string> files, to_index;
  std::vector<std::filesystem::path> debug;
  std::string kernel;
  bool only = false, json = false;
  unsigned jobs = 1;
};

using oops::KernelFiles;
using Paths = std::vector<std::filesystem::path>;

bool is_image(const std::filesystem::path& file) {
  return bool(kimage::Image::open(file));
}

bool is_folder(const std::filesystem::path& path) {
  std::error_code error;
  return std::filesystem::is_directory(path, error);
}

// The modules of that release: this machine's, or those of its debug packages; empty: none.
std::filesystem::path modules_of(const std::string& release, const Paths& given) {
  auto below = std::filesystem::path("lib/modules") / release;
  if (is_folder("/" / below)) return "/" / below;
  for (const auto& folder : given)
    if (is_folder(folder / below)) return folder / below;
  return is_folder("/usr/lib/debug" / below) ? "/usr/lib/debug" / below : "";
}

KernelFiles image_files(const std::filesystem::path& file, const Paths& given) {
  auto image = kimage::Image::open(file);
  return {file, image ? modules_of(image->release(), given) : "", true};
}

// --kernel: a kernel by any of its names, an image, a System.map or a copy of /proc/kallsyms.
Outcome<KernelFiles> named_kernel(const std::string& name, const Paths& given) {
  std::error_code error;
  bool is_path = name.find('/') != name.npos || std::filesystem::exists(name, error);
  if (is_path && kimage::read_btf(name)) return KernelFiles{{}, {}, false, {}, name};
  if (is_path && std::filesystem::is_regular_file(name, error) && !is_image(name))
    return KernelFiles{name, {}, false};
  auto kernel = lab::find_kernel(name);
  if (kernel) return KernelFiles{kernel->image, kernel->modules, true};
  if (is_path && std::filesystem::is_regular_file(name, error)) return image_files(name, given);
  return kernel.error();
}

// uname -v, where the kernel that runs here has that release.
std::optional<std::string> running_version(const std::string& release) {
  utsname name;
  return uname(&name) == 0 && release == name.release ? std::optional(name.version) : std::nullopt;
}

// A vmlinux with debug information has all symbols, too.
std::optional<std::filesystem::path> debug_image(const std::string& release, const Paths& given) {
  for (const auto& file : lines::candidates({release, {}, {}}, {.given = given}))
    if (is_image(file)) return file;
  return std::nullopt;
}

// By the release that a report tells: the image, unless it is still to be unpacked and a vmlinux
// with debug information is here, the real System.map, for the kernel that runs here
// /proc/kallsyms; else what is given of its modules.
Outcome<KernelFiles> kernel_of_release(const std::string& release, const Paths& given) {
  if (release.empty()) return Failure{"the report does not tell its kernel: name one by --kernel"};
  if (release.find('/') != release.npos) return Failure{release + ": no kernel's release"};
  auto kernel = lab::find_kernel(release);
  if (kernel && kimage::Image::is_at_hand(kernel->image))
    return KernelFiles{kernel->image, kernel->modules, true};
  auto modules = kernel ? kernel->modules : modules_of(release, given);
  if (auto image = debug_image(release, given)) return KernelFiles{*image, modules, true};
  if (kernel) return KernelFiles{kernel->image, modules, true};
  std::error_code error;
  std::filesystem::path map = "/boot/System.map-" + release;
  constexpr std::uintmax_t kStub = 4096;  // Debian's map holds a line that names another package
  auto running = running_version(release);
  std::filesystem::path types = running ? kimage::kRunningBtf : "";
  if (auto size = std::filesystem::file_size(map, error); !error && size > kStub)
    return KernelFiles{map, modules, false, {}, types, release};
  if (running) return KernelFiles{"/proc/kallsyms", modules, false, {}, types, release, *running};
  if (!given.empty()) return KernelFiles{{}, modules, false, {}, {}, release};
  return Failure{
      fmt::format("kernel {} is not on this machine: install its package (Debian's is "
                  "linux-image-{}), or name its image or System.map by --kernel",
                  release, release)};
}

oops::FindKernel finder(const Options& options) {
  oops::DebugOptions debug{options.debug, progress_bar("indexing debug information")};
  return [name = options.kernel, debug](const std::string& release) -> Outcome<KernelFiles> {
    auto files = TRY(name.empty() ? kernel_of_release(release, debug.given)
                                  : named_kernel(name, debug.given));
    if (files.release.empty()) files.release = release;
    files.debug = debug;
    return files;
  };
}

class Run {
 public:
  explicit Run(const Options& options)
      : options_(options),
        decoder_(finder(options)),
        pool_(options.jobs, [this](const std::string& text) { output_.put(text); }) {}

  Outcome<int> all() {
    if (!options_.kernel.empty()) TRY(oops::Kernel::open(TRY(finder(options_)(""))));
    for (const auto& given : options_.debug)
      if (access(given.c_str(), R_OK) != 0) return system_failure("read", given);
    auto stream =
        TRY(oops::Stream::open({[this](auto text, const auto& block) { take_text(text, block); },
                                [this](oops::Found found) { take_report(std::move(found)); },
                                [this] { return output_.state(); }}));
    auto flush = [this] { pool_.drain(), output_.flush(); };
    int status = kYes;
    if (options_.files.empty()) TRY(stream.read(STDIN_FILENO, "standard input", flush));
    for (const auto& file : options_.files) {
      auto read = read_file(stream, file, flush);
      TRY(output_.state());
      if (!read) fmt::print(stderr, "ringside oops: {}\n", read.error().message);
      if (!read) status = kUnknown;
    }
    pool_.finish(), output_.flush();
    TRY(output_.state());
    return status != kYes ? status : found_ ? kYes : kNo;
  }

 private:
  static Outcome<Nothing> read_file(oops::Stream& stream, const std::string& file,
                                    const std::function<void()>& flush) {
    UniqueFd fd(file == "-" ? ::dup(STDIN_FILENO) : ::open(file.c_str(), O_RDONLY | O_CLOEXEC));
    if (!fd) return system_failure("open", file);
    return stream.read(fd.get(), file, flush);
  }

  void take_text(std::string_view text, const oops::Block& block) {
    if (options_.only || options_.json) return;
    pool_.add([text, block] { return std::string(text); }, text.size());
  }

  void take_report(oops::Found found) {
    found_ = true;
    auto shared = std::make_shared<oops::Found>(std::move(found));
    pool_.add([this, shared] { return print(*shared); }, shared->bytes());
  }

  std::string print(const oops::Found& found) {
    auto decoded = decoder_.decode(found.report());
    if (options_.json) return oops::print_json(found, decoded);
    auto text = oops::print_text(found, decoded, colour_);
    if (options_.only && !text.ends_with('\n')) text += '\n';  // the rest of its line is left out
    return text;
  }

  const Options& options_;
  std::jthread ahead_{oops::load_disassembler};  // meanwhile the kernel is looked for
  bool colour_ = isatty(STDOUT_FILENO) == 1 && std::getenv("NO_COLOR") == nullptr;
  bool found_ = false;
  oops::Output output_{stdout, "standard output"};
  oops::Decoder decoder_;
  oops::Pool pool_;
};

// The last dump that a dead kernel left, as if it were a file.
Outcome<int> decode_last(Options options) {
  auto folders = oops::pstore_folders();
  auto dump = TRY(oops::last_dump(folders));
  for (const auto& note : dump.notes) fmt::print(stderr, "ringside oops: {}\n", note);
  auto file = TRY(MemoryFile::create());
  std::ofstream(file.path()) << dump.text;
  options.files = {file.path()};
  return Run(options).all();
}

}  // namespace

int oops(int argc, char** argv) {
  App app{"Finds the reports of kernels in any text and decodes them.", "ringside oops"};
  Options options;
  app.add_option("FILE", options.files, "where to look; without any, or '-': standard input");
  app.add_option("--kernel,-k", options.kernel,
                 "the kernel to decode against, whatever a report says: a name, an image, a "
                 "System.map");
  app.add_flag("--only", options.only, "the reports alone, without the text around them");
  app.add_flag("--json", options.json, "one JSON object a report (docs/oops.md)");
  app.add_option("--jobs,-j", options.jobs, "threads")->in_range(1, 256)->capture_default_str();
  app.add_option("--debug", options.debug,
                 "a file with debug information, or a folder of such; may be given again")
      ->allow_extra_args(false);
  auto* index = app.add_subcommand("index", "makes the index of source lines ahead");
  index->add_option("KERNEL|FILE", options.to_index, "a kernel by name, or a debug file")
      ->required();
  index->footer(
      "Example: ringside oops index 6.1\n"
      "Prints build-id, bytes and file of each index. Exit status: 0 done, 2 not done.");
  auto* filter = app.add_subcommand("filter", "NDJSON to NDJSON: adds the reports in each text");
  filter->footer(
      "Example: journalctl -k -o cat | jq -R -s -c '{text: .}' | ringside oops filter\n"
      "Reads objects, one a line; each comes out with \"reports\": what --json says of every\n"
      "report in its string \"text\". --kernel, --debug and --jobs stand before the word filter.\n"
      "Exit status: 0 reports were found, 1 none were, 2 a line was no object.");
  auto* last = app.add_subcommand("last", "decodes the dump that the last dead kernel left");
  last->footer(
      "Example: ringside oops --only last\n"
      "Of /sys/fs/pstore, and of where systemd-pstore moves what is there. --only, --json, "
      "--kernel\n"
      "and --debug stand before the word last. Exit status: 0 reports were found, 1 none were, 2 "
      "it\n"
      "could not be read.");
  ArmCommands armed(app);
  app.footer(
      "Example: dmesg | ringside oops --only\n"
      "Exit status: 0 reports were found, 1 none were, 2 an input could not be read.");
  return finish(app, argc, argv, [&]() -> Outcome<int> {
    if (app.chosen() == nullptr) return Run(options).all();
    if (!options.files.empty())
      return Failure{fmt::format("{} takes no FILE", app.chosen()->name()), kUsage};
    if (app.chosen() == last) return decode_last(options);
    if (options.only || options.json)
      return Failure{fmt::format("{} takes no --only or --json", app.chosen()->name()), kUsage};
    if (armed.has(app.chosen())) return armed.run(app.chosen(), options.debug);
    if (app.chosen() == filter) return filter_oopses(finder(options), options.jobs);
    TRY(index_lines(options.to_index, options.debug));
    return kYes;
  });
}

}  // namespace ringside::cli
