#include "verdict/imports.hh"

#include <fmt/format.h>

#include <algorithm>

#include "core/elf/file.hh"
#include "core/modules/elf64.hh"
#include "lab/kernels/kernels.hh"
#include "user/modules/kernel.hh"
#include "user/modules/module_file.hh"
#include "user/modules/types.hh"

namespace ringside::verdict {
namespace {

using modules::kUndefined;

Outcome<Bytes> section_of(const elf::File& file, const char* name, const std::string& path) {
  auto section = file.find(name);
  if (!section) return Failure{describe(section.error(), path)};
  if (!*section) return Failure{fmt::format("{}: no section {}, so no module", path, name)};
  return (*section)->data;
}

std::string name_at(Bytes strings, std::uint32_t at) {
  if (at >= strings.size()) return "";
  const auto* text = reinterpret_cast<const char*>(strings.data()) + at;
  return std::string(text, strnlen(text, strings.size() - at));
}

class Asked {
 public:
  static Outcome<Asked> open(const std::string& name) {
    auto found = TRY(lab::find_kernel(name));
    auto kernel = TRY(modules::Kernel::open(TRY(kimage::Image::open(found.image)), found.modules));
    auto types = TRY(modules::Types::open(TRY(kimage::Image::open(found.image))));
    auto tree = kernel.tree();
    return Asked(std::move(kernel), modules::KernelTypes(std::move(types), std::move(tree)));
  }

  const std::string& release() const { return kernel_.release(); }

  Symbol symbol(const std::string& name) {
    Symbol symbol;
    std::string provider = "vmlinux";
    if (auto exported = kernel_.exports().find(name)) {
      symbol.exported = exported->gpl_only ? "GPL" : "yes";
      if (exported->has_crc) symbol.crc = fmt::format("{:#010x}", exported->crc);
      provider = kernel_.providers()[exported->provider].name;
    } else {
      symbol.exported = kernel_.has_symbol(name) ? "no" : "absent";
    }
    if (const auto* types = types_.declaring(name, provider))
      symbol.prototype = types->declaration(name).value_or("");
    return symbol;
  }

 private:
  Asked(modules::Kernel kernel, modules::KernelTypes types)
      : kernel_(std::move(kernel)), types_(std::move(types)) {}

  modules::Kernel kernel_;
  modules::KernelTypes types_;
};

}  // namespace

Outcome<std::set<std::string>> imported_by(const std::filesystem::path& module) {
  auto file = TRY(modules::ModuleFile::open(module));
  auto elf = elf::File::open(file.bytes());
  if (!elf) return Failure{describe(elf.error(), module)};
  auto symbols = TRY(section_of(*elf, ".symtab", module));
  auto strings = TRY(section_of(*elf, ".strtab", module));
  std::set<std::string> names;
  for (std::size_t at = 0; at + sizeof(modules::Symbol) <= symbols.size();
       at += sizeof(modules::Symbol)) {
    auto symbol = load<modules::Symbol>(symbols, at);
    if (symbol.section == kUndefined) names.insert(name_at(strings, symbol.name));
  }
  names.erase("");
  return names;
}

Outcome<std::map<std::string, Symbol>> ask_kernel(const std::string& name,
                                                  const std::set<std::string>& symbols,
                                                  const std::set<std::string>& imported,
                                                  std::string& release) {
  auto asked = TRY(Asked::open(name));
  release = asked.release();
  std::map<std::string, Symbol> answers;
  for (const auto& each : symbols) {
    auto& answer = answers[each] = asked.symbol(each);
    answer.imported = imported.contains(each);
  }
  return answers;
}

Row imports_row(const std::string& service, const std::string& release,
                const std::map<std::string, Symbol>& symbols, const std::string& command) {
  Row row;
  row.service = service, row.placement = "kernel", row.operation = "imports";
  row.kernel = release, row.machine = "any", row.accelerator = "native";
  row.metric = "interface", row.unit = "symbols", row.command = command, row.commit = "unknown";
  auto& values = row.parameters["symbols"] = nlohmann::json::object();
  for (const auto& [name, symbol] : symbols)
    values[name] = {{"crc", symbol.crc},
                    {"prototype", symbol.prototype},
                    {"exported", symbol.exported},
                    {"imported", symbol.imported}};
  row.median = row.low = row.high = static_cast<double>(std::count_if(
      symbols.begin(), symbols.end(), [](const auto& each) { return each.second.imported; }));
  return row;
}

}  // namespace ringside::verdict
