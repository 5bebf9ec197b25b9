// Symbols: the compact symbol table of one kernel, built once from its image and mapped from the
// cache (index/BUILD-ID/ksyms.vN) ever after, sealed by a fingerprint.
#pragma once

#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "core/ksyms/symbol.hh"
#include "core/ksyms/table.hh"
#include "user/base/failure.hh"
#include "user/base/mapped_file.hh"
#include "user/kimage/image.hh"

namespace ringside::ksyms {

class Symbols {
 public:
  // The table of `image`'s kernel. Built, in about a second, where the cache has none.
  static Outcome<Symbols> open(const kimage::Image& image);

  // Whether the cache has it, whole or not.
  static bool is_cached(const std::string& build_id);

  // The same for the kernel that runs here, from /proc/kallsyms: for where its image is not at
  // hand.
  static Outcome<Symbols> open_running();

  const Table& table() const { return *table_; }

 private:
  static Outcome<Symbols> over(MappedFile file);
  template <class Read>
  static Outcome<Symbols> load(const std::string& build_id, Read read);

  std::shared_ptr<MappedFile> file_;
  std::optional<Table> table_;
};

// A table of these symbols (core/ksyms/build.hh), for whoever looks up in memory. Errors name `of`.
Outcome<std::vector<std::byte>> make_table(std::span<const Symbol> symbols, Bytes build_id,
                                           const std::string& of);

// "name+0x12/0x34", as the kernel's %pS prints it. `offset` counts from the symbol's start.
std::string format(const Match& match, std::uint64_t offset);

// How far the kernel that runs here lies above its link address (KASLR), told by /proc/kallsyms,
// which shows addresses to root only.
Outcome<std::uint64_t> running_offset(const Table& table);

}  // namespace ringside::ksyms
