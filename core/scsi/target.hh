// Target: which units of one target are asked, in which order, and when that is over
// (drivers/scsi/scsi_scan.c: __scsi_scan_target, scsi_report_lun_scan, scsi_sequential_lun_scan).
//
//   LUN 0 is asked; where nobody can ask it, the well-known unit for REPORT LUNS is
//   REPORT LUNS, unless the standard that the target follows, or a quirk, speaks against it
//   all units of the list at once; or, where there is none, one after the other
#pragma once

#include <cstdint>
#include <optional>
#include <span>

#include "core/scsi/inquiry.hh"
#include "core/scsi/report_luns.hh"

namespace ringside::scsi {

struct Goal {
  std::uint32_t channel = 0, target = 0;
  std::optional<Lun> lun = std::nullopt;  // this one only
};

struct Rules {
  Lun largest = ~Lun{0};                  // that the host allows
  std::uint32_t sequence = 512;           // LUNs that are asked one by one: those below
  std::uint32_t listed = 16384;           // LUNs of a target's list that are looked at, 511 or more
  std::uint32_t inquiry_timeout = 20500;  // milliseconds
  std::uint32_t report_timeout = 30000;
};

enum class Way : std::uint8_t {
  kAbsent,    // nobody answered
  kOne,       // one LUN was asked
  kReported,  // the target's list
  kSequence,  // one after the other
};

struct Summary {
  Way way = Way::kAbsent;
  std::uint32_t devices = 0;     // that were found
  std::uint32_t silent = 0;      // units that did not answer, LUN 0 apart
  std::uint32_t duplicates = 0;  // in the list
  std::uint32_t beyond = 0;      // LUNs of the list that the host does not allow
  bool is_cut = false;           // the list is longer than it may be, or than what was sent of it
  bool gave_up = false;    // so many units in a row let their time run out, the rest was not asked
  bool no_memory = false;  // for the list: it was not asked
};

class Target {
 public:
  void start(const Goal& goal) {
    goal_ = goal;
    lun_ = goal.lun.value_or(0);
  }

  enum class Ask : std::uint8_t { kNothing, kUnit, kList };
  // What may be asked now, beside what is being asked.
  Ask asks(const Rules& rules) const;
  Address address() const { return {goal_.channel, goal_.target, lun_}; }  // of what asks() says
  void asked();  // address() has been asked

  // A unit's answer. False where it is no finding: the well-known unit is only asked for the list,
  // and a LUN 0 that nobody can ask may still stand in it.
  bool unit(const Rules& rules, Lun lun, const Inquiry& answered);
  void listed(LunList list, bool is_cut);
  // `no_memory`: the list could not be kept.
  void not_listed(const Rules& rules, bool no_memory);

  bool has_list() const { return summary_.way == Way::kReported; }
  bool is_over() const { return state_ == State::kOver && asking_ == 0; }
  const Summary& summary() const { return summary_; }

 private:
  enum class State : std::uint8_t { kFirst, kWellKnown, kReport, kList, kSequence, kOver };

  void first(const Rules& rules, const Inquiry& answered);
  void choose(const Rules& rules);
  void start_sequence(const Rules& rules);
  void listed_or_next(const Rules& rules, Lun lun, const Inquiry& answered);
  void count(const Inquiry& answered);
  void next_listed();
  Lun end_of_sequence(const Rules& rules) const;
  void over() { state_ = State::kOver; }

  Goal goal_;
  State state_ = State::kFirst;
  std::uint8_t late_ = 0;  // units in a row that let their time run out
  bool by_well_known_ = false;
  std::uint32_t asking_ = 0;  // commands that are out
  Flags flags_ = 0;
  unsigned level_ = 0;
  Lun lun_ = 0;
  std::uint32_t at_ = 0;
  std::span<const Lun> luns_;
  Summary summary_;
};

}  // namespace ringside::scsi
