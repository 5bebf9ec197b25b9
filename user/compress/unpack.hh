// Unpacking of compressed kernels and modules, by the libraries that made the formats.
#pragma once

#include <cstdint>
#include <string>

#include "core/base/bytes.hh"
#include "core/base/packing.hh"
#include "user/base/failure.hh"
#include "user/base/page_buffer.hh"

namespace ringside::compress {

constexpr std::uint64_t kUnpackLimit = 1ull << 30;  // 1 GiB; no kernel or module is larger

// The bytes that `data` holds, packed as `packing`; `input` names it in messages. What follows the
// end of the packed stream is ignored. Fails where the stream is damaged, or unpacks to more than
// `limit` bytes (below 4 GiB), or wants more than 1 GiB of memory to be unpacked.
Outcome<PageBuffer> unpack(Bytes data, Packing packing, const std::string& input,
                           std::uint64_t limit = kUnpackLimit);

}  // namespace ringside::compress
