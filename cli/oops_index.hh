// The work of `ringside oops index`.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "user/base/failure.hh"

namespace ringside::cli {

// Puts the line index of each word, a debug file or a kernel, into the cache, and says of each on
// stdout: build-id, bytes, file. `given`: where debug information may lie beside its usual places.
Outcome<Nothing> index_lines(const std::vector<std::string>& words,
                             const std::vector<std::filesystem::path>& given);

}  // namespace ringside::cli
