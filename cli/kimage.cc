// ringside kimage: prints what an image says. One section an option; without any, a summary.
#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "cli/commands.hh"
#include "cli/finish.hh"
#include "lab/kernels/kernels.hh"
#include "user/kimage/image.hh"

namespace ringside::cli {
namespace {

using nlohmann::json;

struct Options {
  std::string kernel = "running";
  bool symbols = false, exports = false, json = false;
};

Outcome<Nothing> print_symbols(const kimage::Image& image) {
  auto tables = TRY(image.kallsyms());
  kimage::Kallsyms::Cursor cursor(tables);
  for (;;) {
    auto symbol = cursor.next();
    if (!symbol) return Failure{describe(symbol.error(), image.source())};
    if (!*symbol) return ok;
    fmt::print("{:016x} {} {}\n", (*symbol)->address, (*symbol)->type, (*symbol)->name);
  }
}

// As Module.symvers has it: CRC, symbol, provider, export type, namespace.
Outcome<Nothing> print_exports(const kimage::Image& image) {
  auto exports = TRY(image.exports());
  for (std::uint32_t index = 0; index < exports.size(); ++index) {
    auto entry = exports.at(index);
    if (!entry) return Failure{describe(entry.error(), image.source())};
    fmt::print("{:#010x}\t{}\tvmlinux\t{}\t{}\n", entry->crc, entry->name,
               entry->gpl_only ? "EXPORT_SYMBOL_GPL" : "EXPORT_SYMBOL", entry->name_space);
  }
  return ok;
}

Outcome<Nothing> print_summary(kimage::Image& image, bool as_json) {
  auto symbols = TRY(image.kallsyms());
  auto exports = TRY(image.exports());
  auto orc = TRY(image.orc());
  auto btf = image.btf();  // a kernel may have been built without
  json summary = {{"release", image.release()},
                  {"build_id", image.build_id()},
                  {"symbols", symbols.size()},
                  {"kallsyms_bytes", symbols.bytes()},
                  {"exports", exports.size()},
                  {"orc_entries", orc.size()},
                  {"btf_types", btf ? json(btf->size()) : json()}};
  if (as_json) return fmt::print("{}\n", summary.dump()), ok;
  for (const auto& [key, value] : summary.items())
    fmt::print("{:<16}{}\n", key, value.is_string() ? value.get<std::string>() : value.dump());
  return ok;
}

Outcome<Nothing> run(const Options& options) {
  auto kernel = TRY(lab::find_kernel(options.kernel));
  auto image = TRY(kimage::Image::open(kernel.image));
  if (options.symbols) return print_symbols(image);
  if (options.exports) return print_exports(image);
  return print_summary(image, options.json);
}

}  // namespace

int kimage(int argc, char** argv) {
  CLI::App app{"What a kernel image says, from the image alone.", "ringside kimage"};
  Options options;
  app.add_option("KERNEL", options.kernel, "6.1, 6.12, a package, a release, a bzImage or a vmlinux");
  app.add_flag("--symbols", options.symbols, "every symbol, as /proc/kallsyms lists them");
  app.add_flag("--exports", options.exports, "every export, as Module.symvers lists them");
  app.add_flag("--json", options.json, "the summary as one JSON object");
  app.footer("Example: ringside kimage 6.1 --exports | grep GPL | wc -l");
  return finish(app, argc, argv, [&] { return run(options); });
}

}  // namespace ringside::cli
