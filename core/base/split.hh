// Memory that a caller hands over in one piece, cut into equal parts.
#pragma once

#include <cstddef>
#include <span>

namespace ringside {

// Part `index` of `count` of `memory`.
inline std::span<std::byte> part_of_memory(std::span<std::byte> memory, std::size_t index,
                                           std::size_t count) {
  auto size = memory.size() / count;
  return memory.subspan(index * size, size);
}

}  // namespace ringside
