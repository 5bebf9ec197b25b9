// ringside html: text out of HTML, in this process or in the kernel.
#include <fcntl.h>

#include "cli/commands.hh"
#include "cli/finish.hh"
#include "user/base/unique_fd.hh"
#include "user/html/device.hh"
#include "user/html/strip.hh"

namespace ringside::cli {
namespace {

using html::Stripper;
using html::Way;

struct Options {
  std::string file = "-", placement = "user";
  Way way = Way::kRead;
  bool raw = false;
};

// Copies what the module makes of `fd` to stdout.
Outcome<Nothing> strip_in_kernel(int fd, const std::string& name, bool raw) {
  auto device = TRY(html::Device::open());
  TRY(device.source(fd, name, raw));
  std::vector<std::byte> room(html::kPiece);
  for (;;) {
    auto text = TRY(device.read(room, name));
    if (text.empty()) return ok;
    TRY(html::write_all(STDOUT_FILENO, text, "standard output"));
  }
}

Outcome<Nothing> run(const Options& options, bool way_given) {
  bool kernel = options.placement == "kernel";
  if (kernel && way_given) return Failure{"--in: the kernel placement reads by itself", kUsage};
  UniqueFd opened;
  if (options.file != "-") {
    opened = UniqueFd(::open(options.file.c_str(), O_RDONLY | O_CLOEXEC | O_NOCTTY));
    if (!opened) return system_failure("open", options.file);
  }
  auto name = opened ? options.file : "standard input";
  int fd = opened ? opened.get() : STDIN_FILENO;
  if (kernel) return strip_in_kernel(fd, name, options.raw);
  auto source = TRY(html::open_source(options.way, fd, name));
  return html::strip(*source, options.raw ? Stripper::kRaw : Stripper::kPage, STDOUT_FILENO);
}

}  // namespace

int html(int argc, char** argv) {
  App app{"Text out of HTML, in constant memory, however large the page.", "ringside html"};
  Options options;
  std::string way = "read";
  app.add_option("FILE", options.file, "the page, UTF-8; - is standard input")
      ->capture_default_str();
  app.add_flag("--raw", options.raw,
               "exactly the characters that the WHATWG's tokenizer emits, without a layout");
  auto* in = app.add_option("--in", way, "how the file is read: read, mmap or uring")
                 ->one_of({"read", "mmap", "uring"})
                 ->capture_default_str();
  app.add_option("--placement", options.placement,
                 "which side reads and strips: user, or kernel (the module)")
      ->one_of({"user", "kernel"})
      ->capture_default_str();
  app.footer(
      "Example: curl -s https://www.debian.org | ringside html\n"
      "Exit status: 0 done, 2 the file cannot be read or the text not written.");
  return finish(app, argc, argv, [&] {
    if (way == "mmap") options.way = Way::kMmap;
    if (way == "uring") options.way = Way::kUring;
    return run(options, in->given());
  });
}

}  // namespace ringside::cli
