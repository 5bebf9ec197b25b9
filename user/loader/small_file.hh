// The small files of /proc and /sys, which have no size to map by.
#pragma once

#include <filesystem>
#include <optional>
#include <string>

#include "user/base/failure.hh"

namespace ringside::loader {

// All of `file`; no value where it cannot be read.
std::optional<std::string> read_small(const std::filesystem::path& file);
// Its first line, without white space at either end; empty where it cannot be read.
std::string read_word(const std::filesystem::path& file);
// Writes `text` to a new file beside `file` and renames it there; makes missing folders (0755).
Outcome<Nothing> replace_file(const std::filesystem::path& file, const std::string& text);

}  // namespace ringside::loader
