// The kernel's own symbol table, found in a kernel image that has no ELF symbols left.
// Source: scripts/kallsyms.c and kernel/kallsyms.c, 5.10 to 6.12. The tables carry no headers, so
// they are recognised by what they must satisfy together.
#pragma once

#include <array>
#include <cstdint>
#include <string_view>

#include "core/base/bytes.hh"

namespace ringside::kimage {

constexpr std::size_t kSymbolNameMax = 512;  // KSYM_NAME_LEN since 6.1; 128 before

struct KernelSymbol {
  std::uint64_t address = 0;  // as linked; absolute (per-CPU offset) symbols as they are
  char type = 0;              // nm's letter
  std::string_view name;      // in the cursor's buffer, until its next step
};

// Where the tables lie. All spans borrow the image.
class Kallsyms {
 public:
  // Finds and checks the tables in `rodata` (section .rodata of vmlinux). Linear in its size.
  static Result<Kallsyms> locate(Bytes rodata);

  std::uint32_t size() const { return count_; }
  std::uint64_t bytes() const;                       // what all the tables cost in the kernel
  std::uint64_t address(std::uint32_t index) const;  // index < size()

  // Walks the symbols in the table's order (by address). Errors end the walk.
  class Cursor {
   public:
    explicit Cursor(const Kallsyms& tables) : tables_(tables) {}
    // The next symbol, or no value at the end.
    Result<std::optional<KernelSymbol>> next();

   private:
    const Kallsyms& tables_;
    std::uint32_t index_ = 0;
    std::uint64_t at_ = 0;
    std::array<char, kSymbolNameMax + 1> name_;
  };

 private:
  friend class Cursor;
  Result<Nothing> find_tokens(Bytes rodata);
  Result<Nothing> find_names(Bytes rodata);
  Result<Nothing> find_addresses(Bytes rodata);
  std::string_view token(std::uint8_t code) const;

  Bytes names_, tokens_, token_index_, offsets_;
  std::uint64_t tokens_at_ = 0, index_at_ = 0, count_at_ = 0;  // places in rodata
  std::uint64_t relative_base_ = 0;
  std::uint32_t count_ = 0;
  bool has_sequences_ = false;  // kallsyms_seqs_of_names is there (name look-up by bisection)
  bool percpu_absolute_ = false;
};

}  // namespace ringside::kimage
