// Listed: what `ringside list --json` has told of loaded modules, carried along in a file: for a
// loader that does not see sysfs as the one before did, or that needs the base of per-CPU data,
// which sysfs does not have. It counts only for the instances it tells of.
#pragma once

#include <map>

#include "user/loader/loaded.hh"

namespace ringside::loader {

struct Listed {
  std::string build_id;
  std::uint64_t instance = 0;
  std::filesystem::path file;                     // empty where it was not known
  std::map<std::string, std::uint64_t> sections;  // name to address
  std::uint64_t percpu = 0;                       // base; 0 where there is none
};

using List = std::map<std::string, Listed>;  // by module

// Fails where the file is not such a list, or one of another kernel than `build_id`'s.
Outcome<List> read_list(const std::filesystem::path& file, const std::string& build_id);

}  // namespace ringside::loader
