#include "core/scsi/report_luns.hh"

#include <algorithm>

#include "core/base/name_hash.hh"
#include "core/scsi/sense.hh"

namespace ringside::scsi {
namespace {

constexpr std::uint32_t kEntry = sizeof(Lun);  // of the list; its header is as long
constexpr std::uint8_t kTries = 3, kGrowths = 3;

Lun lun_at(Bytes data, std::uint32_t index) {
  return lun_of(load<LunBytes>(data, std::uint64_t{kEntry} * (index + 1)));
}

// True where `lun` is new to the table; entries are indices into `luns`, from 1.
bool enter(std::span<std::uint32_t> table, std::span<const Lun> luns, Lun lun,
           std::uint32_t index) {
  for (auto at = mix(lun);; ++at) {
    auto& entry = table[at & (table.size() - 1)];
    if (entry == 0) return entry = index + 1, true;
    if (luns[entry - 1] == lun) return false;
  }
}

}  // namespace

ReportLuns::Step ReportLuns::replied(const Reply& reply) {
  ++tries_;
  return is_good(reply) ? listed(reply.data) : failed(reply);
}

// A unit attention passes; what else a target says in words means that it does not know the
// command.
ReportLuns::Step ReportLuns::failed(const Reply& reply) {
  auto sense = complaint_of(reply);
  bool is_final = sense.is_valid && sense.key != kUnitAttention;
  if (reply.delivery == Delivery::kNobody || reply.delivery == Delivery::kNotAddressable)
    is_final = true;
  unsigned tries = reply.delivery == Delivery::kTimedOut ? 2 : kTries;
  return is_final || tries_ >= tries ? Step::kFailed : Step::kAgain;
}

ReportLuns::Step ReportLuns::listed(Bytes data) {
  if (data.size() < kEntry) return Step::kFailed;
  std::uint64_t says = big32(data, 0);
  auto most = (std::uint64_t{limit_} + 1) * kEntry;
  auto needs = std::min(says + kEntry, most);
  if (needs > wanted_ && growths_ < kGrowths) {
    wanted_ = static_cast<std::uint32_t>(needs);
    ++growths_, tries_ = 0;
    return Step::kAgain;
  }
  auto has = std::min({says, std::uint64_t{data.size()} - kEntry, std::uint64_t{wanted_} - kEntry});
  count_ = static_cast<std::uint32_t>(has / kEntry);
  is_cut_ = says / kEntry > count_;
  return Step::kListed;
}

Result<LunList> read_luns(Bytes data, std::uint32_t count, Lun largest,
                          std::span<std::uint32_t> table, Arena& arena) {
  LunList list{TRY(arena.take_unset<Lun>(count))};
  std::fill(table.begin(), table.end(), 0u);
  std::uint32_t kept = 0;
  for (std::uint32_t i = 0; i < count; ++i) {
    auto lun = lun_at(data, i);
    if (lun > largest)
      ++list.beyond;
    else if (!enter(table, list.luns, lun, kept))
      ++list.duplicates;
    else
      list.luns[kept++] = lun;
  }
  list.luns = list.luns.first(kept);
  return list;
}

}  // namespace ringside::scsi
