// A frame in words, the same on both sides of the line.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

#include "core/lines/index.hh"

namespace ringside::lines {

// A source file's path from the folder on that a kernel's tree has: "fs/ext4/file.c" of
// "./fs/ext4/file.c" and of "/build/linux-6.1/fs/ext4/file.c"; as it is where there is none.
std::string_view in_tree(std::string_view path);

// What frame_text() writes to; one for each that runs at a time. Nothing in it needs to be set.
struct FrameWork {
  ksyms::Scratch scratch;
  Frames frames;
};

// Writes the frame whose symbol is `symbol` ("vfs_read+0x93/0x2a0") to `room`, as whole lines that
// end with '\n', as many as there is room for; their bytes. `index` may be null; `address` is of
// the index (LineIndex::find). First the symbol and the innermost source line, then a line for each
// function that was inlined there:
//
//    read_pages+0x130/0x260  # include/linux/mm.h:1182
//        inlined folio_put into read_pages at mm/readahead.c:177
std::size_t frame_text(const LineIndex* index, std::uint64_t address, std::string_view symbol,
                       FrameWork& work, std::span<char> room);

}  // namespace ringside::lines
