// The line index's bytes: what code is at an address, with source lines and inlined functions. One
// header, then parts whose places follow from its counts; docs/line-index-format.md tells why it
// looks like this. Everything is little-endian and in place: an index is position-independent, may
// be mapped from a file, and starts on an 8-byte boundary.
//
//   names      a symbol table (core/ksyms) of the functions' names, then the sections': symbol
//              number n is function n's
//   paths      a symbol table of the source files' names
//   sections   Section each
//   values     u32 each: what the numbers of the codes stand for
//   bases      u32 a block: the first address of its first segment, less header.start
//   positions  u32 a block and one more: where its bits start in the stream
//   functions  bits: path and line where each function's code begins
//   stream     the blocks' segments; at the end kStreamPadding bytes
//
// A segment is a stretch of addresses that share a stack of frames (one, and one for each function
// inlined there) and the innermost frame's line. It is coded as what changes: how long the segment
// before is, how many frames go and come, and a line. A block begins with an empty stack.
#pragma once

#include <cstddef>
#include <cstdint>

#include "core/base/bytes.hh"
#include "core/ksyms/bits.hh"
#include "core/ksyms/format.hh"

namespace ringside::lines {

using ksyms::BitReader;
using ksyms::ClassCode;
using ksyms::kStreamPadding;

inline constexpr std::uint64_t kMagic = 0x53454e494c474e52;  // "RNGLINES"
inline constexpr std::uint32_t kVersion = 1;
inline constexpr std::uint32_t kMaxBuildId = 32;  // bytes
inline constexpr std::uint32_t kMaxFrames = 32;   // at one address
inline constexpr std::uint32_t kMaxBlock = 32;    // segments a block; bounds the cost of a look-up
inline constexpr std::uint32_t kMaxSections = 1u << 16;
inline constexpr std::uint32_t kMaxCount = 1u << 24;  // of functions, of paths

// The codes, each for another kind of number.
enum CodeKind : std::uint32_t {
  kSizes,      // bytes of the segment before
  kSteps,      // Step
  kCallLines,  // of the caller's frame, less its line so far
  kInlined,    // a function
  kSameLines,  // the innermost frame's line, less its line so far: where no frame came or went,
  kBackLines,  // where frames went,
  kNewLines,   // where frames came: less the line where the function's code begins
  kCodes
};

// Number n of a code means values[first_value + n]; number `escape` says that the value itself
// follows, in kRawBits bits.
struct Code {
  ClassCode code;
  std::uint32_t first_value;
  std::uint16_t count, escape;
};
inline constexpr std::uint32_t kRawBits = 32;

// How the stack changes. Frames go first. For each that comes, the line of the one below follows
// (not for the outermost), then the function. Then the line, unless the stack is empty.
struct Step {
  std::uint32_t gone = 0, come = 0;
  bool paths = false;  // a path follows for each caller, then one for the innermost frame

  static constexpr Step from(std::uint32_t value) {
    return {value & 0xff, value >> 8 & 0xff, (value >> 16 & 1) != 0};
  }
  constexpr std::uint32_t value() const { return gone | come << 8 | std::uint32_t{paths} << 16; }
};

struct Section {
  std::uint64_t address, size;
};

struct Header {
  std::uint64_t magic;
  std::uint32_t version;
  std::uint32_t build_id_size;
  std::uint64_t total_size;              // bytes, header included
  std::uint64_t start;                   // what addresses in the index are counted from
  std::uint64_t size;                    // of the addresses it covers
  std::uint64_t names_size, paths_size;  // bytes, multiples of 8
  std::uint32_t segments;
  std::uint32_t block_size;  // segments a block; the last block may hold fewer
  std::uint32_t functions;
  std::uint32_t paths;
  std::uint32_t sections;
  std::uint32_t values;
  std::uint32_t stream_size;                               // bytes, kStreamPadding included
  std::uint8_t function_bits, path_bits, line_bits, zero;  // of a number of each kind
  Code codes[kCodes];
  std::byte build_id[kMaxBuildId];
};
static_assert(sizeof(Header) == 88 + 32 * kCodes + kMaxBuildId);

// Byte offsets of the parts, as the header's counts give them.
struct Layout {
  std::uint64_t names, paths, sections, values, bases, positions, functions, stream, total;
};

constexpr std::uint64_t block_count(const Header& header) {
  return (std::uint64_t{header.segments} + header.block_size - 1) / header.block_size;
}

constexpr std::uint64_t function_bytes(const Header& header) {
  return align_up((std::uint64_t{header.functions} * (header.path_bits + header.line_bits) + 7) / 8,
                  8) +
         kStreamPadding;
}

// Cannot overflow where names_size and paths_size are below 2^62. block_size has been checked.
constexpr Layout layout_of(const Header& header) {
  auto blocks = block_count(header);
  Layout at{};
  at.names = sizeof(Header);
  at.paths = at.names + header.names_size;
  at.sections = at.paths + header.paths_size;
  at.values = at.sections + sizeof(Section) * std::uint64_t{header.sections};
  at.bases = at.values + 4 * std::uint64_t{header.values};
  at.positions = at.bases + 4 * blocks;
  at.functions = at.positions + 4 * (blocks + 1);
  at.stream = at.functions + function_bytes(header);
  at.total = align_up(at.stream + header.stream_size, 8);
  return at;
}

}  // namespace ringside::lines
