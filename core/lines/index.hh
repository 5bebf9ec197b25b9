// LineIndex: address to source, inlined functions included (format.hh). open() checks the
// header and the tables; a look-up checks what it decodes, so that it reads nothing outside the
// index, whatever its bytes are, neither recurses nor allocates, decodes one block of at most
// kMaxBlock segments, takes no lock and changes nothing but the caller's scratch. check_block()
// decodes a block as look-ups will: for a caller who must know beforehand that all is whole.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

#include "core/base/bytes.hh"
#include "core/base/result.hh"
#include "core/ksyms/table.hh"
#include "core/lines/format.hh"

namespace ringside::lines {

// One frame, as numbers; names by function_name() and path_name().
struct Frame {
  std::uint32_t function = 0;  // functions() where the debug information names none
  std::uint32_t path = 0;      // paths() likewise
  std::uint32_t line = 0;      // 0 where unknown
};

// The frames at an address, the innermost first; in the caller's memory.
struct Frames {
  std::uint32_t count = 0;  // 0: no code that the debug information knows
  Frame items[kMaxFrames];
};

class LineIndex {
 public:
  // Makes this the index over `bytes`, which stay the caller's, must outlive it and must not
  // change. They begin on an 8-byte boundary. Costs as much as there are blocks. After an Error,
  // and before the first call, nothing else may be called. (No Result<LineIndex>: it is too large
  // for copies on a kernel's stack.)
  Status open(Bytes bytes);

  // Whether block number `block` of blocks() is whole, in its every bit.
  std::uint32_t blocks() const { return static_cast<std::uint32_t>(bases_.size()); }
  Status check_block(std::uint32_t block) const;
  // The same for the names.
  const ksyms::Table& names() const { return *names_; }
  const ksyms::Table& path_names() const { return *path_names_; }

  Bytes bytes() const { return bytes_; }
  Bytes build_id() const { return {header_->build_id, header_->build_id_size}; }
  std::uint32_t segments() const { return header_->segments; }
  std::uint32_t functions() const { return header_->functions; }
  std::uint32_t paths() const { return header_->paths; }
  std::uint32_t sections() const { return header_->sections; }

  // Sets `frames` to what is at the link-time `address`; a return address is looked up less 1 by
  // the caller. Of a module, addresses are section_address() + offset in the section. False where
  // the block is damaged.
  bool find(std::uint64_t address, Frames& frames) const;

  // Names, empty where there is none; in the scratch, good until that is used again.
  std::string_view function_name(std::uint32_t function, ksyms::Scratch& scratch) const;
  std::string_view path_name(std::uint32_t path, ksyms::Scratch& scratch) const;

  // Section number `n` of sections(), executable ones only.
  const Section& section(std::uint32_t n) const { return section_table_[n]; }
  std::string_view section_name(std::uint32_t n, ksyms::Scratch& scratch) const;
  // Where the section of that name begins among the addresses of this index.
  std::optional<std::uint64_t> section_address(std::string_view name,
                                               ksyms::Scratch& scratch) const;

 private:
  // A frame on the way: the line is counted from where the function's code begins.
  struct Level {
    std::uint32_t function, path, line;
  };
  struct Walk {
    BitReader bits;
    std::uint64_t next = 0;  // first address of the segment to come
    std::uint32_t left = 0;  // segments of the block from there on
    std::uint32_t depth = 0;
    std::uint32_t last_outer = 0;
    bool damaged = false;
    Level stack[kMaxFrames];

    explicit Walk(BitReader at) : bits(at) {}
  };

  Status check_header() const;
  void map_parts();
  Status check_codes() const;
  Status check_positions() const;
  Status open_names();
  std::uint32_t block_at(std::uint64_t offset) const;
  Walk first_of(std::uint32_t block) const;
  std::uint32_t take(Walk& walk, CodeKind kind) const;
  std::uint32_t take_path(Walk& walk) const;
  void advance(Walk& walk) const;
  void push_frame(Walk& walk, bool paths) const;
  void push_outer(Walk& walk) const;
  void set_line(Walk& walk, const Step& step) const;
  void set_frames(const Walk& walk, Frames& frames) const;
  Frame frame(const Level& level) const;

  Bytes bytes_;
  const Header* header_ = nullptr;
  std::optional<ksyms::Table> names_, path_names_;
  std::span<const Section> section_table_;
  std::span<const std::uint32_t> values_, bases_, positions_;
  Bytes functions_, stream_;
};

}  // namespace ringside::lines
