#include "core/scsi/capacity.hh"

namespace ringside::scsi {

std::optional<Capacity> read_short(Bytes data) {
  if (data.size() < 8) return std::nullopt;
  Capacity capacity{std::uint64_t{big32(data, 0)} + 1, big32(data, 4)};
  if (capacity.block_bytes == 0) return std::nullopt;
  if (capacity.blocks > 0xffff'ffff) capacity.blocks = 0;
  return capacity;
}

std::optional<Capacity> read_long(Bytes data) {
  if (data.size() < 12) return std::nullopt;
  Capacity capacity{big64(data, 0) + 1, big32(data, 8)};
  bool can_be = capacity.block_bytes != 0 && capacity.blocks != 0 &&
                checked_mul(capacity.blocks, capacity.block_bytes).has_value();
  return can_be ? std::optional(capacity) : std::nullopt;
}

}  // namespace ringside::scsi
