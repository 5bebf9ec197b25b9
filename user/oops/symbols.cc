// A text map and a module's symbols are sorted arrays; sizes count to the next symbol, as the
// kernel itself counts them (kernel/kallsyms.c, kernel/module/kallsyms.c).
#include "user/oops/symbols.hh"

#include <algorithm>
#include <charconv>
#include <fstream>

#include "core/elf/file.hh"
#include "core/elf/name.hh"
#include "core/modules/elf64.hh"
#include "user/ksyms/symbols.hh"
#include "user/modules/module_file.hh"

namespace ringside::oops {
namespace {

class ImageSymbols : public SymbolTable {
 public:
  explicit ImageSymbols(ksyms::Symbols symbols) : symbols_(std::move(symbols)) {}

  std::optional<Symbol> at(std::uint64_t address) const override {
    ksyms::Scratch scratch;
    auto match = symbols_.table().find(address, scratch);
    if (!match) return std::nullopt;
    return Symbol{std::string(match->name), match->address, match->size, false, {}, {}};
  }

  std::vector<Symbol> named(const std::string& name) const override {
    ksyms::Scratch scratch;
    std::vector<Symbol> found;
    auto cursor = symbols_.table().names(name);
    while (auto match = symbols_.table().next(cursor, scratch))
      found.push_back({name, match->address, match->size, false, {}, {}});
    return found;
  }

 private:
  ksyms::Symbols symbols_;
};

class ListedSymbols : public SymbolTable {
 public:
  ListedSymbols(std::vector<Symbol> symbols, bool addressed)
      : symbols_(std::move(symbols)), addressed_(addressed) {
    std::ranges::stable_sort(symbols_, {},
                             [](const Symbol& each) { return std::tie(each.section, each.start); });
    for (std::size_t at = symbols_.size(); at-- > 0;) set_size(at);
    for (std::size_t at = 0; at < symbols_.size(); ++at) by_name_.push_back(at);
    std::ranges::stable_sort(
        by_name_, {}, [&](std::size_t at) -> const auto& { return symbols_[at].name; });
  }

  std::optional<Symbol> at(std::uint64_t address) const override {
    if (!addressed_) return std::nullopt;
    auto above = std::ranges::upper_bound(symbols_, address, {}, &Symbol::start);
    if (above == symbols_.begin() || above == symbols_.end()) return std::nullopt;
    auto found = std::prev(above);  // of several at one address, the first
    while (found != symbols_.begin() && std::prev(found)->start == found->start) --found;
    return *found;
  }

  std::vector<Symbol> named(const std::string& name) const override {
    std::vector<Symbol> found;
    auto name_of = [&](std::size_t at) -> const auto& {
      return symbols_[at].name;
    };
    auto each = std::ranges::lower_bound(by_name_, name, {}, name_of);
    for (; each != by_name_.end() && name_of(*each) == name; ++each)
      found.push_back(symbols_[*each]);
    return found;
  }

 private:
  // Up to the next greater address in the section; a file's last symbol keeps its own size.
  void set_size(std::size_t at) {
    symbols_[at].last =
        !addressed_ &&
        (at + 1 == symbols_.size() || symbols_[at + 1].section != symbols_[at].section ||
         (symbols_[at + 1].last && symbols_[at + 1].start == symbols_[at].start));
    if (at + 1 == symbols_.size() || symbols_[at + 1].section != symbols_[at].section) return;
    const auto& next = symbols_[at + 1];
    symbols_[at].size =
        next.start == symbols_[at].start ? next.size : next.start - symbols_[at].start;
  }

  std::vector<Symbol> symbols_;
  std::vector<std::size_t> by_name_;
  bool addressed_;
};

std::optional<Symbol> parse_line(std::string_view line) {
  Symbol symbol;
  auto* end = line.data() + line.size();
  auto [after, error] = std::from_chars(line.data(), end, symbol.start, 16);
  if (error != std::errc() || end - after < 4 || after[0] != ' ' || after[2] != ' ') return {};
  std::string_view name(after + 3, static_cast<std::size_t>(end - after - 3));
  auto tab = name.find('\t');
  if (tab != name.npos && name.size() > tab + 2)
    symbol.module = name.substr(tab + 2, name.size() - tab - 3);
  symbol.name = name.substr(0, tab);
  return symbol;
}

// `count` symbols of a module's file that name a place in its code.
Outcome<std::vector<Symbol>> read_symtab(const elf::File& file, const elf::Section& symtab,
                                         Bytes strings, const std::string& input) {
  std::vector<Symbol> symbols;
  auto count = symtab.size / sizeof(modules::Symbol);
  for (std::uint64_t index = 1; index < count; ++index) {
    auto symbol = load<modules::Symbol>(symtab.data, index * sizeof(modules::Symbol));
    if (symbol.type() != modules::kTypeFunction && symbol.type() != modules::kTypeNone) continue;
    if (symbol.section == 0 || symbol.section >= file.section_count()) continue;
    auto name = elf::read_name(strings, symbol.name, ".strtab");
    if (!name) return Failure{describe(name.error(), input)};
    auto section = file.section(symbol.section);
    if (!section) return Failure{describe(section.error(), input)};
    if (name->empty() || !(section->flags & modules::kFlagExec)) continue;
    symbols.push_back(
        {std::string(*name), symbol.value, symbol.size, false, std::string(section->name), {}});
  }
  return symbols;
}

// A list in memory: to build the compact table takes longer than one report is worth.
Outcome<Table> list_image_symbols(const kimage::Image& image) {
  auto tables = TRY(image.kallsyms());
  kimage::Kallsyms::Cursor cursor(tables);
  std::vector<Symbol> symbols;
  for (;;) {
    auto next = cursor.next();
    if (!next) return Failure{describe(next.error(), image.source())};
    if (!*next) return Table(new ListedSymbols(std::move(symbols), true));
    symbols.push_back({std::string((*next)->name), (*next)->address, 0, false, {}, {}});
  }
}

}  // namespace

Outcome<Table> open_image_symbols(const kimage::Image& image) {
  if (!image.is_packed() && !ksyms::Symbols::is_cached(image.build_id()))
    return list_image_symbols(image);
  return Table(new ImageSymbols(TRY(ksyms::Symbols::open(image))));
}

Outcome<Table> open_text_symbols(const std::filesystem::path& path) {
  std::ifstream file(path);
  if (!file) return system_failure("open", path.native());
  std::vector<Symbol> symbols;
  bool hidden = true;
  for (std::string line; std::getline(file, line);) {
    auto symbol = parse_line(line);
    if (!symbol) continue;
    hidden &= symbol->start == 0;
    symbols.push_back(std::move(*symbol));
  }
  if (symbols.empty())
    return Failure{path.native() + ": no symbols (expected lines \"address type name\")"};
  if (hidden)
    return Failure{path.native() +
                   ": hides the kernel's addresses; run as root (kernel.kptr_restrict below 2)"};
  return Table(new ListedSymbols(std::move(symbols), true));
}

Outcome<Table> open_module_symbols(const std::filesystem::path& path) {
  auto content = TRY(modules::ModuleFile::open(path));
  auto input = path.native();
  auto file = elf::File::open(content.bytes());
  if (!file) return Failure{describe(file.error(), input)};
  auto symtab = file->find(".symtab"), strtab = file->find(".strtab");
  if (!symtab) return Failure{describe(symtab.error(), input)};
  if (!strtab) return Failure{describe(strtab.error(), input)};
  if (!*symtab || !*strtab) return Failure{input + ": has no symbol table"};
  auto symbols = TRY(read_symtab(*file, **symtab, (*strtab)->data, input));
  return Table(new ListedSymbols(std::move(symbols), false));
}

std::vector<Symbol> choose(const std::vector<Symbol>& symbols, std::uint64_t size,
                           std::optional<std::uint64_t> start) {
  std::vector<Symbol> alike;
  for (const auto& symbol : symbols) {
    if (symbol.size != size && !(symbol.last && size > symbol.size)) continue;
    if (start && symbol.start == *start) return {symbol};
    alike.push_back(symbol);
  }
  return alike;
}

}  // namespace ringside::oops
