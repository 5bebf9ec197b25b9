// Output: the room that text is written to. Who writes has made sure that there is enough.
#pragma once

#include <cstddef>
#include <cstdint>

namespace ringside::html {

struct Output {
  unsigned char* at = nullptr;
  unsigned char* end = nullptr;

  std::size_t room() const { return static_cast<std::size_t>(end - at); }
  void put(unsigned char c) { *at++ = c; }

  // Copies `size` bytes, of which there are `readable` or more to be read. Most runs of text are
  // short: 64 bytes are moved at once, without a branch on the size, and what is too much is
  // written over by what comes next.
  void copy(const unsigned char* from, std::size_t size, std::size_t readable) {
    if (size <= 64 && readable >= 64 && room() >= 64) [[likely]]
      __builtin_memcpy(at, from, 64);
    else
      __builtin_memcpy(at, from, size);
    at += size;
  }
};

}  // namespace ringside::html
