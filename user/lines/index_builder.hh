// Building a line index from a debug file, with a thread for each processor.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>

#include "user/base/failure.hh"
#include "user/lines/debug_file.hh"

namespace ringside::lines {

// Called now and then by the thread that builds, with bytes of debug information read and in all.
using Progress = std::function<void(std::size_t done, std::size_t total)>;

// What was built of a file.
struct Built {
  std::size_t bytes = 0;    // of the index
  std::size_t units = 0;    // of the debug information
  std::size_t skipped = 0;  // of these, because they are damaged or not understood
};

// Writes the index of `file` to `target`. Units that cannot be read are left out; fails where none
// can, or where memory or the disk ends.
Outcome<Built> build_index_file(const DebugFile& file, const std::filesystem::path& target,
                                const Progress& progress = {});

// The same of the one unit at `offset` in .debug_info.
Outcome<Built> build_unit_index(const DebugFile& file, std::uint64_t offset,
                                const std::filesystem::path& target);

}  // namespace ringside::lines
