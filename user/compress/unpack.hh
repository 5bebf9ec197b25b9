// Unpacking of compressed kernels and modules, by the libraries that made the formats.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "core/base/bytes.hh"
#include "core/base/packing.hh"
#include "user/base/failure.hh"

namespace ringside::compress {

constexpr std::uint64_t kUnpackLimit = 1ull << 30;  // no kernel or module is larger: 1 GiB

// The bytes that `data` holds, packed as `packing`; `input` names it in messages. What follows the
// end of the packed stream is ignored. Fails where the stream is damaged, or unpacks to more than
// kUnpackLimit.
Outcome<std::vector<std::byte>> unpack(Bytes data, Packing packing, const std::string& input);

}  // namespace ringside::compress
