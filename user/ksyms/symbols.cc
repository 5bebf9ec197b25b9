// The compact table of a kernel: from the cache where it is whole, else built from the image and
// put there, with a seal behind it: a fingerprint of the table. Whoever finds the seal right has
// the table that was built, and need not decode all of it again, which takes longer than what most
// runs do with it.
#include "user/ksyms/symbols.hh"

#include <fmt/format.h>

#include <deque>
#include <fstream>
#include <sstream>

#include "core/ksyms/build.hh"
#include "user/base/fingerprint.hh"
#include "user/base/memory_file.hh"
#include "user/base/reserved_memory.hh"
#include "user/cache/cache.hh"
#include "user/kimage/running.hh"

namespace ringside::ksyms {
namespace {

constexpr int kSealedVersion = 2;  // of the cache's files: a table and its seal
using Seal = std::uint64_t;

bool is_sealed(Bytes file) {
  if (file.size() < sizeof(Seal)) return false;
  auto table = file.first(file.size() - sizeof(Seal));
  return load<Seal>(file, table.size()) == fingerprint(table);
}

// What the table of one kernel is built from.
struct SymbolList {
  std::vector<Symbol> symbols;
  std::deque<std::string> names;  // what the symbols' names borrow

  void add(std::uint64_t address, char type, std::string_view name) {
    names.emplace_back(name);
    symbols.push_back({address, type, names.back()});
  }
};

Outcome<SymbolList> read_image(const kimage::Image& image) {
  auto tables = TRY(image.kallsyms());
  SymbolList list;
  kimage::Kallsyms::Cursor cursor(tables);
  for (;;) {
    auto next = cursor.next();
    if (!next) return Failure{describe(next.error(), image.source())};
    if (!*next) return list;
    list.add((*next)->address, (*next)->type, (*next)->name);
  }
}

Outcome<SymbolList> read_running() {
  auto running = TRY(kimage::read_running_symbols());
  SymbolList list;
  for (const auto& symbol : running.symbols) list.add(symbol.address, symbol.type, symbol.name);
  return list;
}

Outcome<Nothing> write_table(const SymbolList& list, const std::string& build_id,
                             const std::filesystem::path& path) {
  auto id = kimage::from_hex(build_id);
  auto bytes = TRY(make_table(list.symbols, id ? Bytes(*id) : Bytes(), build_id));
  Seal seal = fingerprint(bytes);
  std::ofstream file(path, std::ios::binary);
  file.write(reinterpret_cast<const char*>(bytes.data()),
             static_cast<std::streamsize>(bytes.size()));
  file.write(reinterpret_cast<const char*>(&seal), sizeof(seal));
  file.close();
  return file ? Outcome<Nothing>(ok) : system_failure("write", path.string());
}

}  // namespace

Outcome<std::vector<std::byte>> make_table(std::span<const Symbol> symbols, Bytes build_id,
                                           const std::string& of) {
  constexpr std::size_t kBase = 64u << 20, kEach = 2048;
  auto memory =
      TRY(ReservedMemory::take(kBase + symbols.size() * kEach, "memory for a symbol table"));
  Arena arena(memory.span());
  auto bytes = build(symbols, build_id, arena);
  if (!bytes) return Failure{describe(bytes.error(), "symbol table of " + of)};
  return std::vector<std::byte>(bytes->begin(), bytes->end());
}

bool Symbols::is_cached(const std::string& build_id) {
  auto path = cache::index_path(build_id, "ksyms", kSealedVersion);
  std::error_code error;
  return path && std::filesystem::exists(*path, error);
}

Outcome<Symbols> Symbols::over(MappedFile file) {
  Symbols symbols;
  symbols.file_ = std::make_shared<MappedFile>(std::move(file));
  if (!is_sealed(symbols.file_->bytes())) return Failure{"symbol table: damaged"};
  auto table = Table::start(symbols.file_->bytes());
  if (!table) return Failure{describe(table.error(), "symbol table")};
  symbols.table_ = *table;
  return symbols;
}

// `read` lists the symbols where the cache has no table. A damaged one is made again; where the
// cache cannot be written, the table is built in memory each time.
template <class Read>
Outcome<Symbols> Symbols::load(const std::string& build_id, Read read) {
  auto build = [&](const std::filesystem::path& path) -> Outcome<Nothing> {
    return write_table(TRY(read()), build_id, path);
  };
  auto target = TRY(cache::index_path(build_id, "ksyms", kSealedVersion));
  auto cached = [&]() -> Outcome<Symbols> {
    return over(TRY(MappedFile::open(TRY(cache::get_or_build(target, build)))));
  };
  if (auto symbols = cached()) return symbols;
  (void)cache::discard(target);  // what cannot be removed cannot be used either
  if (auto symbols = cached()) return symbols;
  auto memory = TRY(MemoryFile::create());
  TRY(build(memory.path()));
  return over(TRY(MappedFile::open(memory.path())));
}

Outcome<Symbols> Symbols::open(const kimage::Image& image) {
  return load(image.build_id(), [&] { return read_image(image); });
}

Outcome<Symbols> Symbols::open_running() {
  return load(TRY(kimage::running_build_id()), read_running);
}

std::string format(const Match& match, std::uint64_t offset) {
  return fmt::format("{}+{:#x}/{:#x}", match.name, offset, match.size);
}

Outcome<std::uint64_t> running_offset(const Table& table) {
  constexpr std::string_view kKnown = "kfree";
  Scratch scratch;
  auto cursor = table.names(kKnown);
  auto linked = table.next(cursor, scratch);
  std::ifstream file("/proc/kallsyms");
  std::string line;
  while (linked && std::getline(file, line)) {
    std::istringstream words(line);
    std::uint64_t address = 0;
    std::string type, name, module;
    if (!(words >> std::hex >> address >> type >> name) || name != kKnown || words >> module)
      continue;
    if (address == 0)
      return Failure{"/proc/kallsyms hides addresses: run as root, or give --offset"};
    return address - linked->address;
  }
  return Failure{"/proc/kallsyms does not tell where the kernel runs: give --offset"};
}

}  // namespace ringside::ksyms
