// ReportLuns: a target asked for the list of its units, and the list read. The reply's room grows
// to what the target says that it has, a few times at most and never beyond a limit.
#pragma once

#include <cstdint>
#include <span>

#include "core/base/arena.hh"
#include "core/scsi/command.hh"

namespace ringside::scsi {

class ReportLuns {
 public:
  // At most `limit` LUNs are asked for; 511 or more.
  explicit ReportLuns(std::uint32_t limit = 16384) : limit_(limit) {}

  std::uint32_t wanted() const { return wanted_; }  // bytes of reply
  enum class Step : std::uint8_t { kAgain, kListed, kFailed };
  Step replied(const Reply& reply);

  // Of kListed: LUNs that the reply holds, and whether the target has said that there are more.
  std::uint32_t count() const { return count_; }
  bool is_cut() const { return is_cut_; }

 private:
  Step failed(const Reply& reply);
  Step listed(Bytes data);

  std::uint32_t limit_, wanted_ = 4096, count_ = 0;
  std::uint8_t tries_ = 0, growths_ = 0;
  bool is_cut_ = false;
};

struct LunList {
  std::span<Lun> luns;           // in the target's order, each once
  std::uint32_t duplicates = 0;  // that were left out
  std::uint32_t beyond = 0;      // larger than the host allows: left out
};
// `count` LUNs behind the header of `data`, which is long enough. `table` is scratch of at least
// 2 * count entries, a power of two.
Result<LunList> read_luns(Bytes data, std::uint32_t count, Lun largest,
                          std::span<std::uint32_t> table, Arena& arena);

}  // namespace ringside::scsi
