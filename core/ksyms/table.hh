// Table: the look-up side of the compact symbol table (format.hh). open() checks every field and
// decodes every block once; after that a look-up reads nothing outside the table, whatever its
// bytes are, neither recurses nor allocates, decodes at most a few blocks of kMaxBlock symbols,
// takes no lock and changes nothing but the caller's scratch: it may run in any context.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

#include "core/base/bytes.hh"
#include "core/base/result.hh"
#include "core/ksyms/bits.hh"
#include "core/ksyms/format.hh"

namespace ringside::ksyms {

// What a look-up writes to; one for each that runs at a time. Nothing in it needs to be set.
struct Scratch {
  std::uint32_t starts[kMaxBlock];  // bits of a block's names
  std::uint32_t copied[kMaxBlock];  // bytes that they share with the name before
  std::uint16_t stack[kMaxDepth];   // tokens still to be spelled
  char name[kMaxName];
};
static_assert(sizeof(Scratch) <= 4096);

struct Match {
  std::uint64_t address;
  std::uint64_t size;     // bytes to the next symbol that has another address
  std::uint32_t index;    // in the order of addresses; equal addresses keep the order of kallsyms
  char type;              // kallsyms' letter
  std::string_view name;  // in the scratch: good until that is used again; or the cursor's
};

// The state of one look-up by name; Table::names() makes it, Table::next() moves it.
struct NameCursor {
  std::string_view name;  // the caller's, must outlive the cursor
  std::uint64_t hash = 0;
  std::uint32_t ordinal = 0;  // how many blocks of that name have been done
  std::uint32_t block = 0;    // the block at hand, where `in_block`
  std::uint32_t from = 0;     // the first symbol in it that has not been compared
  bool in_block = false;
  bool found = false;  // a symbol of this name in the block at hand
  bool done = false;
};

class Table {
 public:
  // A table over `bytes`, which stay the caller's, must outlive the table and must not change.
  // They begin on an 8-byte boundary; bytes after the table's end are ignored. Linear cost: decodes
  // the whole table once, with the caller's scratch. Error where any field is wrong.
  static Result<Table> open(Bytes bytes, Scratch& scratch);

  // open() in steps, for a caller who must not be long at a time: start() checks all but the
  // blocks, check_block() one of blocks(). No look-up before every block has passed, unless the
  // bytes are known to be what build() gave.
  static Result<Table> start(Bytes bytes);
  std::uint32_t blocks() const { return static_cast<std::uint32_t>(bases_.size()); }
  Status check_block(std::uint32_t block, Scratch& scratch) const;

  Bytes build_id() const { return {header_->build_id, header_->build_id_size}; }
  std::uint32_t size() const { return header_->symbols; }
  Bytes bytes() const { return bytes_; }
  // Bytes of the table that only look-up by name reads.
  std::uint64_t name_index_bytes() const { return slots_.size(); }

  // Whether `address` is between the first symbol's and the end: whether find() looks at all.
  bool covers(std::uint64_t address) const {
    return address >= header_->start && address < header_->end;
  }
  // The symbol that covers the link-time `address`, as the kernel's kallsyms_lookup() decides it:
  // the last one at or below, of equal addresses the first; none outside [_stext, _end).
  std::optional<Match> find(std::uint64_t address, Scratch& scratch) const;

  // Symbol number `index` in the order of addresses, or none from size() on.
  std::optional<Match> at(std::uint32_t index, Scratch& scratch) const;

  // The name of symbol number `index`; safe after start() alone, whatever the blocks hold.
  std::optional<std::string_view> name_at(std::uint32_t index, Scratch& scratch) const;

  // All symbols of one name, in the order of addresses:
  //   for (auto cursor = table.names("foo"); auto match = table.next(cursor, scratch);) ...
  NameCursor names(std::string_view name) const;
  std::optional<Match> next(NameCursor& cursor, Scratch& scratch) const;

 private:
  // A symbol on the way through a block's steps, and where the next step's bits are.
  struct Walk {
    BitReader bits;
    std::uint64_t address;
    std::uint32_t index;
    std::uint32_t last;  // the block's last symbol
    std::uint32_t context;
  };
  // A symbol without its name, and the next greater address (or the end of the kernel).
  struct Place {
    std::uint64_t address;
    std::uint64_t next;
    std::uint32_t index;
    std::uint32_t context;
  };
  // A name on the way through its terminals.
  struct Spelling {
    BitReader bits;
    std::uint32_t depth;  // tokens on the scratch's stack
    bool last;            // the name ends with the token at hand
  };

  enum class Comparison { equal, differs, damaged };

  Table() = default;
  void map_parts();
  Status check_contexts() const;
  Status check_token(Token token, std::uint32_t at) const;
  Status check_tokens() const;
  std::optional<std::uint32_t> check_name(Spelling& spelling, std::uint32_t before,
                                          Scratch& scratch) const;
  Status check_range() const;

  // That context, or any that there is where the bits were not checked (start() alone).
  const Context& context_of(std::uint32_t number) const {
    return contexts_[number < contexts_.size() ? number : 0];
  }
  std::uint32_t last_of(std::uint32_t block) const;
  Walk first_of(std::uint32_t block) const;
  bool advance(Walk& walk) const;
  std::uint32_t block_at(std::uint64_t address) const;
  std::optional<Place> place(std::uint32_t block, std::uint64_t address) const;
  std::optional<Place> first_at(std::uint64_t address) const;
  std::optional<Place> place_of(std::uint32_t index) const;
  Match match(const Place& place, std::string_view name) const;

  std::uint32_t next_terminal(Spelling& spelling, Scratch& scratch) const;
  bool skip_rest(BitReader& bits, bool last) const;
  std::uint32_t copied_by(Token token) const;
  std::optional<std::uint32_t> spell(std::uint32_t n, std::uint32_t limit, Scratch& scratch) const;
  BitReader names_of(std::uint32_t block) const;
  bool locate_names(BitReader bits, std::uint32_t count, Scratch& scratch) const;
  std::optional<std::string_view> name_of(std::uint32_t index, Scratch& scratch) const;
  std::uint32_t indexed_block(const NameCursor& cursor) const;
  bool enter_block(NameCursor& cursor) const;
  Comparison compare(Spelling& spelling, std::string_view name, std::uint32_t& same,
                     Scratch& scratch) const;
  std::optional<std::uint32_t> scan(const NameCursor& cursor, Scratch& scratch) const;

  Bytes bytes_;
  const Header* header_ = nullptr;
  std::span<const std::uint64_t> bases_;
  std::span<const std::uint32_t> positions_;
  std::span<const Context> contexts_;
  std::span<const Step> steps_;
  std::span<const Token> tokens_;
  Bytes stream_;
  Bytes slots_;
};

}  // namespace ringside::ksyms
