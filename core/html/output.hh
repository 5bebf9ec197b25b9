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

  // Copies `size` bytes. Runs of text are short: 16 bytes are moved at once where that touches
  // nothing beyond the room or beyond `readable` bytes, and a call is made for longer ones only.
  void copy(const unsigned char* from, std::size_t size, std::size_t readable) {
    if (size <= 16 && readable >= 16 && room() >= 16) {
      std::uint64_t words[2];
      __builtin_memcpy(words, from, 16);
      __builtin_memcpy(at, words, 16);
    } else {
      __builtin_memcpy(at, from, size);
    }
    at += size;
  }
};

}  // namespace ringside::html
