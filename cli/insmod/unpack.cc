// Nobody says how large the file will be, so the room is doubled until it fits.
#include "cli/insmod/unpack.hh"

#include <lzma.h>

#include <cstdlib>
#include <cstring>

namespace ringside::insmod {

Bytes unpack(Bytes file) {
  if (file.size() > 4 && std::memcmp(file.data(), "\177ELF", 4) == 0) return file;
  if (file.size() < 6 || std::memcmp(file.data(),
                                     "\xFD"
                                     "7zXZ",
                                     6) != 0)
    return {};
  lzma_stream stream = LZMA_STREAM_INIT;
  if (lzma_stream_decoder(&stream, UINT64_MAX, 0) != LZMA_OK) return {};
  stream.next_in = reinterpret_cast<const std::uint8_t*>(file.data());
  stream.avail_in = file.size();
  std::size_t room = 0;
  std::uint8_t* memory = nullptr;
  auto result = LZMA_OK;
  while (result == LZMA_OK) {
    room = room ? room * 2 : file.size() * 4;
    auto* larger = static_cast<std::uint8_t*>(std::realloc(memory, room));
    if (!larger) break;
    memory = larger;
    stream.next_out = memory + stream.total_out;
    stream.avail_out = room - stream.total_out;
    result = lzma_code(&stream, LZMA_FINISH);
  }
  auto size = stream.total_out;
  lzma_end(&stream);
  if (result == LZMA_STREAM_END) return {reinterpret_cast<std::byte*>(memory), size};
  std::free(memory);
  return {};
}

}  // namespace ringside::insmod
