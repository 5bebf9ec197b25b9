// Capacity: how large a disk says that it is (READ CAPACITY, of 10 and of 16 bytes; SBC-3).
#pragma once

#include <cstdint>
#include <optional>

#include "core/scsi/command.hh"

namespace ringside::scsi {

struct Capacity {
  std::uint64_t blocks = 0;
  std::uint32_t block_bytes = 0;
};

// Of the short form: nothing where the reply is too short or says nothing that can be true.
// `blocks` 0: too many for it, the long form is to be asked.
std::optional<Capacity> read_short(Bytes data);
std::optional<Capacity> read_long(Bytes data);

}  // namespace ringside::scsi
