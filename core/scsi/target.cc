#include "core/scsi/target.hh"

#include <algorithm>

namespace ringside::scsi {
namespace {

constexpr std::uint8_t kLate = 8;

// CD-ROMs and reduced disks may claim SCSI-3 and not know REPORT LUNS.
Flags with_type(Flags flags, const Inquiry& answered) {
  auto type = static_cast<Type>(type_of(answered.data(), 0, flags));
  bool may_lie =
      answered.verdict() == Verdict::kDevice && (type == Type::kRbc || type == Type::kRom);
  return may_lie && !(flags & kReportLuns2) ? flags | kNoReportLuns : flags;
}

}  // namespace

// In a sequence without holes each answer decides whether the next is asked.
Target::Ask Target::asks(const Rules& rules) const {
  bool alone = state_ == State::kFirst || state_ == State::kWellKnown || state_ == State::kReport ||
               (state_ == State::kSequence && !(flags_ & kSparseLun));
  if (state_ == State::kOver || (alone && asking_ > 0)) return Ask::kNothing;
  if (state_ == State::kReport) return Ask::kList;
  if (state_ == State::kList && at_ >= luns_.size()) return Ask::kNothing;
  if (state_ == State::kSequence && lun_ >= end_of_sequence(rules)) return Ask::kNothing;
  return Ask::kUnit;
}

void Target::asked() {
  ++asking_;
  if (state_ == State::kList) next_listed();
  if (state_ == State::kSequence) ++lun_;
}

bool Target::unit(const Rules& rules, Lun lun, const Inquiry& answered) {
  --asking_;
  if (state_ == State::kFirst) {
    first(rules, answered);
    return state_ != State::kWellKnown;
  }
  if (state_ == State::kWellKnown) {
    state_ = answered.verdict() == Verdict::kSilent ? State::kOver : State::kReport;
    return false;
  }
  count(answered);
  listed_or_next(rules, lun, answered);
  return true;
}

void Target::listed_or_next(const Rules& rules, Lun lun, const Inquiry& answered) {
  bool was_late = answered.delivery() == Delivery::kTimedOut;
  late_ = was_late ? static_cast<std::uint8_t>(late_ + 1) : std::uint8_t{0};
  bool is_hole = answered.verdict() != Verdict::kDevice && !(flags_ & kSparseLun);
  if (late_ >= kLate && state_ != State::kOver) summary_.gave_up = true, over();
  if (state_ == State::kSequence && (is_hole || lun + 1 >= end_of_sequence(rules))) over();
  if (state_ == State::kList && at_ >= luns_.size()) over();
}

void Target::first(const Rules& rules, const Inquiry& answered) {
  if (answered.verdict() == Verdict::kDevice) ++summary_.devices;
  if (goal_.lun) return summary_.way = Way::kOne, over();
  if (answered.delivery() == Delivery::kNotAddressable) {
    state_ = State::kWellKnown;
    lun_ = kReportLunsLun;
    return;
  }
  if (answered.verdict() == Verdict::kSilent) return over();
  summary_.way = Way::kOne;
  flags_ = with_type(answered.flags(), answered);
  level_ = answered.level();
  choose(rules);
}

// "One LUN" is heeded first. Linux forgets it where the device is older than SCSI-3.
void Target::choose(const Rules& rules) {
  if (flags_ & kNoLun) return over();
  bool is_ancient = level_ < kScsi2 && level_ != 0;
  bool knows_list =
      level_ >= kScsi3 || (!is_ancient && (flags_ & kReportLuns2) != 0 && rules.largest > 8);
  if (knows_list && !(flags_ & kNoReportLuns))
    state_ = State::kReport;
  else
    start_sequence(rules);
}

void Target::start_sequence(const Rules& rules) {
  state_ = State::kSequence;
  summary_.way = Way::kSequence;
  lun_ = 1;
  if (lun_ >= end_of_sequence(rules)) over();
}

void Target::listed(LunList list, bool is_cut) {
  --asking_;
  summary_.way = Way::kReported;
  summary_.duplicates = list.duplicates;
  summary_.beyond = list.beyond;
  summary_.is_cut = is_cut;
  luns_ = list.luns;
  state_ = State::kList;
  by_well_known_ = lun_ == kReportLunsLun;
  at_ = ~0u;
  next_listed();
  if (at_ >= luns_.size()) over();
}

// Where LUN 0 was not there, there is no order of LUNs to follow without a list.
void Target::not_listed(const Rules& rules, bool no_memory) {
  --asking_;
  summary_.no_memory = no_memory;
  if (no_memory || lun_ == kReportLunsLun) return over();
  start_sequence(rules);
}

void Target::count(const Inquiry& answered) {
  if (answered.verdict() == Verdict::kDevice) ++summary_.devices;
  if (answered.verdict() == Verdict::kSilent) ++summary_.silent;
}

// LUN 0 has been asked, unless the list came from the well-known unit.
void Target::next_listed() {
  do ++at_;
  while (at_ < luns_.size() && luns_[at_] == 0 && !by_well_known_);
  if (at_ < luns_.size()) lun_ = luns_[at_];
}

Lun Target::end_of_sequence(const Rules& rules) const {
  Lun end = flags_ & (kSparseLun | kForceLun) ? rules.largest
                                              : std::min<Lun>(rules.sequence, rules.largest);
  if (flags_ & kMax5Lun) end = std::min<Lun>(end, 5);
  bool is_small = level_ < kScsi3 && !(flags_ & kLargeLun);
  return std::min<Lun>(end, is_small ? 8 : 256);
}

}  // namespace ringside::scsi
