// What needs no guest: lines and text by Kbuild's own list of objects, bytes of module files by the
// sections that the loader of a placement reads, export tables from the image. Lines are those that
// are not blank.
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <fstream>
#include <functional>
#include <map>
#include <regex>
#include <set>

#include "bench/loader.hh"
#include "core/ksyms/build.hh"
#include "lab/kernels/kernels.hh"
#include "user/base/reserved_memory.hh"
#include "user/modtree/closure.hh"
#include "user/modules/linker.hh"
#include "user/modules/module_file.hh"
#include "user/process/process.hh"

namespace ringside::bench {
namespace {

namespace fs = std::filesystem;

constexpr const char* kPlacements[] = {"stock", "bind", "user", "kernel"};

// What a placement is charged with: rows of four figures.
struct Row {
  double stock = 0, bind = 0, user = 0, kernel = 0;
};

std::uint64_t lines_in(const fs::path& file) {
  std::ifstream stream(file);
  std::uint64_t count = 0;
  for (std::string line; std::getline(stream, line);)
    count += line.find_first_not_of(" \t") != line.npos;
  return count;
}

// Both halves of a source, as far as they are there.
std::uint64_t lines_of(const fs::path& stem) {
  std::uint64_t count = 0;
  for (const char* suffix : {".c", ".cc", ".S", ".h", ".hh"})
    count += lines_in(stem.native() + suffix);
  return count;
}

std::uint64_t lines_below(const fs::path& folder) {
  std::uint64_t count = 0;
  for (const auto& entry : fs::directory_iterator(folder))
    if (entry.is_regular_file()) count += lines_in(entry.path());
  return count;
}

Outcome<std::uint64_t> text_of(const fs::path& object) {
  auto file = TRY(MappedFile::open(object));
  auto opened = elf::File::open(file.bytes());
  if (!opened) return Failure{describe(opened.error(), object)};
  std::uint64_t bytes = 0;
  for (std::uint32_t index = 1; index < opened->section_count(); ++index)
    if (auto section = opened->section(index); section && section->flags & modules::kFlagExec)
      bytes += section->size;
  return bytes;
}

// An object that Kbuild links into ringside_loader.ko.
struct Part {
  std::string object;  // "core_modules_relocate"
  fs::path source;     // without its suffix
  bool core = false;   // the core, and its C face: `kernel` alone needs them
};

std::vector<Part> parts_of_loader(const fs::path& root) {
  std::ifstream stream(root / "kernel/loader/Kbuild");
  std::string text(std::istreambuf_iterator<char>(stream), {});
  std::vector<Part> parts;
  static const std::regex kObject("([a-z0-9_]+)\\.o\\b"), kCore("core_([a-z0-9]+)_([a-z0-9_]+)");
  for (std::sregex_iterator at(text.begin(), text.end(), kObject), end; at != end; ++at) {
    std::string name = (*at)[1];
    std::smatch core;
    if (name == "ringside_loader") continue;
    if (std::regex_match(name, core, kCore))
      parts.push_back({name, root / "core" / core[1].str() / core[2].str(), true});
    else
      parts.push_back({name, root / "kernel/loader" / name, name == "bridge"});
  }
  return parts;
}

// The sections that a loader reads to know what is in a file; what is only copied does not count.
struct Parsed {
  std::uint64_t headers = 0, symbols = 0, info = 0, relocations = 0, signature = 0;

  void add(const modules::Module& module) {
    const auto& object = module.object();
    auto contents = [&](std::uint32_t index) { return object.contents(index).size(); };
    headers += sizeof(modules::ElfHeader) + object.sections().size_bytes() +
               contents(object.find_any(".shstrtab"));
    symbols += object.symbols().size() + object.strings().size();
    info += contents(object.find_any(".modinfo")) + contents(object.find_any("__versions"));
    signature += module.signed_file().signature.size();
    for (std::uint32_t index = 1; index < object.sections().size(); ++index) {
      const auto& header = object.sections()[index];
      if (header.type == modules::kSectionRela && header.info < object.sections().size() &&
          object.sections()[header.info].flags & modules::kFlagAlloc)
        relocations += header.size;
    }
  }
};

class Facts {
 public:
  Facts(const Debate& debate, modules::Kernel& kernel, fs::path build, fs::path root)
      : debate_(debate), kernel_(kernel), build_(std::move(build)), root_(std::move(root)) {}

  Outcome<Nothing> print(const std::vector<ModuleSet>& sets);

 private:
  void print(const std::string& what, const Row& row, const char* unit,
             const nlohmann::json& parameters = nlohmann::json::object()) const;
  Outcome<Nothing> print_text();
  void print_lines();
  Outcome<Nothing> print_parsed(const ModuleSet& set);
  Outcome<Nothing> print_exports();
  Outcome<Nothing> print_unexported();
  Outcome<std::vector<std::string>> unexported(const std::string& module) const;

  const Debate& debate_;
  modules::Kernel& kernel_;
  fs::path build_, root_;
};

void Facts::print(const std::string& what, const Row& row, const char* unit,
                  const nlohmann::json& parameters) const {
  const double values[] = {row.stock, row.bind, row.user, row.kernel};
  for (int each = 0; each < 4; ++each)
    debate_.print({kPlacements[each], what, "size", unit, parameters, {values[each]}});
}

// The module is one, whatever it is asked for; `user` makes no use of the core in it.
Outcome<Nothing> Facts::print_text() {
  Row row;
  auto folder = build_ / "modules" / kernel_.release() / "loader";
  for (const auto& part : parts_of_loader(root_)) {
    auto bytes = static_cast<double>(TRY(text_of(folder / (part.object + ".o"))));
    row.kernel += bytes;
    if (!part.core) row.user += bytes;
  }
  print("our text in ring 0", row, "bytes");
  return ok;
}

void Facts::print_lines() {
  Row ring0, user;
  for (const auto& part : parts_of_loader(root_)) {
    auto count = static_cast<double>(lines_of(part.source));
    ring0.kernel += count;
    if (!part.core) ring0.user += count;
  }
  for (const char* header :
       {"kernel/loader/loader.h", "kernel/base/call.h", "kernel/base/transfer.h"}) {
    auto count = static_cast<double>(lines_in(root_ / header));
    ring0.user += count, ring0.kernel += count;
  }
  print("our lines in ring 0", ring0, "lines");
  auto loader = [&](const char* name) { return lines_of(root_ / "user/loader" / name); };
  double common = 0;
  for (auto folder :
       {"user/loader", "user/modules", "user/modtree", "user/signature", "core/modules"})
    common += static_cast<double>(lines_below(root_ / folder));
  auto bind = static_cast<double>(loader("bind"));
  auto handed = static_cast<double>(loader("handover") + loader("compare"));
  common -= bind + handed;
  user = {common, common + bind, common + bind + handed, common + bind + handed};
  print("our lines in user space", user, "lines");
}

// By the kernel's own loader, and by us in the kernel: section headers for either hand-over, and
// what the core relocates by.
Outcome<Nothing> Facts::print_parsed(const ModuleSet& set) {
  Parsed parsed;
  modules::Overlay none;
  auto linker = TRY(modules::Linker::create(kernel_, none));
  auto needs = TRY(modtree::DepFile::open(kernel_.tree().folder()));
  std::set<std::string> names;
  for (const auto& root : set.roots)
    if (const auto* list = needs.find(root))
      names.insert(root), names.insert(list->begin(), list->end());
  for (const auto& name : names) {
    const auto* file = kernel_.tree().find(name);
    if (!file) continue;
    auto opened = TRY(modules::ModuleFile::open(kernel_.tree().path_of(*file)));
    modules::Diagnostics ignored({});
    modules::Linked linked;
    if (linker.open(opened.bytes(), linked, ignored)) parsed.add(linked.module);
  }
  auto kib = [](std::uint64_t bytes) { return static_cast<double>(bytes) / 1024; };
  auto all = parsed.headers + parsed.symbols + parsed.info + parsed.relocations;
  nlohmann::json about = {{"set", set.name}, {"modules", names.size()}};
  print(set.name + ": parsed in ring 0 by the kernel",
        {kib(all + parsed.signature), kib(all), kib(all - parsed.relocations),
         kib(all - parsed.relocations + parsed.signature)},
        "KiB", about);
  print(set.name + ": parsed in ring 0 by us",
        {0, 0, kib(parsed.headers), kib(parsed.headers + parsed.symbols + parsed.relocations)},
        "KiB", about);
  return ok;
}

// What vmlinux keeps for modules. Where user space binds, it has all of this from the image. The
// compact form: a table of [house] with the exports' names and addresses; CRCs and namespaces are
// not in it.
Outcome<Nothing> Facts::print_exports() {
  double raw = 0;
  for (const char* name :
       {"__ksymtab", "__ksymtab_gpl", "__kcrctab", "__kcrctab_gpl", "__ksymtab_strings"})
    if (auto section = kernel_.image().vmlinux().find(name); section && *section)
      raw += static_cast<double>((*section)->size);
  auto exports = TRY(kernel_.image().exports());
  std::vector<ksyms::Symbol> symbols;
  for (std::uint32_t index = 0; index < exports.size(); ++index)
    if (auto entry = exports.at(index)) symbols.push_back({entry->address, 'T', entry->name});
  auto memory = TRY(ReservedMemory::take(1u << 30, "memory for a symbol table"));
  Arena arena(memory.span());
  auto table = ksyms::build(symbols, {}, arena);
  if (!table) return Failure{describe(table.error(), "the exports")};
  nlohmann::json about = {{"exports", exports.size()}};
  print("exports to keep: the kernel's tables", {raw / 1024, 0, raw / 1024, raw / 1024}, "KiB",
        about);
  auto compact = static_cast<double>(table->size()) / 1024;
  print("exports to keep: as a compact table", {compact, 0, compact, compact}, "KiB", about);
  return ok;
}

// Undefined symbols of one of our modules that the kernel does not export.
Outcome<std::vector<std::string>> Facts::unexported(const std::string& module) const {
  auto path = build_ / "modules" / kernel_.release() / (module + ".ko");
  auto file = TRY(modules::ModuleFile::open(path));
  modules::Overlay none;
  auto linker = TRY(modules::Linker::create(kernel_, none));
  modules::Diagnostics ignored({});
  modules::Linked linked;
  auto opened = linker.open(file.bytes(), linked, ignored);
  if (!opened) return Failure{describe(opened.error(), path)};
  std::vector<std::string> names;
  for (std::size_t row = 0; row < linked.needs.size(); ++row)
    if (linked.answers[row].source == modules::Source::kNone && !linked.needs[row].weak &&
        linked.needs[row].symbol != modules::kNoSymbol)
      names.emplace_back(linked.needs[row].name);
  return names;
}

Outcome<Nothing> Facts::print_unexported() {
  auto loader = static_cast<double>(TRY(unexported("ringside_loader")).size());
  print("unexported symbols relied on", {0, 0, loader, loader}, "symbols");
  print("functions hooked by name", {0, 0, 1, 1}, "symbols", {{"names", "apply_relocate_add"}});
  auto space = TRY(unexported("ringside_space"));
  debate_.print({"space",
                 "unexported symbols relied on",
                 "size",
                 "symbols",
                 {{"names", fmt::format("{}", fmt::join(space, " "))}},
                 {static_cast<double>(space.size())}});
  return ok;
}

Outcome<Nothing> Facts::print(const std::vector<ModuleSet>& sets) {
  TRY(print_text());
  print_lines();
  for (const auto& set : sets) TRY(print_parsed(set));
  TRY(print_exports());
  return print_unexported();
}

Outcome<Nothing> strip_one(const fs::path& from, const fs::path& to) {
  auto file = TRY(modules::ModuleFile::open(from));
  modules::Diagnostics ignored({});
  auto content = modules::split_signature(file.bytes(), ignored).content;
  auto plain = to.extension() == ".xz" ? fs::path(to).replace_extension() : to;
  fs::create_directories(to.parent_path());
  std::ofstream stream(plain, std::ios::binary | std::ios::trunc);
  stream.write(reinterpret_cast<const char*>(content.data()),
               static_cast<std::streamsize>(content.size()));
  stream.close();
  if (!stream) return system_failure("write", plain);
  if (plain == to) return ok;  // as the kernel's own build packs them:
  return TRY(output_of({{"xz", "-f", "--check=crc32", "--lzma2=dict=1MiB", plain}, {}, {}})), ok;
}

}  // namespace

Outcome<Nothing> print_facts(Debate debate, const std::string& name, const std::string& build,
                             const std::string& root, const std::vector<ModuleSet>& sets) {
  auto found = TRY(lab::find_kernel(name));
  auto kernel = TRY(modules::Kernel::open(TRY(kimage::Image::open(found.image)), found.modules));
  debate.context.kernel = kernel.release();
  debate.context.build_id = kernel.image().build_id();
  return Facts(debate, kernel, build, root).print(sets);
}

Outcome<Nothing> strip_signatures(const std::string& name, const std::string& folder,
                                  const std::vector<ModuleSet>& sets) {
  auto kernel = TRY(lab::find_kernel(name));
  auto tree = TRY(modtree::Tree::open_listed(kernel.modules, {}));
  auto needs = TRY(modtree::DepFile::open(kernel.modules));
  for (const auto& set : sets)
    for (const auto& root : set.roots) {
      const auto* list = needs.find(root);
      auto names = list ? *list : std::vector<std::string>();
      names.push_back(root);
      for (const auto& each : names) {
        const auto* file = tree.find(each);
        auto to = file ? fs::path(folder) / kernel.release / file->path : fs::path();
        if (file && !fs::exists(to)) TRY(strip_one(tree.path_of(*file), to));
      }
    }
  return ok;
}

}  // namespace ringside::bench
