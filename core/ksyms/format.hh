// The compact symbol table's bytes: one header, then parts whose places follow from its counts.
// docs/ksyms-format.md tells why it looks like this. Everything is little-endian and in place: a
// table is position-independent, may be mapped from a file, and starts on an 8-byte boundary.
//
//   bases      u64 a block: the address of its first symbol
//   positions  u32 a block and one more: where its bits start in the stream
//   contexts   one a type letter: the letter, and the code of what follows a symbol of that type
//   steps      what those codes stand for: the next symbol's type and the size of the gap to it
//   tokens     the grammar of the names: two tokens each, or one terminal
//   stream     the blocks: first context, how many bits the steps have, steps, names; at the end
//              kStreamPadding bytes
//   slots      the name index: XOR of some slots is the block of a name
//
// A name is a run of tokens that ends with the terminal kEndOfName; it may begin with a terminal
// kCopy + n, which keeps the first n bytes of the name before it in the same block.
#pragma once

#include <cstddef>
#include <cstdint>

#include "core/base/bytes.hh"

namespace ringside::ksyms {

inline constexpr std::uint64_t kMagic = 0x534d59534b474e52;  // "RNGKSYMS"
inline constexpr std::uint32_t kVersion = 1;
inline constexpr std::uint32_t kMaxName = 512;    // bytes; the kernel's KSYM_NAME_LEN since 6.1
inline constexpr std::uint32_t kMaxBlock = 24;    // symbols a block; bounds the cost of a look-up
inline constexpr std::uint32_t kMaxBuildId = 32;  // bytes
inline constexpr std::uint32_t kMaxContexts = 64;
inline constexpr std::uint32_t kMaxShift = 4;   // functions are aligned to 16 bytes
inline constexpr std::uint32_t kMaxDepth = 32;  // of the grammar's nesting
inline constexpr std::uint32_t kClasses = 8;    // of a code, told apart by its first kClassBits
inline constexpr std::uint32_t kClassBits = 3;
inline constexpr std::uint32_t kMaxWidth = 16;      // bits of a code after its class
inline constexpr std::uint32_t kContextBits = 8;    // of a block's first context
inline constexpr std::uint32_t kStepsBits = 16;     // of the size of a block's steps
inline constexpr std::uint32_t kStreamPadding = 8;  // a reader loads 8 bytes wherever it stands
inline constexpr std::uint32_t kRibbonWidth = 64;   // slots that one name can touch

inline constexpr std::uint16_t kEndOfName = 0;
inline constexpr std::uint16_t kCopy = 256;
inline constexpr std::uint16_t kMaxCopy = 127;
inline constexpr std::uint16_t kTerminals = kCopy + kMaxCopy + 1;
inline constexpr std::uint32_t kMaxTokens = 0x8000;

// A code is a class and then `width[class]` bits, a number to be added to `first[class]`.
struct ClassCode {
  std::uint16_t first[kClasses];
  std::uint8_t width[kClasses];
};

struct Header {
  std::uint64_t magic;
  std::uint32_t version;
  std::uint32_t build_id_size;
  std::uint64_t total_size;  // bytes, header and padding included
  std::uint64_t start, end;  // addresses that a look-up by address answers: [start, end)
  std::uint32_t symbols;
  std::uint32_t block_size;  // symbols a block; the last block may hold fewer
  std::uint32_t contexts;
  std::uint32_t steps;
  std::uint32_t tokens;
  std::uint32_t stream_size;  // bytes, kStreamPadding included
  std::uint64_t seed;         // of the name index's hash
  std::uint32_t slots;
  std::uint32_t slot_bits;
  ClassCode token_code;  // gives the number of a token
  std::byte build_id[kMaxBuildId];
};
static_assert(sizeof(Header) == 136);

struct Context {
  ClassCode code;  // gives the number of a step, counted from first_step
  std::uint32_t first_step;
  std::uint8_t type;
  std::uint8_t zero[3];
};
static_assert(sizeof(Context) == 32);

// The next symbol is of `context` and lies v << shift bytes on, where v has `bits` significant
// bits: the top one and, if shift < kMaxShift, the lowest one are set; the others are in the
// stream. No bits: the same address.
struct Step {
  std::uint8_t context, shift, bits, zero;
};

// Two tokens in a row: `left` and the low bits of `right`; or, marked, the terminal `right`.
struct Token {
  static constexpr std::uint16_t kTerminal = 0x8000;  // in left
  static constexpr std::uint16_t kLast = 0x8000;      // in right: ends with kEndOfName

  std::uint16_t left, right;

  bool is_terminal() const { return left & kTerminal; }
  bool is_last() const { return right & kLast; }
  std::uint16_t right_token() const { return right & 0x7fff; }
  std::uint16_t terminal() const { return right & 0x7fff; }
};

// Byte offsets of the parts, as the header's counts give them.
struct Layout {
  std::uint64_t bases, positions, contexts, steps, tokens, stream, slots, total;
};

constexpr std::uint64_t block_count(const Header& header) {
  return (std::uint64_t{header.symbols} + header.block_size - 1) / header.block_size;
}

constexpr std::uint64_t slot_bytes(std::uint64_t slots, std::uint32_t slot_bits) {
  return slots == 0 ? 0 : (slots * slot_bits + 7) / 8 + kStreamPadding;
}

// Cannot overflow: every count is 32 bits wide. block_size and slot_bits have been checked.
constexpr Layout layout_of(const Header& header) {
  auto blocks = block_count(header);
  Layout at{};
  at.bases = sizeof(Header);
  at.positions = at.bases + 8 * blocks;
  at.contexts = align_up(at.positions + 4 * (blocks + 1), 8);
  at.steps = at.contexts + sizeof(Context) * std::uint64_t{header.contexts};
  at.tokens = at.steps + sizeof(Step) * std::uint64_t{header.steps};
  at.stream = at.tokens + sizeof(Token) * std::uint64_t{header.tokens};
  at.slots = at.stream + header.stream_size;
  at.total = align_up(at.slots + slot_bytes(header.slots, header.slot_bits), 8);
  return at;
}

}  // namespace ringside::ksyms
