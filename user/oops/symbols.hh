// Symbols of a kernel and of its modules, from whatever is at hand: a vmlinuz's compact table, a
// System.map or a copy of /proc/kallsyms, a .ko file's own symbol table.
#pragma once

#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "user/base/failure.hh"
#include "user/kimage/image.hh"

namespace ringside::oops {

struct Symbol {
  std::string name;
  std::uint64_t start = 0, size = 0;
  bool last = false;    // of its section in a module's file: in memory it may reach further
  std::string section;  // of a module's file; empty elsewhere
  std::string module;   // of a kallsyms line that names one
};

class SymbolTable {
 public:
  virtual ~SymbolTable() = default;
  // The symbol that covers `address`; always none for a module's file, where sections overlap.
  virtual std::optional<Symbol> at(std::uint64_t address) const = 0;
  virtual std::vector<Symbol> named(const std::string& name) const = 0;
};

using Table = std::unique_ptr<const SymbolTable>;

Outcome<Table> open_image_symbols(const kimage::Image& image);
// "address type name [module]" lines. Addresses are taken as they stand.
Outcome<Table> open_text_symbols(const std::filesystem::path& file);
// A .ko, packed or not.
Outcome<Table> open_module_symbols(const std::filesystem::path& file);

// Those of several symbols of one name that "+offset/size" may mean: the ones of that size; of
// these the one that begins at `start`, where that is known and one does. None: the file is not the
// one that ran.
std::vector<Symbol> choose(const std::vector<Symbol>& symbols, std::uint64_t size,
                           std::optional<std::uint64_t> start = {});

}  // namespace ringside::oops
