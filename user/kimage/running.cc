// Lines are "address type name", and for symbols of modules a module's name in brackets. The link
// address of _text is 16 MiB above the kernel's base (CONFIG_PHYSICAL_START's default, which x86-64
// distributions keep); its distance to the run-time one is the KASLR offset.
#include "user/kimage/running.hh"

#include "core/x86/addresses.hh"

#include <charconv>
#include <fstream>
#include <iterator>

#include "core/base/bytes.hh"

namespace ringside::kimage {
namespace {

// One line; no name where it is a module's symbol or no line of kallsyms.
RunningSymbol parse_line(std::string_view line) {
  RunningSymbol symbol{};
  auto* end = line.data() + line.size();
  auto [after, error] = std::from_chars(line.data(), end, symbol.address, 16);
  if (error != std::errc() || end - after < 4 || after[0] != ' ' || after[2] != ' ') return symbol;
  std::string_view name(after + 3, static_cast<std::size_t>(end - after - 3));
  if (name.find('\t') != name.npos) return symbol;
  symbol.type = after[1];
  symbol.name = name;
  return symbol;
}

// `text` is where _text runs, 0 where the file does not say.
Outcome<std::uint64_t> offset_of(std::uint64_t text, const std::string& file) {
  if (text >= kKernelText) return text - kKernelText;
  return Failure{file +
                 ": hides the kernel's addresses; run as root (kernel.kptr_restrict below 2)"};
}

}  // namespace

Outcome<std::uint64_t> read_running_offset(const std::string& file) {
  std::ifstream lines(file);
  if (!lines) return system_failure("open", file);
  for (std::string line; std::getline(lines, line);)
    if (auto symbol = parse_line(line); symbol.name == "_text")
      return offset_of(symbol.address, file);
  return offset_of(0, file);
}

Outcome<RunningSymbols> read_running_symbols(const std::string& file) {
  std::ifstream lines(file);
  if (!lines) return system_failure("open", file);
  RunningSymbols result;
  std::uint64_t text = 0;
  for (std::string line; std::getline(lines, line);) {
    auto symbol = parse_line(line);
    if (symbol.name.empty()) continue;
    if (symbol.name == "_text") text = symbol.address;
    result.symbols.push_back(std::move(symbol));
  }
  result.offset = TRY(offset_of(text, file));
  for (auto& symbol : result.symbols)
    if (symbol.address >= kKernelBase) symbol.address -= result.offset;
  return result;
}

Outcome<std::vector<std::byte>> read_btf(const std::filesystem::path& name) {
  constexpr std::string_view kMagic = "\x9f\xeb";
  std::ifstream file(name, std::ios::binary);  // sysfs files cannot be mapped before 6.16
  if (!file) return system_failure("open", name);
  std::string text(kMagic.size(), 0);
  if (!file.read(text.data(), static_cast<std::streamsize>(text.size())) || text != kMagic)
    return Failure{name.native() + ": no BTF"};
  text.append(std::istreambuf_iterator<char>(file), {});
  auto bytes = as_bytes(text);
  return std::vector<std::byte>(bytes.begin(), bytes.end());
}

}  // namespace ringside::kimage
