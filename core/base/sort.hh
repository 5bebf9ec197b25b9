// merge_sort: stable, not recursive, with memory from the arena; comparisons are inlined.
#pragma once

#include <algorithm>
#include <cstdint>
#include <span>
#include <utility>

#include "core/base/arena.hh"
#include "core/base/result.hh"

namespace ringside {

// Merges [begin, middle) and [middle, end) of `from` into the same places of `to`.
template <class T, class Less>
void merge(std::span<const T> from, std::span<T> to, std::size_t begin, std::size_t middle,
           std::size_t end, Less less) {
  auto left = begin, right = middle;
  for (auto at = begin; at < end; ++at) {
    auto take_right = left == middle || (right < end && less(from[right], from[left]));
    to[at] = from[take_right ? right++ : left++];
  }
}

// Sorts `items`; equal ones keep their order. Error where the arena is too small for a copy.
template <class T, class Less>
Status merge_sort(std::span<T> items, Less less, Arena& arena) {
  auto from = items, to = TRY(arena.take<T>(items.size()));
  for (std::size_t run = 1; run < items.size(); run *= 2) {
    for (std::size_t begin = 0; begin < items.size(); begin += 2 * run) {
      auto middle = std::min(begin + run, items.size()), end = std::min(middle + run, items.size());
      merge(std::span<const T>(from), to, begin, middle, end, less);
    }
    std::swap(from, to);
  }
  if (from.data() != items.data())
    for (std::size_t i = 0; i < items.size(); ++i) items[i] = from[i];
  return ok;
}

}  // namespace ringside
