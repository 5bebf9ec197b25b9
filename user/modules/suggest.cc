// Edit distance by a band of Levenshtein's table; most names fall out before, by length or because
// too many of their letters do not occur in the other.
#include "user/modules/suggest.hh"

#include <algorithm>
#include <array>
#include <bit>

namespace ringside::modules {
namespace {

constexpr std::size_t kLongest = 255;  // longer names have no neighbours worth naming
constexpr std::uint32_t kMostEdits = 4;

std::uint64_t letters_of(std::string_view name) {
  std::uint64_t letters = 0;
  for (unsigned char letter : name) letters |= 1ull << (letter & 63);
  return letters;
}

}  // namespace

std::uint32_t edit_distance(std::string_view a, std::string_view b, std::uint32_t bound) {
  auto difference = a.size() > b.size() ? a.size() - b.size() : b.size() - a.size();
  if (difference > bound || b.size() > kLongest) return bound + 1;
  std::array<std::uint32_t, kLongest + 1> row;
  for (std::uint32_t column = 0; column <= b.size(); ++column) row[column] = column;
  for (std::uint32_t line = 1; line <= a.size(); ++line) {
    auto diagonal = std::exchange(row[0], line);
    auto least = line;
    for (std::uint32_t column = 1; column <= b.size(); ++column) {
      auto replaced = diagonal + (a[line - 1] != b[column - 1]);
      diagonal = row[column];
      row[column] = std::min({replaced, row[column] + 1, row[column - 1] + 1});
      least = std::min(least, row[column]);
    }
    if (least > bound) return bound + 1;
  }
  return std::min(row[b.size()], bound + 1);
}

Suggestions::Suggestions(const ExportIndex& index) {
  candidates_.reserve(index.size());
  for (auto step = index.step(0); step; step = index.step(step->next))
    candidates_.push_back({step->entry, letters_of(step->entry.name)});
}

std::optional<IndexedExport> Suggestions::nearest(std::string_view name) const {
  auto bound = std::min<std::uint32_t>(kMostEdits, static_cast<std::uint32_t>(name.size() / 3));
  auto letters = letters_of(name);
  const Candidate* best = nullptr;
  for (const auto& candidate : candidates_) {
    if (bound == 0) break;
    if (std::popcount(letters ^ candidate.letters) > static_cast<int>(2 * bound)) continue;
    auto distance = edit_distance(name, candidate.entry.name, bound);
    if (distance > bound) continue;
    best = &candidate;
    bound = distance - 1;  // the next one has to be nearer
  }
  return best ? std::optional(best->entry) : std::nullopt;
}

}  // namespace ringside::modules
