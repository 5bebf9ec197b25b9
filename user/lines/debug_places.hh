// Where debug information is looked for: a path given, Debian's -dbg packages (by build-id and by
// release), a kernel's build folder, and debuginfod where the user has set DEBUGINFOD_URLS.
#pragma once

#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "user/base/failure.hh"
#include "user/lines/source_index.hh"

namespace ringside::lines {

// What to look for. Fields may be empty; either release or build_id is needed.
struct Sought {
  std::string release;   // uname -r
  std::string build_id;  // lower-case hex; only debug information of the same counts
  std::string module;    // path below lib/modules/RELEASE ("kernel/fs/ext4/ext4.ko.xz"), or the
                         // module's name; empty: vmlinux
};

struct Places {
  std::filesystem::path root = "/";          // of the file system that is searched
  std::vector<std::filesystem::path> given;  // files, or folders like /usr/lib/debug
};

// All files that may hold it, the best first, whether they exist or not.
std::vector<std::filesystem::path> candidates(const Sought& sought, const Places& places);

// The file of module `name`, as the kernel spells it, among the given ones: itself, or in one of
// these folders.
std::optional<std::filesystem::path> given_module(const std::string& name,
                                                  const std::vector<std::filesystem::path>& given);

// All files of modules among the given ones and in these folders, by name.
std::map<std::string, std::filesystem::path> given_modules(
    const std::vector<std::filesystem::path>& given);

// The first file that has debug information of that build. A Failure says what was looked at (a
// build-id that differs, too) and what to install.
Outcome<DebugFile> find_debug_file(const Sought& sought, const Places& places = {});

// The line index: the cache's where the build-id is known and in it, else made of that file.
Outcome<SourceIndex> find_lines(const Sought& sought, const Places& places = {},
                                const Progress& progress = {});

// The debug file of that build-id by debuginfod; fails at once where DEBUGINFOD_URLS is not set.
// libdebuginfod is loaded when it is wanted, for it brings an HTTP client along.
Outcome<std::filesystem::path> fetch_debug_file(const std::string& build_id);

}  // namespace ringside::lines
