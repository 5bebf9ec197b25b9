// Suggestions: the name that was meant, for one that does not exist.
#pragma once

#include <span>
#include <string_view>
#include <vector>

#include "core/modules/export_index.hh"

namespace ringside::modules {

// Letters to insert, delete or replace between `a` and `b`; bound + 1 where it is more than
// `bound`.
std::uint32_t edit_distance(std::string_view a, std::string_view b, std::uint32_t bound);

class Suggestions {
 public:
  // Takes the names of all exports; borrows them from the index.
  explicit Suggestions(const ExportIndex& index);

  // The name nearest to `name`, the first of several; no value where a third of it or more than
  // four letters would have to change.
  std::optional<IndexedExport> nearest(std::string_view name) const;

 private:
  struct Candidate {
    IndexedExport entry;
    std::uint64_t letters;  // a bit for each letter that occurs
  };
  std::vector<Candidate> candidates_;
};

}  // namespace ringside::modules
