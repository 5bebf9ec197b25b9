// Symbol sets for the tests and fuzzers of core/ksyms: their own copies of names, a builder for
// tables of exactly their size (so that AddressSanitizer sees a read past the end), and generated
// sets that look like a kernel's.
#pragma once

#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <deque>
#include <random>
#include <string>
#include <utility>
#include <vector>

#include "core/ksyms/build.hh"
#include "core/ksyms/table.hh"

namespace ringside::ksyms::test {

// Bytes on an 8-byte boundary, in an allocation of exactly their size.
class AlignedBytes {
 public:
  explicit AlignedBytes(Bytes bytes)
      : size_(bytes.size()), data_(static_cast<std::byte*>(std::malloc(size_ == 0 ? 1 : size_))) {
    if (size_ != 0) std::memcpy(data_, bytes.data(), size_);
  }
  AlignedBytes(AlignedBytes&& other) noexcept
      : size_(other.size_), data_(std::exchange(other.data_, nullptr)) {}
  AlignedBytes& operator=(AlignedBytes&&) = delete;
  ~AlignedBytes() { std::free(data_); }

  Bytes bytes() const { return {data_, size_}; }
  std::byte& operator[](std::size_t at) { return data_[at]; }
  Header& header() { return *reinterpret_cast<Header*>(data_); }

 private:
  std::size_t size_;
  std::byte* data_;
};

class SymbolSet {
 public:
  void add(std::uint64_t address, char type, std::string name) {
    names_.push_back(std::move(name));
    symbols_.push_back({address, type, names_.back()});
  }

  const std::vector<Symbol>& symbols() const { return symbols_; }

  // The set's table, or the build's error.
  Result<AlignedBytes> table(Bytes build_id = {}, std::size_t arena_size = 32u << 20) const {
    std::vector<std::byte> memory(arena_size);
    Arena arena(memory);
    auto built = build(symbols_, build_id, arena);
    if (!built) return built.error();
    return AlignedBytes(*built);
  }

 private:
  std::deque<std::string> names_;  // does not move them
  std::vector<Symbol> symbols_;
};

// `count` symbols as in a kernel: absolute ones first, then text and data with aliases, repeated
// names, common prefixes and suffixes, and gaps of every kind.
inline SymbolSet kernel_like(std::size_t count, std::uint64_t seed) {
  static constexpr const char* kWords[] = {"ext4",   "tcp",       "__pfx_", "get", "_show",
                                           "_store", "dev",       "_",      "irq", "x86",
                                           "probe",  "__func__.", "a",      "0"};
  std::mt19937_64 random(seed);
  SymbolSet set;
  std::uint64_t address = 0;
  for (std::size_t i = 0; i < count; ++i) {
    if (i == count / 20) address = 0xffffffff81000000;
    std::string name;
    for (auto words = 1 + random() % 5; words > 0; --words)
      name += kWords[random() % std::size(kWords)];
    if (random() % 3 == 0) name += std::to_string(random() % 1000);
    set.add(address, "tTdDrbBAW"[random() % 9], name);
    auto kind = random() % 8;
    if (kind == 0) continue;  // an alias
    address += kind < 5 ? 16 * (random() % 64) : kind < 7 ? random() % 300 : random() % 1000000;
  }
  return set;
}

// Asks the table everything. What it answers may be wrong where the table was damaged, but must lie
// within the limits that table.hh promises. Aborts where it does not.
inline void exercise(const Table& table) {
  auto require = [](bool holds) {
    if (!holds) std::abort();
  };
  Scratch scratch;
  for (std::uint32_t i = 0; i < table.size(); ++i) {
    auto match = table.at(i, scratch);
    require(match && match->index == i && !match->name.empty() && match->name.size() <= kMaxName);
    std::string name(match->name);
    auto address = match->address;
    for (auto near : {address - 1, address, address + 1}) {
      auto found = table.find(near, scratch);
      require(!found || (found->index < table.size() && found->address <= near));
    }
    std::int64_t last = -1;
    auto cursor = table.names(name);
    while (auto named = table.next(cursor, scratch)) {
      require(named->index > last && named->index < table.size() && named->name == name);
      last = named->index;
    }
    require(!table.next(cursor, scratch));
  }
  require(!table.at(table.size(), scratch));
}

}  // namespace ringside::ksyms::test
