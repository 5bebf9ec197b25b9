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
  // short: 64 bytes are moved at a time, without a branch on what is left, and what is too much is
  // written over by what comes next.
  void copy(const unsigned char* from, std::size_t size, std::size_t readable) {
    if (readable < size + 64 || room() < size + 64) [[unlikely]] {
      __builtin_memcpy(at, from, size);
    } else {
      for (std::size_t done = 0; done < size; done += 64)
        __builtin_memcpy(at + done, from + done, 64);
    }
    at += size;
  }

  // As copy(), where there are 64 bytes more to be read and room for them: then runs up to 64
  // bytes, empty ones too, take no branch.
  void copy_freely(const unsigned char* from, std::size_t size) {
    std::size_t done = 0;
    do __builtin_memcpy(at + done, from + done, 64);
    while ((done += 64) < size);
    at += size;
  }
};

}  // namespace ringside::html
