// Edit distance by a band of Levenshtein's table; most names fall out before, by length or because
// too many of their letters do not occur in the other. Only where that finds none, the ends of
// names are compared; then, at the cost of a few letters a name, how long they begin alike.
#include "user/modules/suggest.hh"

#include <algorithm>
#include <array>
#include <bit>

namespace ringside::modules {
namespace {

constexpr std::size_t kLongest = 255;  // longer names have no neighbours worth naming
constexpr std::uint32_t kMostEdits = 4;
constexpr std::size_t kLeastShared = 8;  // letters of a name that goes on

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

Suggestions::Suggestions(const ExportIndex& index, std::span<const IndexedProvider> providers) {
  candidates_.reserve(index.size());
  for (auto step = index.step(0); step; step = index.step(step->next))
    add(step->entry.name, providers[step->entry.provider].name);
}

void Suggestions::add(std::string_view name, std::string_view provider) {
  candidates_.push_back({{name, provider, false}, letters_of(name)});
}

const Suggestions::Candidate* Suggestions::by_letters(std::string_view name) const {
  auto bound = std::min<std::uint32_t>(kMostEdits, static_cast<std::uint32_t>(name.size() / 3));
  auto letters = letters_of(name);
  const Candidate* best = nullptr;
  for (const auto& candidate : candidates_) {
    if (bound == 0) break;
    if (std::popcount(letters ^ candidate.letters) > static_cast<int>(2 * bound)) continue;
    auto distance = edit_distance(name, candidate.suggestion.name, bound);
    if (distance > bound) continue;
    best = &candidate;
    bound = distance - 1;  // the next one has to be nearer
  }
  return best;
}

const Suggestions::Candidate* Suggestions::by_end(std::string_view name) const {
  const Candidate* best = nullptr;
  std::size_t most = name.size();  // letters to add or leave out
  for (const auto& candidate : candidates_) {
    auto other = candidate.suggestion.name;
    auto [part, whole] =
        std::minmax(name, other, [](auto a, auto b) { return a.size() < b.size(); });
    auto difference = whole.size() - part.size();
    if (part.size() < kLeastShared || difference >= std::min(most, part.size())) continue;
    if (whole.starts_with(part) || whole.ends_with(part)) best = &candidate, most = difference;
  }
  return best;
}

// Of several, the one whose length is nearest.
const Suggestions::Candidate* Suggestions::by_start(std::string_view name) const {
  const Candidate* best = nullptr;
  std::pair<std::size_t, std::size_t> least;  // letters that are not shared, and of length
  for (const auto& candidate : candidates_) {
    auto other = candidate.suggestion.name;
    auto ends = std::mismatch(name.begin(), name.end(), other.begin(), other.end());
    auto rest = static_cast<std::size_t>(name.end() - ends.first);
    auto longer = std::max(name.size(), other.size()),
         shorter = std::min(name.size(), other.size());
    if (std::pair now(rest, longer - shorter); !best || now < least) best = &candidate, least = now;
  }
  return best;
}

std::optional<Suggestion> Suggestions::nearest(std::string_view name) const {
  const auto* best = by_letters(name);
  if (!best) best = by_end(name);
  if (best) return best->suggestion;
  best = by_start(name);
  if (!best) return std::nullopt;
  return Suggestion{best->suggestion.name, best->suggestion.provider, true};
}

}  // namespace ringside::modules
