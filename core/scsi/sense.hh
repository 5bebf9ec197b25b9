// Sense: why a command was not done, in either of its two formats (SPC-4, 4.5).
#pragma once

#include <cstdint>

#include "core/base/bytes.hh"
#include "core/scsi/command.hh"

namespace ringside::scsi {

inline constexpr std::uint8_t kGood = 0, kCheckCondition = 2;
inline constexpr std::uint8_t kUnitAttention = 6;

struct Sense {
  bool is_valid = false;  // there is sense data at all
  std::uint8_t key = 0, asc = 0, ascq = 0;
};
// What is cut short or damaged is not valid, or has zeros for what it lacks.
Sense read_sense(Bytes sense);

// Done, with status GOOD.
inline bool is_good(const Reply& reply) {
  return reply.delivery == Delivery::kAnswered && reply.status == kGood;
}
// CHECK CONDITION and its sense; else not valid.
Sense complaint_of(const Reply& reply);

}  // namespace ringside::scsi
