// List: a manifest in memory, by name.
#pragma once

#include <filesystem>
#include <map>
#include <string>

#include "core/firmware/transfer.hh"
#include "user/base/failure.hh"

namespace ringside::firmware {

class List {
 public:
  // Reads all of `file` (core/firmware/manifest.hh). Fails where a line is damaged, or lists a name
  // again with another sum.
  static Outcome<List> open(const std::filesystem::path& file);

  // nullptr: not listed. Valid as long as the list.
  const Digest* find(std::string_view name) const;

 private:
  std::map<std::string, Digest, std::less<>> digests_;
};

}  // namespace ringside::firmware
