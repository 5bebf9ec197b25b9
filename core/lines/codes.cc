// A text is sorted and counted. Values that occur once are left to the escape: they would cost as
// much in the table of values.
#include "core/lines/codes.hh"

#include "core/base/sort.hh"

namespace ringside::lines {
namespace {

constexpr std::size_t kMost = ksyms::kMaxTokens - 1;  // values with a number of their own

struct Run {
  std::uint32_t value = 0, count = 0;
};

// The distinct values of a sorted text; only counted where `runs` is empty.
std::size_t find_runs(std::span<const std::uint32_t> text, std::span<Run> runs) {
  std::size_t count = 0;
  for (std::size_t i = 0; i < text.size(); ++count) {
    auto first = i;
    while (i < text.size() && text[i] == text[first]) ++i;
    if (!runs.empty()) runs[count] = {text[first], static_cast<std::uint32_t>(i - first)};
  }
  return count;
}

std::size_t count_frequent(std::span<const Run> runs, std::uint32_t least) {
  std::size_t count = 0;
  for (const auto& run : runs) count += run.count >= least;
  return count;
}

}  // namespace

Status make_code(std::span<std::uint32_t> text, MadeCode& made, Arena& arena) {
  auto less = [](std::uint32_t a, std::uint32_t b) { return a < b; };
  TRY(merge_sort(text, less, arena));
  auto runs = TRY(arena.take<Run>(find_runs(text, {})));
  find_runs(text, runs);
  std::uint32_t least = 2;
  while (count_frequent(runs, least) > kMost) ++least;
  auto frequent = count_frequent(runs, least);
  auto values = TRY(arena.take<std::uint32_t>(frequent));
  auto occurrences = TRY(arena.take<std::uint32_t>(frequent + 1));
  std::size_t at = 0;
  for (const auto& run : runs) {
    bool kept = run.count >= least;
    if (kept) values[at] = run.value;
    occurrences[kept ? at++ : frequent] += run.count;
  }
  if (occurrences[frequent] == 0) occurrences[frequent] = 1;  // there always is an escape
  made.values = values;
  return ksyms::make_class_code(occurrences, made.code, arena);
}

std::uint32_t MadeCode::number_of(std::uint32_t value, bool& escaped) const {
  std::size_t low = 0, high = values.size();
  while (low < high) {
    auto middle = (low + high) / 2;
    values[middle] < value ? low = middle + 1 : high = middle;
  }
  escaped = low == values.size() || values[low] != value;
  return escaped ? escape() : code.numbers[low];
}

}  // namespace ringside::lines
