// ringside kimage: prints what an image says. One section an option; without any, a summary.
#include <fmt/format.h>
#include <sys/utsname.h>

#include <nlohmann/json.hpp>

#include "cli/commands.hh"
#include "cli/finish.hh"
#include "cli/kernel_image.hh"
#include "user/kimage/image.hh"
#include "user/kimage/running.hh"

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

Outcome<Nothing> print_running_symbols() {
  auto running = TRY(kimage::read_running_symbols());
  for (const auto& symbol : running.symbols)
    fmt::print("{:016x} {} {}\n", symbol.address, symbol.type, symbol.name);
  return ok;
}

// "unknown" of a summary says why a value is null.
std::string text_of(const json& summary, const std::string& key) {
  const auto& value = summary[key];
  if (value.is_string()) return value.get<std::string>();
  if (!value.is_null()) return value.dump();
  return fmt::format("unknown: {}", summary["unknown"].value(key, ""));
}

void print_summary(const json& summary, bool as_json) {
  if (as_json) return fmt::print("{}\n", summary.dump());
  for (const auto& [key, value] : summary.items())
    if (key != "unknown") fmt::print("{:<16}{}\n", key, text_of(summary, key));
}

Outcome<json> summary_of(kimage::Image& image) {
  auto symbols = TRY(image.kallsyms());
  auto exports = TRY(image.exports());
  auto orc = TRY(image.orc());
  auto btf = image.btf();  // a kernel may have been built without
  json unknown = json::object();
  if (!btf) unknown["btf_types"] = btf.error().message;
  return json{{"release", image.release()},
              {"build_id", image.build_id()},
              {"symbols", symbols.size()},
              {"kallsyms_bytes", symbols.bytes()},
              {"exports", exports.size()},
              {"orc_entries", orc.size()},
              {"btf_types", btf ? json(btf->size()) : json()},
              {"unknown", unknown}};
}

// Without its image (`missing` says why there is none) a running kernel shows neither its export
// tables nor its ORC.
Outcome<json> summary_of_running(const Failure& missing) {
  auto running = kimage::read_running_symbols();  // root's alone
  auto btf = kimage::read_btf();
  std::vector<std::byte> memory(btf ? btf->size() : 0);
  Arena arena(memory);
  auto types = btf ? kimage::Btf::open(*btf, arena) : Error{"no BTF"};
  utsname names{};
  uname(&names);
  json unknown = {{"exports", missing.message}, {"orc_entries", missing.message}};
  if (!running) unknown["symbols"] = unknown["kaslr_offset"] = running.error().message;
  if (!types)
    unknown["btf_types"] =
        btf ? describe(types.error(), "/sys/kernel/btf/vmlinux") : btf.error().message;
  return json{{"release", names.release},
              {"build_id", TRY(kimage::running_build_id())},
              {"symbols", running ? json(running->symbols.size()) : json()},
              {"kaslr_offset", running ? json(fmt::format("{:#x}", running->offset)) : json()},
              {"exports", json()},
              {"orc_entries", json()},
              {"btf_types", types ? json(types->size()) : json()},
              {"unknown", unknown}};
}

Outcome<int> print_summary_of(const json& summary, bool as_json) {
  print_summary(summary, as_json);
  return summary["unknown"].empty() ? kYes : kUnknown;
}

Outcome<int> run_without_image(const Options& options, const Failure& failure) {
  if (options.exports) return failure;
  if (!options.symbols) return print_summary_of(TRY(summary_of_running(failure)), options.json);
  TRY(print_running_symbols());
  return kYes;
}

Outcome<int> run(const Options& options) {
  auto image = open_image(options.kernel);
  if (!image && options.kernel == "running") return run_without_image(options, image.error());
  if (!image) return image.error();
  if (!options.symbols && !options.exports)
    return print_summary_of(TRY(summary_of(*image)), options.json);
  TRY(options.symbols ? print_symbols(*image) : print_exports(*image));
  return kYes;
}

}  // namespace

int kimage(int argc, char** argv) {
  App app{"What a kernel image says, from the image alone.", "ringside kimage"};
  Options options;
  app.add_option("KERNEL", options.kernel,
                 "6.1, 6.12, a package, a release, a bzImage or a vmlinux");
  auto* symbols =
      app.add_flag("--symbols", options.symbols, "every symbol, as /proc/kallsyms lists them");
  app.add_flag("--exports", options.exports, "every export, as Module.symvers lists them")
      ->excludes(symbols);
  app.add_flag("--json", options.json, "the summary as one JSON object")->excludes(symbols);
  app.footer(
      "Example: ringside kimage 6.1 --exports | grep GPL | wc -l\n"
      "Without KERNEL: the running one. Exit status: 0 done, 2 could not tell, or not all.");
  return finish(app, argc, argv, [&] { return run(options); });
}

}  // namespace ringside::cli
