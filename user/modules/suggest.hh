// Suggestions: the name that was meant, for one that does not exist.
#pragma once

#include <optional>
#include <span>
#include <string_view>
#include <vector>

#include "core/modules/export_index.hh"

namespace ringside::modules {

// Letters to insert, delete or replace between `a` and `b`; bound + 1 where it is more than
// `bound`.
std::uint32_t edit_distance(std::string_view a, std::string_view b, std::uint32_t bound);

struct Suggestion {
  std::string_view name, provider;
  bool far = false;  // hardly what was meant
};

class Suggestions {
 public:
  // Takes the names of all exports; borrows them from the index. `providers` by its numbers.
  Suggestions(const ExportIndex& index, std::span<const IndexedProvider> providers);
  void add(std::string_view name, std::string_view provider);

  // The name nearest to `name`, the first of several: by letters to change, at most a third of it
  // and four in all; else one that begins or ends as `name` does and goes on, or the reverse, as
  // names of functions come to have a suffix from one kernel to the next. Where there is none such,
  // a far one: that which begins as `name` does for longest. No value where there are no names.
  std::optional<Suggestion> nearest(std::string_view name) const;

 private:
  struct Candidate {
    Suggestion suggestion;
    std::uint64_t letters;  // a bit for each letter that occurs
  };
  const Candidate* by_letters(std::string_view name) const;
  const Candidate* by_end(std::string_view name) const;
  const Candidate* by_start(std::string_view name) const;

  std::vector<Candidate> candidates_;
};

}  // namespace ringside::modules
